"""Weights & Biases, offline unless asked otherwise: folders that ``wandb sync`` uploads when the user says so."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from harness.trackers.base import Status, Tracker, Value, side_by_side
from registry import register

START_SECONDS = 30  # that a server has to answer an online run


@register("tracker", "wandb")
class WeightsAndBiases(Tracker):
    """Weights & Biases; ``mode`` offline writes folders for ``wandb sync``, online uploads at once.

    Each attempt is a run of its own in the group of its key: offline there is nothing to continue. A resumed training
    tells its curve from the first step on, so the newest run of a group is the whole one.
    """

    packages = {"wandb": ""}

    def __init__(
        self,
        folder: Path,
        *,
        every: Annotated[int, "[1, inf)"] = 10,
        project: str = "restorebench",
        mode: Literal["offline", "online", "disabled"] = "offline",
    ) -> None:
        super().__init__(folder, every)
        self.project, self.mode = project, mode

    def open(self, run: str, name: str, config: Mapping[str, Value]) -> None:
        """Begin a run with its configuration; nothing of the console or of the code goes along."""
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # offline means that nothing leaves
        import wandb

        quiet = wandb.Settings(
            silent=True,
            console="off",
            disable_git=True,
            disable_code=True,
            x_disable_stats=True,
            init_timeout=START_SECONDS,
        )
        self.run = wandb.init(
            dir=str(self.folder),
            project=self.project,
            mode=self.mode,
            name=name,
            group=run,
            job_type=name.partition("/")[0],
            config={"run": run, **config},
            reinit="create_new",
            settings=quiet,
        )

    def curve(self, step: int, values: Mapping[str, float]) -> None:
        """A row of the run's history."""
        self.run.log(dict(values), step=step)

    def figures(self, values: Mapping[str, float]) -> None:
        """A row of the run's history, and with it the summary that tables of runs show."""
        self.run.log(dict(values))

    def pictures(self, tag: str, images: np.ndarray) -> None:
        """One image."""
        import wandb

        self.run.log({tag: wandb.Image(side_by_side(images))})

    def close(self, status: Status) -> None:
        """End the run as finished or failed."""
        self.run.finish(exit_code=int(status == "failed"))
