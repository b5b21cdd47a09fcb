"""The rows of the picture grid: what they are called, which are shown, and that the rest is named."""

from __future__ import annotations

import itertools

import numpy as np
from PIL import Image

from harness.store.entries import Store, write_npz
from harness.store.keys import key
from sweeps.progress.pictures import COLUMNS, CONDITIONS, chosen, conditions, draw, left_out


def row(method: str, samples: str, *words: str, inputs: str = "i") -> dict[str, object]:
    overrides = ["scale=smoke", f"method={method}", *words, "results_dir=/r", "hydra/launcher=local"]
    return {"method": method, "samples": samples, "inputs": inputs, "overrides": overrides}


def points() -> list[dict[str, object]]:
    """identity, ddim and rddm x eta x seed, as they are expanded: doing nothing has neither eta nor seed."""
    return [
        row(
            method,
            "nothing" if method == "identity" else f"{method}-{eta}-{seed}",
            f"sampler.eta={eta}",
            f"seed={seed}",
        )
        for method, eta, seed in itertools.product(("identity", "ddim", "rddm"), (0, 1), (0, 1))
    ]


def test_a_row_is_a_condition_called_by_what_varies():
    assert conditions(points()) == {
        "identity": "nothing",
        "ddim sampler.eta=0": "ddim-0-0",
        "ddim sampler.eta=1": "ddim-1-0",
        "rddm sampler.eta=0": "rddm-0-0",
        "rddm sampler.eta=1": "rddm-1-0",
    }
    assert conditions([row("rddm", "s", "sampler.eta=0")]) == {"rddm": "s"}
    one, other = row("rddm", "s"), row("rddm", "t", "+sampler.eta=1")
    assert list(conditions([one, other])) == ["rddm", "rddm +sampler.eta=1"], "a word that only one has varies too"


def test_every_method_is_shown_before_the_second_condition_of_one():
    found = conditions([row("ddim", f"d{k}", f"sampler.steps={k}") for k in range(20)] + [row("rddm", "r")])
    shown = chosen(found)
    assert len(shown) == CONDITIONS and "rddm" in shown and list(shown) == [label for label in found if label in shown]
    assert list(shown)[: CONDITIONS - 1] == [f"ddim sampler.steps={k}" for k in range(CONDITIONS - 1)]


def test_what_is_not_shown_is_named():
    rows = [row("ddim", f"d{k}", f"sampler.steps={k}") for k in range(CONDITIONS + 3)]
    assert left_out(rows, rows, conditions(rows), 0).startswith(f"Not shown: 3 of {CONDITIONS + 3} conditions (")
    assert left_out(points(), points(), conditions(points()), COLUMNS) == "Not shown: all seeds but the first."
    one = [row("rddm", "s")]
    assert left_out(one, one, conditions(one), COLUMNS) == ""
    assert left_out(one, one, conditions(one), 20) == "Not shown: 12 of 20 test pictures."
    more = [*one, row("rddm", "t", "task=denoise", inputs="j"), row("rddm", "u", "task=sr", inputs="k")]
    assert left_out(more, one, conditions(one), 1) == "Not shown: 2 other sets of test items."


def test_the_grid_is_drawn_with_its_note(tmp_path):
    store, shade = Store(tmp_path), np.zeros((2, 64, 64, 3), np.uint8)
    kept = {("inputs", "i"): {"clean": shade, "degraded": shade + 90}}
    kept |= {("samples", str(one["samples"])): {"images": shade + 200} for one in points()}
    for (level, name), arrays in kept.items():
        entry = store.entry(level, key(level, {"name": name}))
        entry.begin({"name": name})
        write_npz(entry, {"inputs": "inputs.npz", "samples": "samples.npz"}[level], **arrays)
        entry.finish({})
    named = [
        {**one, **{level: key(level, {"name": one[level]}) for level in ("inputs", "samples")}} for one in points()
    ]
    assert draw(named, store, tmp_path / "grid.png") == "Not shown: all seeds but the first."
    with Image.open(tmp_path / "grid.png") as page:
        pixels = np.asarray(page)
    tile = (pixels == 200).all(2).sum(1) > 100
    assert np.diff(tile.astype(int)).clip(0).sum() == 5, "five conditions"
    assert (pixels[-40:] < 128).any(), "the note stands below"
    store.entry("samples", "rddm-1-0").discard()
    assert draw(points(), store, tmp_path / "none.png") is None
