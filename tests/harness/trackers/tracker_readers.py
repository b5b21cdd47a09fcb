"""What lies in a tracker's folder, read by the tracker's own library."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass
class Seen:
    """One run: options as text, points (step, value) by name, pictures by tag, and whether it was closed well."""

    config: dict[str, str]
    points: dict[str, list[tuple[int, float]]]
    pictures: dict[str, np.ndarray]
    status: str = ""


def tensorboard(folder: Path, run: str) -> Seen:
    from PIL import Image
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util import tensor_util

    for path in {file.parent for file in folder.rglob("events.out.*")}:
        events = EventAccumulator(str(path), size_guidance={"scalars": 0, "tensors": 0, "images": 0})
        events.Reload()
        *_, table = events.Tensors("config/text_summary")  # this reader forgets scalars and images, no texts
        text = tensor_util.make_ndarray(table.tensor_proto)[0].decode()
        rows = [line.strip("| ").replace(" | ", "=", 1).partition("=") for line in text.splitlines()[2:]]
        config = {name: value.replace("\\|", "|") for name, _, value in rows}
        if config["run"] == run:
            tags = events.Tags()
            images = {
                tag: np.asarray(Image.open(io.BytesIO(events.Images(tag)[0].encoded_image_string)))
                for tag in tags["images"]
            }
            points = {tag: [(point.step, point.value) for point in events.Scalars(tag)] for tag in tags["scalars"]}
            return Seen(config, points, images)
    raise LookupError(run)


def hparams(folder: Path) -> dict[str, Any]:
    """What the HPARAMS tab shows of the only run there is."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    (path,) = {file.parent for file in folder.rglob("events.out.*")}
    events = EventAccumulator(str(path))
    events.Reload()
    content = events.PluginTagToContent("hparams")["_hparams_/session_start_info"]
    told = HParamsPluginData.FromString(content).session_start_info.hparams
    return {name: getattr(value, value.WhichOneof("kind")) for name, value in told.items()}


def mlflow(folder: Path, run: str) -> Seen:
    from mlflow import MlflowClient
    from PIL import Image

    client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db")
    experiments = [client.get_experiment_by_name("restorebench").experiment_id]
    (found,) = client.search_runs(experiments, f"tags.`restorebench.run` = '{run}'")
    histories = {name: client.get_metric_history(found.info.run_id, name) for name in found.data.metrics}
    points = {name: sorted((point.step, point.value) for point in history) for name, history in histories.items()}
    files = [file.path for file in client.list_artifacts(found.info.run_id)]
    images = {
        Path(file).stem: np.asarray(Image.open(client.download_artifacts(found.info.run_id, file))) for file in files
    }
    return Seen({**found.data.params, "run": run}, points, images, found.info.status)


def wandb(folder: Path, run: str) -> Seen:
    """The newest run of the group that was closed; its file is complete a little after that."""
    from PIL import Image

    deadline, path, records = time.monotonic() + 20, folder, list[Any]()
    while not records and time.monotonic() < deadline:
        path, records = _newest(folder, run)
        time.sleep(0.05)
    points: dict[str, list[tuple[int, float]]] = {}
    images: dict[str, np.ndarray] = {}
    for record in (record.history for record in records if record.HasField("history")):
        for item in record.item:
            (name, *fact), value = item.nested_key, json.loads(item.value_json)
            if fact == ["path"]:
                images[name] = np.asarray(Image.open(path.parent / "files" / value))
            elif not fact and not name.startswith("_"):
                points.setdefault(name, []).append((record.step.num, value))
    config = {item.key: str(json.loads(item.value_json)) for item in _began(records).config.update}
    code = next(record.exit.exit_code for record in records if record.HasField("exit"))
    return Seen(config, points, images, {0: "FINISHED", 1: "FAILED"}[code])


def _newest(folder: Path, run: str) -> tuple[Path, list[Any]]:
    files = {path: list(_records(path)) for path in folder.glob("wandb/offline-run-*/*.wandb")}
    closed = {
        path: records
        for path, records in files.items()
        if any(record.HasField("exit") for record in records) and _began(records).run_group == run
    }
    return max(closed.items(), key=lambda pair: _began(pair[1]).start_time.ToNanoseconds(), default=(folder, []))


def _began(records: list[Any]) -> Any:
    return next(record.run for record in records if record.HasField("run"))


def _records(path: Path) -> Iterator[Any]:
    """The records of a log of LevelDB's form: blocks of 32 KiB, fragments behind (checksum, length, kind)."""
    from wandb.proto.wandb_internal_pb2 import Record

    data, at, parts = path.read_bytes(), 7, b""
    while at + 7 <= len(data):
        left = 32768 - at % 32768
        if left < 7:
            at += left
            continue
        size, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        parts += data[at + 7 : at + 7 + size]
        at += 7 + size
        if kind in (1, 4):  # whole, or the last fragment
            yield Record.FromString(parts)
            parts = b""


READERS = {"tensorboard": tensorboard, "mlflow": mlflow, "wandb": wandb}
