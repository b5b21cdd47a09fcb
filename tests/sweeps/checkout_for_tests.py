"""A copy of this checkout with a test's own methods in it, and its command lines run there as a user would."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from sweeps.launchers.freeze import COPIED
from tests import warm

ROOT = Path(__file__).parents[2]
CHAIN = Path(__file__).parent / "chain_for_tests.py"
TINY = ("scale=smoke", "dataset.size=16", "images=2", "task=denoise", "metrics=[psnr]")


@dataclass
class Checkout:
    """``python WORDS`` in the copy, with some environment beside this process' own."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)

    def python(self, *words: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"OMP_NUM_THREADS": "1"} | self.env
        return warm.run(*words, cwd=self.root, env=environment, timeout=timeout)

    def start(self, *words: str) -> warm.Process:
        environment = os.environ | {"OMP_NUM_THREADS": "1"} | self.env
        return warm.start(*words, cwd=self.root, env=environment)


def checkout(folder: Path) -> Checkout:
    """Copy what the program consists of, and add the chain of trainings."""
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "results"))
    for path in ROOT.glob("*.py"):
        shutil.copyfile(path, folder / path.name)
    shutil.copyfile(CHAIN, folder / "methods" / "chain.py")
    return Checkout(folder)
