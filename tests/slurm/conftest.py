"""One SLURM for all tests of this folder, which run with ``-m slurm``; where there can be none they say why."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.slurm import cluster_for_tests
from tests.sweeps.checkout_for_tests import Checkout, checkout


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slurm: starts a SLURM of its own; left out unless asked for with -m slurm")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("slurm")


@pytest.fixture(scope="session")
def slurm() -> Iterator[cluster_for_tests.Cluster]:
    """A running cluster; the environment of the tests points to it, so that run.py and submitit use it."""
    if reason := cluster_for_tests.unavailable():
        pytest.skip(reason)
    with pytest.MonkeyPatch.context() as patch, cluster_for_tests.running() as cluster:
        for name in [name for name in os.environ if name.startswith(("SLURM_", "SBATCH_"))]:
            patch.delenv(name)  # of an allocation that the tests themselves run in
        for name, value in cluster.env.items():
            patch.setenv(name, value)
        yield cluster


@pytest.fixture(scope="module")
def copy(slurm: cluster_for_tests.Cluster, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy of this checkout, in which the command lines are given."""
    return checkout(tmp_path_factory.mktemp("checkout"))
