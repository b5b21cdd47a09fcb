"""What docs/data.md says about the data sets of the papers is so."""

from __future__ import annotations

import re

import numpy as np
import pytest

import registry
from errors import UserError
from tests.datasets.layouts_for_tests import COPIES, save

GUIDE = (registry.ROOT / "docs" / "data.md").read_text(encoding="utf-8")


def test_the_table_has_every_adapter_and_its_protocol():
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*)$", GUIDE, re.M))
    assert rows.keys() == COPIES.keys()
    for name, row in rows.items():
        found = registry.find("dataset", name).options
        for option in ("size", "crop", "resize"):
            if option in found and name != "realsrset":
                assert str(found[option].default) in row.split("|")[3 - 1], (name, option)


def test_the_guides_own_data_set_is_read_and_works(tmp_path):
    (source,) = re.findall(r"```python\n(.*?)```", GUIDE, re.S)
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "night.py").write_text(source)
    component = registry.read(registry.ROOT, tmp_path)["dataset"]["night"]
    assert component.options["copy"].choices == ("whole", "part") and component.facts.free == ("root", "copy")
    assert component.options["resize"].default == "lanczos"
    exec(source, made := {})
    for folder in ("train/dark", "train/light", "test/dark", "test/light"):
        for number in range(2):
            save(tmp_path / folder / f"{number}.png")
    data = made["Night"](0, str(tmp_path), 16, copy="part")
    assert data.draw(np.random.default_rng(0)).id.startswith("train-")
    assert data.test(1)[0].degraded.shape == (16, 16, 3)
    with pytest.raises(UserError, match="has 2 pictures, 900 were published"):
        made["Night"](0, str(tmp_path), 16)
