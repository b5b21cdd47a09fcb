"""Hydra's door to the launchers of sweeps/: ``hydra/launcher=local`` and ``hydra/launcher=slurm``.

Hydra takes launchers from the namespace ``hydra_plugins`` only, hence this folder, and imports what lies here at
each start: nothing heavy may be imported at the top.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf


class _Handed(Launcher):
    """Hands the points of a sweep over to a launcher of sweeps/, which reads and writes the store by itself."""

    name: str
    settings: Mapping[str, Any]

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Remember the sweep's configuration."""
        self.config = config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Do the points, or have them done; what came of them lies in the store, not in what this returns."""
        from sweeps.launchers.launch import launch

        hydra = self.config.hydra
        launch(self.name, self.settings, str(hydra.job.config_name), str(hydra.sweep.dir), job_overrides)
        return [_returned(words) for words in job_overrides]


def _returned(words: Sequence[str]) -> JobReturn:
    answer = JobReturn(overrides=list(words), status=JobStatus.COMPLETED)
    answer.return_value = None
    return answer


class LocalLauncher(_Handed):
    """A bounded queue on this machine (sweeps/launchers/local.py)."""

    name = "local"

    def __init__(self, workers: int | None, threads: int | None, chunk: int, restarts: int) -> None:
        self.settings = {"workers": workers, "threads": threads, "chunk": chunk, "restarts": restarts}


class SlurmLauncher(_Handed):
    """Job arrays of a SLURM cluster (sweeps/launchers/slurm.py)."""

    name = "slurm"

    def __init__(self, chunk: int, parallel: int, restarts: int, setup: Sequence[str], resources: DictConfig) -> None:
        self.settings = {
            "chunk": chunk,
            "parallel": parallel,
            "restarts": restarts,
            "setup": list(setup),
            "resources": OmegaConf.to_container(resources, resolve=True),
        }
