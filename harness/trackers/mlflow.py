"""MLflow: an SQLite file below the folder of results, or a tracking server."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from harness.store.lock import Lock
from harness.trackers.base import Status, Tracker, Value, side_by_side
from registry import register

KEY = "restorebench.run"  # the tag by which a key's run is found again
PARAMS, METRICS, LETTERS = 100, 1000, 6000  # that MLflow takes at once, and in a value
SEND_SECONDS = 5.0  # that points of a curve wait for each other
BUSY_SECONDS = 60  # that a writer of the SQLite file waits for others


@register("tracker", "mlflow")
class MLflow(Tracker):
    """MLflow; ``uri`` is a tracking server's address, empty for an SQLite file in the tracker's folder.

    A key has one run: a resumed training continues it behind the last step that is there, a record that got more
    metrics adds them. SQLite bears several processes of one machine; on a cluster take a server.
    """

    packages = {"mlflow": "", "sqlalchemy": "uri", "alembic": "uri"}

    def __init__(
        self,
        folder: Path,
        *,
        every: Annotated[int, "[1, inf)"] = 10,
        experiment: str = "restorebench",
        uri: str = "",
    ) -> None:
        super().__init__(folder, every)
        self.experiment, self.uri = experiment, uri
        self.waiting: list[Any] = []
        self.sent = time.monotonic()

    def open(self, run: str, name: str, config: Mapping[str, Value]) -> None:
        """Find the key's run or create it, and log the options that it has not yet."""
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        from mlflow import MlflowClient
        from mlflow.entities import Param

        logging.getLogger("mlflow").setLevel(logging.CRITICAL)  # its errors come as exceptions too
        with Lock(self.folder / ".mlflow.lock"):  # tables and experiment are created once
            self.client: Any = MlflowClient(tracking_uri=self.uri or _sqlite(self.folder / "mlflow.db"))
            entry = self._entry(run, name)
        self.run = entry.info.run_id
        self.client.update_run(self.run, status="RUNNING")
        histories = [self.client.get_metric_history(self.run, name) for name in entry.data.metrics]
        self.last = max((point.step for history in histories for point in history), default=0)
        new = [Param(key, str(value)[:LETTERS]) for key, value in config.items() if key not in entry.data.params]
        for first in range(0, len(new), PARAMS):
            self.client.log_batch(self.run, params=new[first : first + PARAMS])

    def _entry(self, run: str, name: str) -> Any:
        experiment = self.client.get_experiment_by_name(self.experiment)
        place = None if self.uri else (self.folder / "artifacts").as_uri()  # a server has its own place
        number = experiment.experiment_id if experiment else self.client.create_experiment(self.experiment, place)
        runs = self.client.search_runs([number], f"tags.`{KEY}` = '{run}'")
        return runs[0] if runs else self.client.create_run(number, tags={KEY: run}, run_name=name)

    def curve(self, step: int, values: Mapping[str, float]) -> None:
        """Points behind those that are there; they are sent together, a few seconds late."""
        if step > self.last:
            self._add(values, step)
        if len(self.waiting) >= METRICS or time.monotonic() - self.sent > SEND_SECONDS:
            self._send()

    def _add(self, values: Mapping[str, float], step: int) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self.waiting += [Metric(name, value, now, step) for name, value in values.items()]

    def _send(self) -> None:
        for first in range(0, len(self.waiting), METRICS):
            self.client.log_batch(self.run, metrics=self.waiting[first : first + METRICS])
        self.waiting, self.sent = [], time.monotonic()

    def figures(self, values: Mapping[str, float]) -> None:
        """Metrics without a history."""
        self._add(values, 0)

    def pictures(self, tag: str, images: np.ndarray) -> None:
        """One PNG among the run's artifacts."""
        self.client.log_image(self.run, side_by_side(images), artifact_file=f"{tag}.png")

    def close(self, status: Status) -> None:
        """Send what waits and end the run as finished or failed."""
        self._send()
        self.client.set_terminated(self.run, status.upper())


def _sqlite(path: Path) -> str:
    from sqlalchemy.engine import URL

    return URL.create("sqlite", database=str(path), query={"timeout": str(BUSY_SECONDS)}).render_as_string()
