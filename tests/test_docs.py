"""What the documents show works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from torch import nn

import registry
from methods.base import Batch, MethodContext, Observation
from methods.residual_schedules import ResidualSchedule
from methods.training import OptimizerConfig

ROOT = Path(__file__).parent.parent


def test_the_method_of_the_guide_is_read_and_trains(tmp_path):
    (source,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "adding-a-method.md").read_text(), re.S)
    (tmp_path / "methods").mkdir()
    (tmp_path / "methods" / "cold.py").write_text(source)
    component = registry.read(ROOT, tmp_path)["method"]["cold"]
    assert component.options["loss"].choices == ("l1", "l2") and set(component.facts.stages) == {"model"}
    scope: dict[str, Any] = {}
    exec(source, scope)

    class Net(nn.Module):
        def __init__(self, in_channels: int, out_channels: int) -> None:
            super().__init__()
            self.conv = nn.Conv2d(in_channels, out_channels, 1)

        def forward(self, x, t):
            return self.conv(x)

    schedule = ResidualSchedule("restoration").build()
    recipe = OptimizerConfig("adam", 1e-3, 2, 0, "constant", 1.0, 0.9)
    method = scope["Cold"](MethodContext((3, 8, 8), "restoration", schedule, Net, recipe))
    method.begin("model")
    clean = torch.zeros(2, 3, 8, 8)
    batch = Batch(clean, Observation(2, clean + 0.5), torch.Generator().manual_seed(0))
    assert method.update(batch)["loss"] > 0


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
