"""Makes tests/reports/recorded anew: ``python tests/reports/record.py``, from the root, about a minute on two cores.

Runs two small sweeps as anybody would and keeps what reports read: records, points, inputs, samples of the first
seed (the other seed's pictures are left out on purpose: a report must do without), loss curves and failures; no
weights, and no path of this machine. The second sweep's failing point is a learning rate that ends in NaN.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from harness.store.entries import Entry  # noqa: E402
from harness.store.recorded import head_of  # noqa: E402
from harness.store.sealed import SEAL, seal  # noqa: E402

BUDGET = ("scale=smoke", "images=6", "dataset.size=32", "train.steps=20")
SWEEPS = (
    ("method=identity,ddim,rddm", "task=lowlight,denoise", "sampler.eta=0,1", "seed=0,1", *BUDGET),
    ("method=rddm", "task=lowlight", "train.lr=0.001,1e+20", *BUDGET),
)
STATUSES = (0, 1)  # of the two commands: the second one's failure is wanted


def main() -> None:
    """Run, copy, scrub."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent / "recorded")
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "results"
        for words, status in zip(SWEEPS, STATUSES, strict=True):
            done = subprocess.run([sys.executable, "run.py", "-m", *words, f"results_dir={made}"], cwd=ROOT)
            if done.returncode != status:
                sys.exit(f"{' '.join(words)}: ended with status {done.returncode}, not {status}")
        shutil.rmtree(folder, ignore_errors=True)
        keep(made, folder)


def keep(made: Path, folder: Path) -> None:
    """Copy what reports read."""
    names = {str(made): "results", str(ROOT): ".", sys.prefix: "env", sys.base_prefix: "python"}
    for path in sorted([*made.glob("sweeps/*/points.json"), *made.glob("failures/*/FAILED")]):
        text = path.read_text(encoding="utf-8")
        for private, public in names.items():
            text = text.replace(f"{private}/", "" if public == "." else f"{public}/").replace(private, public)
        target = folder / path.relative_to(made)
        target.parent.mkdir(parents=True, exist_ok=True)
        told = json.loads(text)  # other words have another checksum
        target.write_bytes(seal({name: value for name, value in told.items() if name != SEAL}))
    first = set()
    for path in sorted(made.glob("records/*.parquet")):
        head = head_of(path)
        if head["seed"] == 0:
            first.add(head["samples"])
        (folder / "records").mkdir(exist_ok=True)
        for suffix in (".parquet", ".json"):
            shutil.copy(path.with_suffix(suffix), folder / "records")
    copied = {"inputs": "inputs.npz", "trainings": "curve.npz", "samples": "samples.npz"}
    for level, name in copied.items():
        for path in sorted(made.glob(f"{level}/*/{name}")):
            if level != "samples" or path.parent.name in first:
                repack(path, Entry(folder / level / path.parent.name))


def repack(path: Path, entry: Entry) -> None:
    """An entry with this one file, compressed, and what it depends on."""
    whole = Entry(path.parent)
    entry.begin(whole.depends())
    packed = io.BytesIO()
    with np.load(path, allow_pickle=False) as arrays:
        np.savez_compressed(packed, **{name: arrays[name] for name in arrays.files})
    entry.write(path.name, packed.getvalue())
    entry.finish(whole.facts())


if __name__ == "__main__":
    main()
