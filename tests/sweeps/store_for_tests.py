"""Stores made by hand, and what lies in one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from harness.store.entries import Store
from harness.store.files import DAY
from harness.store.holder import system
from harness.store.keys import key
from harness.store.listed import write_points
from harness.store.recorded import pack, write_note
from harness.store.sealed import now, seal
from sweeps.gc.collect import collectable
from sweeps.gc.removal import remove
from tests import warm

ROOT = Path(__file__).parent.parent.parent
TINY = ("scale=smoke", "dataset.size=16", "images=2", "task=denoise", "method=ddim", "train.steps=2", "device=cpu")
WEEKS = 30 * DAY
CHECKPOINT = "checkpoint-000000002-ab.safetensors"
NODE = tuple[str, str]


def run(results: Path, *words: str) -> None:
    done = warm.run("run.py", f"results_dir={results}", *TINY, *words)
    assert done.returncode == 0, done.stderr


def ago(path: Path, seconds: float) -> None:
    """Let a file, or a folder with all in it, have been written long ago."""
    then = time.time() - seconds
    for one in [*path.rglob("*"), path]:
        os.utime(one, (then, then), follow_symlinks=False)


def name(level: str, word: object) -> str:
    return key(level, {"word": str(word)})


def made(root: Path, level: str, word: object, /, age: float = 0, size: int = 1000, **facts: Any) -> str:
    """An entry made by hand with a key that can be foretold; gc does not ask whether that is the hash of its facts."""
    entry = Store(root).entry(level, name(level, word))
    entry.begin(facts)
    entry.write("data.npz", bytes(size))
    entry.finish({})
    ago(entry.path, age)
    return entry.path.name


def partial(
    root: Path, level: str, word: object, age: float, file: str = "checkpoint-000000002-ab.safetensors"
) -> Path:
    """An entry that was cut off."""
    path = root / level / name(level, word)
    path.mkdir(parents=True)
    (path / "facts.json").write_text(json.dumps({"after": {}}))
    (path / file).write_bytes(bytes(500))
    ago(path, age)
    return path


def record(root: Path, word: object, training: str, samples: str, inputs: str, scores: Mapping[str, str]) -> Path:
    head = {"training": training, "samples": samples, "inputs": inputs}
    path = root / "records" / f"{name('record', word)}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pack(head, pd.DataFrame({"metric": ["psnr"] * 3, "value": [1.0] * 3})))
    write_note(path, path.read_bytes(), scores)
    return path


def row(word: object, trainings: Sequence[str] = (), samples: str = "", **more: Any) -> dict[str, Any]:
    keys = {level: name(level, "?") for level in ("inputs", "samples", "references")}
    keys["samples"] = samples or keys["samples"]
    stages = {str(number): key for number, key in enumerate(trainings)}
    told = {"run": name("record", word), "status": "waiting", "overrides": [], "reason": "", "method": "ddim"}
    return {**told, "trainings": stages, "scores": {}, **keys, **more}


def sweep(root: Path, word: str, *rows: Mapping[str, Any]) -> Path:
    folder = root / "sweeps" / word
    write_points(folder, rows)
    return folder


def chain(root: Path, word: str, age: float = WEEKS) -> dict[str, str]:
    """Two stages, samples of both, a score against references, and features; the key of each."""
    first = made(root, "trainings", f"{word} first", age, after={})
    second = made(root, "trainings", f"{word} second", age - 1, after={"first": first})
    inputs = made(root, "inputs", word, age, images=2)
    samples = made(root, "samples", word, age - 2, trainings={"second": second}, inputs=inputs)
    references = made(root, "references", word, age, count=2)
    scores = made(root, "scores", word, age - 4, samples=samples, references=references)
    features = made(root, "features", word, age - 3, level="samples", source=samples)
    keys = {"first": first, "second": second, "inputs": inputs, "samples": samples}
    keys |= {"references": references, "scores": scores}
    return keys | {"features": features}


def recorded(root: Path, word: str) -> Path:
    keys = chain(root, word)
    return record(root, word, keys["second"], keys["samples"], keys["inputs"], {"fid": keys["scores"]})


def there(root: Path) -> set[NODE]:
    return {(path.parent.parent.name, path.parent.name) for path in root.glob("[a-z]*/[!.]*/DONE")}


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    files = [path for path in root.rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def size(root: Path) -> int:
    return sum(path.lstat().st_size for path in root.rglob("*") if not path.is_dir())


def clean(root: Path, older: float = 14, quota: int | None = None) -> list[str]:
    """Collect and remove; what was refused. What was told to be freed was freed."""
    found, before = collectable(root, older, quota), size(root)
    freed, refused = remove(root, found.garbage)
    assert freed == before - size(root)
    return refused


def unique() -> str:
    return uuid.uuid4().hex


def dead_lock(path: Path, holder: str, silent: float, token: str = "") -> Path:
    """The lock of an entry, or with a token a claim on it, of a process that ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    there = {"dead": system(), "elsewhere": "another machine"}[holder]
    facts = {"host": "h", "system": there, "pid": child.pid, "started": "1", "token": token or "t" * 32, "time": 0.0}
    lock = path.with_name(f".{path.name}.lock{'.' * bool(token)}{token}")
    lock.write_text(json.dumps(facts))
    ago(lock, silent)
    return lock


def frozen(root: Path, word: str) -> Path:
    path = root / "code" / word
    path.mkdir(parents=True)
    (path / "run.py").write_text("code")
    return path


def submitted(folder: Path, code: Path, age: float) -> None:
    path = folder / "submissions" / "1" / "submission.json"
    path.parent.mkdir(parents=True)
    facts = {"launcher": "local", "settings": {}, "sha256": "", "jobs": [], "created": now()}
    path.write_bytes(seal({**facts, "code": f"/elsewhere/{code.name}"}))
    ago(path, age)
