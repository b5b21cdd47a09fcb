"""One rank of a training that several processes share, as `harness.distributed.ranks` starts it."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from datetime import timedelta
from pathlib import Path
from typing import Any

from errors import UserError
from harness.config.run_config import RunConfig
from harness.planning.plan import plan
from harness.store.entries import Store
from harness.store.files import write_atomic

BACKENDS = {"cuda": "nccl", "cpu": "gloo"}
PATIENCE = timedelta(minutes=30)  # for the others, at the start and in each step
# A terminal and a scheduler send these to everyone: what they mean is for the parent to say, and its end is ours.
LEFT_TO_THE_PARENT = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)


def end_with(pipe: int) -> None:
    """End this process at once when a pipe closes, which its parent holds open as long as it lives.

    Nothing is cleaned up, as if it had been killed: what it was writing is not there, and its locks are taken over.
    """

    def wait() -> None:
        while os.read(pipe, 1024):
            pass
        os._exit(1)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def main(file: str) -> int:
    """Do what the task in ``file`` says, as rank ``RANK`` of ``WORLD_SIZE``; the exit status.

    A failure is told in ``rank-<RANK>.json`` beside the file. The process ends at once when its parent does.
    """
    task, rank = Path(file), int(os.environ["RANK"])
    end_with(sys.stdin.fileno())
    for number in LEFT_TO_THE_PARENT:
        signal.signal(number, signal.SIG_IGN)
    try:
        _train(json.loads(task.read_bytes()), rank)
    except Exception as error:
        write_atomic(task.with_name(f"rank-{rank}.json"), json.dumps(failure_facts(error, rank)).encode())
        os._exit(1)  # without waiting for what the other ranks will not send
    return 0


def _train(task: dict[str, Any], rank: int) -> None:
    import torch
    from torch import distributed

    from harness.distributed.group import Ranks
    from harness.training.build import device_of
    from harness.training.train import train_in

    made, store = plan(RunConfig(task["config"], tuple(task["overrides"]))), Store(Path(task["results"]))
    stage = next(stage for stage in made.stages if stage.name == task["stage"])
    if stage.key != task["key"]:
        raise UserError(f"rank {rank} would train another thing: the data or the code changed; start again")
    device = device_of(made.config)
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    size = int(os.environ["WORLD_SIZE"])
    distributed.init_process_group(
        BACKENDS[device.type], init_method=task["meeting"], rank=rank, world_size=size, timeout=PATIENCE
    )
    train_in(Ranks(device), made, stage, store, store.entry("trainings", stage.key))
    distributed.destroy_process_group()


def failure_facts(error: Exception, rank: int) -> dict[str, Any]:
    """A failure in plain values. ``blame`` is 0 for a rank's own, 2 for what is also raised when a rank is missed."""
    from torch import OutOfMemoryError

    from harness.training.fit import TrainingFailed

    reason = (str(error).splitlines() or [""])[0]
    if not isinstance(error, UserError | TrainingFailed):
        reason = f"rank {rank}: {type(error).__name__}: {reason}"
    missed = isinstance(error, RuntimeError) and not isinstance(error, OutOfMemoryError)
    return {
        "reason": reason,
        "step": getattr(error, "step", None),
        "blame": 2 if missed else 0,
        "time": time.time(),
        "traceback": traceback.format_exc(),
    }
