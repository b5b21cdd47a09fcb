from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import registry
from datasets.base import Item, Listed, digest, round_robin, shuffled, stream
from errors import UserError

HEAVY = """
import importlib, pkgutil, sys
import datasets
for module in pkgutil.walk_packages(datasets.__path__, "datasets."):
    importlib.import_module(module.name)
heavy = {"torch", "scipy", "PIL", "skimage", "sklearn", "pandas"} & set(sys.modules)
assert not heavy, heavy
from datasets.sources.photos import Photos
Photos(0).test(1)
assert "torch" not in sys.modules
"""


def test_datasets_need_neither_torch_nor_anything_heavy():
    done = subprocess.run(
        [sys.executable, "-c", HEAVY], cwd=registry.ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_component_is_registered_with_its_facts():
    catalog = registry.catalog()
    assert set(catalog["dataset"]) >= {"photos", "photographs", "fashion_mnist", "digits", "toy2d", "folder"}
    tasks = {"generate", "paired", "translate", "denoise", "lowlight", "sr", "deblur", "inpaint", "colorize"}
    tasks |= {"rain", "raindrop", "shadow", "jpeg", "mixed", "blind"}
    assert set(catalog["task"]) == tasks
    masked = {name for name, component in catalog["task"].items() if component.facts.masks}
    assert masked == {"inpaint", "shadow", "raindrop"}
    assert [name for name, component in catalog["task"].items() if not component.facts.paired] == ["translate"]
    kinds = {name: component.facts.kind for name, component in catalog["task"].items()}
    assert kinds == {name: "generation" if name == "generate" else "restoration" for name in tasks}
    assert all(component.load().name == name for name, component in catalog["task"].items())
    toys = catalog["dataset"]["toy2d"].facts.defaults
    assert (toys["task"], toys["network"]) == ("generate", "mlp")


def test_digest_tells_parts_types_and_shapes_apart():
    zeros = np.zeros((2, 3), np.uint8)
    different = [
        digest("ab", "c"),
        digest("a", "bc"),
        digest("abc"),
        digest(b"ab", b"c"),
        digest(b"a", b"bc"),
        digest(1),
        digest("1"),
        digest(zeros),
        digest(zeros.T.copy()),
        digest(zeros.view(np.int8)),
        digest(zeros + 1),
    ]
    assert len(set(different)) == len(different)
    assert digest(zeros, "a") == digest(np.asfortranarray(zeros), "a")


def test_streams_belong_to_their_words():
    first = stream(1, "crop", "cat").random(4)
    np.testing.assert_array_equal(first, stream(1, "crop", "cat").random(4))
    for other in (stream(2, "crop", "cat"), stream(1, "split", "cat"), stream(1, "crop", "dog")):
        assert np.abs(other.random(4) - first).max() > 1e-3


def test_one_name_more_leaves_the_order_of_the_others():
    names = [f"p{i}" for i in range(20)]
    order = shuffled(names, 3, "split")
    assert sorted(order) == sorted(names) and order != names
    assert [name for name in shuffled([*names, "new"], 3, "split") if name != "new"] == order
    assert shuffled(reversed(names), 3, "split") == order != shuffled(names, 4, "split")


def test_round_robin_takes_turns():
    lists = [[("a", 0, 0), ("a", 1, 0), ("a", 2, 0)], [("b", 0, 0)], [("c", 0, 0), ("c", 1, 0)]]
    assert [f"{name}{i}" for name, i, _ in round_robin(lists)] == ["a0", "b0", "c0", "a1", "c1", "a2"]


def test_too_many_test_items_says_how_many_there_are():
    class Numbers(Listed):
        label, remedy, tests = "photos", "do this", range(33)
        manifest = None

        def item(self, entry, rng):
            return entry

    assert Numbers().test(33) == list(range(33))
    with pytest.raises(UserError, match=r"^dataset=photos has 33 test items, 34 were asked for.*or do this$"):
        Numbers().test(34)


def test_a_mirrored_item_is_mirrored_in_all_its_layers():
    rng = np.random.default_rng(0)
    clean, degraded = rng.integers(0, 256, (2, 4, 5, 3), dtype=np.uint8)
    item = Item("a", clean, degraded, rng.integers(0, 256, (4, 5), dtype=np.uint8), "scene")
    other = item.mirrored()
    assert (other.id, other.source) == ("a-mirrored", "scene")
    for layer in ("clean", "degraded", "mask"):
        np.testing.assert_array_equal(getattr(other, layer), getattr(item, layer)[:, ::-1])
    alone = Item("b", clean).mirrored()
    assert alone.degraded is None and alone.mask is None
