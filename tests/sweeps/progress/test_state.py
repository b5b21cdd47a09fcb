"""How a point stands, read from the store: what does not count for its jobs does not count for its status."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.store.entries import Store
from harness.store.keys import key
from sweeps.progress.state import UNFINISHED, Standing, Sweep
from tests.sweeps.store_for_tests import row, sweep


@pytest.mark.parametrize("sound", [True, False])
def test_an_entry_that_is_not_its_own_is_not_done(tmp_path: Path, sound: bool) -> None:
    """Its job would make it again, from a training that failed."""
    store, facts = Store(tmp_path), {"seed": 0}
    samples, training = key("samples", facts), key("trainings", facts)
    entry = store.entry("samples", samples)
    entry.begin(facts if sound else {"seed": 1})
    entry.finish({})
    store.entry("trainings", training).fail("loss is nan", "", {})
    told = row("one", [training], samples)
    standing = Sweep(tmp_path, sweep(tmp_path, "run-1", told)).point(told)
    assert entry.status == "done" and entry.sound == sound
    assert standing == (Standing("stopped", UNFINISHED) if sound else Standing("failed", "loss is nan"))
