"""A checkpoint is a training's own: whole, of its step, and no other training's."""

from __future__ import annotations

from pathlib import Path

import torch

from harness.store import checkpoints


def test_the_newest_whole_one_of_the_training_itself_wins(tmp_path: Path) -> None:
    ours, theirs, damaged = tmp_path / "ours", tmp_path / "theirs", list[Path]()
    checkpoints.write(ours, 3, {"w": torch.tensor([3.0])})
    checkpoints.write(theirs, 4, {"w": torch.tensor([4.0])})
    (copied,) = theirs.iterdir()
    (ours / copied.name).write_bytes(copied.read_bytes())  # whole, and of another training
    (own,) = ours.glob("*-000000003-*")
    renamed = ours / own.name.replace("-000000003-", "-000000009-")
    renamed.write_bytes(own.read_bytes())  # whole, and of another step
    (ours / "checkpoint-000000008-0123456789abcdef.safetensors").write_bytes(b"")
    found = checkpoints.newest(ours, damaged.append)
    assert found is not None and found[0] == 3 and found[1]["w"].tolist() == [3.0]
    assert [path.name[11:20] for path in damaged] == ["000000009", "000000008", "000000004"]
    assert [path.name for path in ours.iterdir()] == [own.name]
