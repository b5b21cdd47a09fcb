"""The top-level folders live beside packages of the same names, and what must stay light is light."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOPS = ("methods", "datasets", "metrics", "harness", "registry", "sweeps", "reports", "hydra_plugins/restorebench")
FOLDERS = sorted({path.parent.relative_to(ROOT) for top in TOPS for path in (ROOT / top).rglob("*.py")})


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True)


def test_every_folder_is_a_package():
    """Without its __init__ our `datasets` would lose to an installed package of that name."""
    assert all((ROOT / folder / "__init__.py").is_file() for folder in FOLDERS)
    # A namespace that other packages share, or Hydra would not find their launchers.
    assert not (ROOT / "hydra_plugins" / "__init__.py").exists()


def test_our_datasets_is_found_and_the_libraries_work_beside_it():
    code = (
        "import compat; kept = compat.declare_torchvision_operators(); import datasets, diffusers, timm, torchmetrics; "
    )
    code += "from diffusers import UNet2DModel; print(datasets.__file__)"
    done = python(code)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == ROOT / "datasets" / "__init__.py"


@pytest.mark.parametrize(
    "code",
    [
        "import reports, reports.tables.runs, reports.writers.terminal, reports.pictures.grid, sweeps.progress.show",
        "import sweeps.__main__, sweeps.launchers.launch, sweeps.work",
        "import hydra_plugins.restorebench.sweeper",
        "import harness.planning.plan, sweeps.engine; from harness.config import help; help.text()",
        "import harness.planning.plan as p, harness.config.commandline as c; p.plan(c.read(['scale=smoke']).points[0])",
        "import run",
    ],
)
def test_planner_help_and_reports_import_no_heavy_package(code):
    done = python(
        f"{code}; import sys; print([m for m in ('torch','diffusers','torchmetrics','timm') if m in sys.modules])"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_nothing_loads_pickles():
    for path in ROOT.glob("[!.]*/**/*.py"):
        if path.parts[len(ROOT.parts)] not in ("tests", "benchmarks"):
            text = path.read_text().replace('torch.load(path, map_location="cpu", weights_only=True)', "")
            assert "torch.load" not in text and "allow_pickle=True" not in text, path
