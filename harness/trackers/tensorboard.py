"""TensorBoard: event files below the folder of results, read by ``tensorboard --logdir``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import numpy as np

from harness.trackers.base import Status, Tracker, Value, side_by_side
from registry import register

FLUSH_SECONDS = 10  # that a curve lags behind its training at most


@register("tracker", "tensorboard")
class TensorBoard(Tracker):
    """Event files for ``tensorboard --logdir results/trackers/tensorboard``: scalars, text, hparams, images.

    Each attempt has a file of its own in the run's folder, which begins with the order to forget the steps of the
    files before it; so a resumed training, whose curve is told from the first step on, shows one whole curve.
    """

    packages = {"tensorboard": ""}

    def __init__(self, folder: Path, *, every: Annotated[int, "[1, inf)"] = 10) -> None:
        super().__init__(folder, every)

    def open(self, run: str, name: str, config: Mapping[str, Value]) -> None:
        """Begin an event file with the configuration as a table."""
        from torch.utils.tensorboard import SummaryWriter

        self.config = {"run": run, **config}
        self.writer = SummaryWriter(str(self.folder / name), purge_step=0, flush_secs=FLUSH_SECONDS)
        self.writer.add_text("config", _table(self.config), 0)

    def curve(self, step: int, values: Mapping[str, float]) -> None:
        """One scalar for each name."""
        for name, value in values.items():
            self.writer.add_scalar(name, value, step)

    def figures(self, values: Mapping[str, float]) -> None:
        """Scalars, and a row of the HPARAMS tab, which shows configurations beside figures."""
        from torch.utils.tensorboard.summary import hparams

        self.curve(0, values)
        # `add_hparams` would write to another file, which may be read before this one and its order to forget.
        file = self.writer.file_writer
        assert file is not None  # it was written to
        for summary in hparams(self.config, dict(values)):
            file.add_summary(summary, 0)

    def pictures(self, tag: str, images: np.ndarray) -> None:
        """One image."""
        self.writer.add_image(tag, side_by_side(images), 0, dataformats="HWC")

    def close(self, status: Status) -> None:
        """Write what is left; event files know no status."""
        self.writer.close()


def _table(config: Mapping[str, Value]) -> str:
    """A table in Markdown, as the TEXT tab shows it."""
    rows = [f"| {name} | {str(value).replace('|', chr(92) + '|')} |" for name, value in config.items()]
    return "\n".join(["| option | value |", "|---|---|", *rows])
