"""What the documents show works."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import registry
from harness.config.commandline import read
from harness.config.help import text
from harness.planning.plan import plan
from registry.facts import FACTS, Facts, StageFacts
from tests.catalog_for_tests import extend
from tests.contract_for_tests import TINY, batch, begun, check_method, copied, made, stage_of

ROOT = Path(__file__).parent.parent
GUIDE = ROOT / "docs" / "adding-a-method.md"
SOURCES = {
    re.findall(r'@register\("method", "(\w+)"\)', source)[0]: source
    for source in re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.S)
}


def test_the_guide_has_a_method_of_one_file_a_chain_and_an_adversarial_one():
    assert list(SOURCES) == ["cold", "refined", "duel"]


@pytest.mark.parametrize("name", SOURCES)
def test_a_method_of_the_guide_keeps_the_contract(name, monkeypatch):
    extend(monkeypatch, SOURCES[name])
    check_method(made(*TINY, f"method={name}", f"task={'generate' if name == 'duel' else 'denoise'}"))
    assert f"method={name}   for " in text([name])


@pytest.mark.parametrize("name", SOURCES)
def test_a_stage_of_the_guide_is_resumed_with_the_same_bits(name, monkeypatch):
    extend(monkeypatch, SOURCES[name])
    point_plan = made(*TINY, f"method={name}", f"task={'generate' if name == 'duel' else 'denoise'}")
    for stage in point_plan.stages:
        method = begun(point_plan, stage.name, {})
        losses = [method.update(batch(point_plan, stage.name, step)) for step in range(4)]
        left = {one: copied(method.parts(one).weights()) for one in stage_of(point_plan, stage.name).after}
        again, halfway = begun(point_plan, stage.name, {}), begun(point_plan, stage.name, left)
        first = [again.update(batch(point_plan, stage.name, step)) for step in range(2)]
        halfway.parts(stage.name).resume(copied(again.parts(stage.name).state()))
        assert first + [halfway.update(batch(point_plan, stage.name, step)) for step in (2, 3)] == losses
        state = method.parts(stage.name).state()
        for key, value in halfway.parts(stage.name).state().items():
            np.testing.assert_array_equal(value.numpy(), state[key].numpy())


def test_the_chain_of_the_guide_is_swept_by_its_slots(monkeypatch):
    extend(monkeypatch, SOURCES["refined"])
    words = ("-m", "method=refined", "restorer.network.dim=64", "restorer.train.steps=8,9", "scale=smoke")
    one, two = (plan(point) for point in read(words).points)
    assert one.stages[0].key != two.stages[0].key and one.config.options("sampler")["clip"] == "none"
    assert one.config.values["restorer.network"]["dim"] == 64 != one.config.values["network"]["dim"]
    train = plan(read([*words[1:3], "restorer.train.steps=8", "train.steps=9", "scale=smoke"]).points[0])
    assert train.stages[0].key == one.stages[0].key and train.stages[1].key != one.stages[1].key


def test_the_adversarial_method_of_the_guide_takes_turns(monkeypatch):
    extend(monkeypatch, SOURCES["duel"])
    point_plan = made(*TINY, "method=duel", "task=generate", "method.turns=2", "critic.train.lr=0.5")
    method = begun(point_plan, "duel", {})
    names = [list(method.update(batch(point_plan, "duel", step))) for step in range(6)]
    assert names == [["critic"], ["critic"], ["generator"]] * 2
    assert [one.config.lr for one in method.learners.values()] == [point_plan.config.values["train"]["lr"], 0.5]
    assert read(["method=duel"]).points[0].name("task") == "generate"


def facts() -> str:
    """The list of all facts, from the source that declares them."""
    tree = ast.parse(Path(registry.ROOT / "registry" / "facts.py").read_text())
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and issubclass(_class(node.name), Facts)]
    return "\n".join(_section(node) for node in classes)


def _class(name: str) -> type:
    return getattr(sys.modules["registry.facts"], name)


def _section(node: ast.ClassDef) -> str:
    groups = [group for group, declared in FACTS.items() if declared.__name__ == node.name]
    lines = [f"**{'every group' if node.name == 'Facts' else ', '.join(groups)}**", ""]
    for field, said in zip(node.body, node.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(said, ast.Expr):
            default = f"`{ast.unparse(field.value)}`" if field.value else "stated"
            doc = " ".join(ast.literal_eval(said.value).replace("``", "`").split())
            lines.append(f"- `{ast.unparse(field.target)}` ({default}): {doc}")
    if node.name == "MethodFacts":
        of_stages = re.findall(r"``(\w+)`` {2,}(.*?)(?=\n *``\w+`` {2}|\Z)", StageFacts.__doc__ or "", re.S)
        lines += ["", "**each of `stages`**", ""]
        lines += [f"- `{name}`: {' '.join(said.replace('``', '`').split())}" for name, said in of_stages]
    return "\n".join([*lines, ""])


def test_the_guide_lists_all_facts_of_all_groups():
    """It is written by ``python -m tests.test_docs``."""
    assert GUIDE.read_text().partition("\n## All facts\n")[2].partition("\n\n")[2] == facts()
    assert all(f"- `{name}`: " in facts() for name in StageFacts.__annotations__)
    assert {f"- `{name}` (" for declared in FACTS.values() for name in _names(declared)} <= set(
        re.findall(r"- `\w+` \(", facts())
    )


def _names(declared: type[Facts]) -> set[str]:
    return {name for one in declared.__mro__ for name in vars(one).get("__annotations__", {})}


def test_every_file_that_the_documents_name_is_there():
    for document in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for name in re.findall(
            r"(?<![\w/])(?:methods|datasets|metrics|harness|sweeps|reports|docs|tests)/[\w./-]*\w", document.read_text()
        ):
            assert (ROOT / name).exists(), f"{document.name}: {name}"


def test_the_page_on_metrics_names_exactly_those_that_there_are():
    page = (ROOT / "docs" / "metrics.md").read_text()
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(registry.catalog()["metrics"])


if __name__ == "__main__":
    head = GUIDE.read_text().partition("\n## All facts\n")[0]
    told = 'As `registry/facts.py` declares them; "stated" is said of a fact that has no default.'
    GUIDE.write_text(f"{head}\n## All facts\n\n{told}\n\n{facts()}")
