from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from methods.residual_schedules import ResidualSchedule
from methods.schedules import from_betas
from reports.pictures.plane import ddpm_path, draw, rddm_path, rgm_levels


def test_the_paths_are_the_schedules_tables() -> None:
    """The figure has its own formulas, because it may not import torch."""
    ddpm = from_betas(torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64))
    np.testing.assert_allclose(np.stack(ddpm_path()), torch.stack([ddpm.a, ddpm.b]), rtol=0, atol=1e-12)
    for kind, scale in (("generation", 1.0), ("restoration", 0.01)):
        rddm = ResidualSchedule(kind).build()
        np.testing.assert_allclose(np.stack(rddm_path(scale)), torch.stack([rddm.a, rddm.b]), rtol=0, atol=1e-12)


def test_ddpms_path_and_rgms_levels_keep_the_variance() -> None:
    for a, b in (ddpm_path(), rgm_levels()):
        np.testing.assert_allclose((1 - a) ** 2 + b**2, 1, rtol=0, atol=1e-12)
    np.testing.assert_allclose(1 - rgm_levels()[0], [1, 0.7223, 0.2805, 0.0586, 0.0066], rtol=0, atol=1e-4)


def test_the_figure_is_drawn_and_the_same_each_time(tmp_path: Path) -> None:
    first, second = draw(tmp_path / "docs" / "plane.png"), draw(tmp_path / "again.png")
    assert first.read_bytes() == second.read_bytes()
    with Image.open(first) as image:
        assert image.size == (900, 720)


def test_the_command_needs_one_path() -> None:
    done = subprocess.run([sys.executable, "-m", "reports.pictures.plane"], capture_output=True, text=True)
    assert done.returncode != 0 and "usage" in done.stderr
