"""Checkpoints of a running training: safetensors named by step and checksum, the newest whole one wins.

The checksum is of the training's key too, so that no other training's checkpoint is taken for its own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from safetensors.torch import load, save
from torch import Tensor

from harness.store.files import write_atomic

_NAME = re.compile(r"checkpoint-(\d{9})-([0-9a-f]{16})\.safetensors")
KEPT = 2  # the newest may be what a failing disk damages


def _digest(folder: Path, step: int, data: bytes) -> str:
    """Of the content and of whose it is: another training's checkpoint, or that of another step, has another one."""
    return hashlib.sha256(f"{folder.name} {step} ".encode() + data).hexdigest()[:16]


def _found(folder: Path) -> list[tuple[int, Path, str]]:
    """(step, file, checksum), the newest first."""
    matches = [(match, path) for path in folder.glob("checkpoint-*") if (match := _NAME.fullmatch(path.name))]
    return sorted(((int(match[1]), path, match[2]) for match, path in matches), reverse=True)


def write(folder: Path, step: int, tensors: dict[str, Tensor]) -> None:
    """Write the state after ``step`` steps and drop all but the newest `KEPT`. Raises `UserError` on a full disk."""
    data = save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()})
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / f"checkpoint-{step:09d}-{_digest(folder, step, data)}.safetensors", data)
    for _, path, _ in _found(folder)[KEPT:]:
        path.unlink(missing_ok=True)


def newest(folder: Path, damaged: Callable[[Path], None]) -> tuple[int, dict[str, Tensor]] | None:
    """The newest checkpoint whose checksum holds, as (steps done, tensors); ``damaged`` is told of the others."""
    for step, path, checksum in _found(folder):
        data = path.read_bytes()
        if _digest(folder, step, data) == checksum:
            return step, load(data)
        damaged(path)
        path.unlink(missing_ok=True)
    return None


def clear(folder: Path) -> None:
    """Remove all: the training is done."""
    for _, path, _ in _found(folder):
        path.unlink(missing_ok=True)
