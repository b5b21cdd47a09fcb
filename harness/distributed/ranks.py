"""Starting the ranks of one training, a process for each device, and waiting for them; on one machine or several.

The process that holds the entry's lock starts them. Each has a pipe from it as its input, which ends when that
process does, whatever ended it: no rank writes beside a successor that took the lock over. torch's elastic launch
leaves its ranks running where their parent is killed, and goes by time alone when it names the rank that failed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from errors import UserError
from harness.planning.plan import Plan, Training
from harness.progress import console
from harness.store.entries import Entry, Store
from harness.store.sealed import Damaged
from registry import ROOT

PORTS = range(20_000, 30_000)  # below those that systems give to outgoing connections
POLL = 0.05  # seconds between two looks at the ranks
GRACE = 1.0  # seconds after a failure in which the other ranks may tell theirs, so that the first is found
# Whatever folder it is started in, a rank runs the code that its parent runs.
_COMMAND = """import sys; sys.path.insert(0, sys.argv[1])
from harness.distributed.rank import main; sys.exit(main(sys.argv[2]))"""


@dataclass(frozen=True)
class Topology:
    """Node ``node`` of ``nodes``, each with ``local`` ranks, which meet at node 0's ``address`` (tcp://HOST:PORT).

    On one machine they meet through a file, and there is no address.
    """

    node: int
    nodes: int
    local: int
    address: str = ""

    @classmethod
    def here(cls, devices: int, key: str, environment: Mapping[str, str] = os.environ) -> Topology:
        """The place of this process among ``devices`` ranks, as SLURM tells it: one task a node of a job step.

        Outside of a step (a shell in an allocation too) it is a machine of its own. The port follows from the job and
        from ``key``, what is trained: all nodes know both. Raises `UserError` where nodes cannot share devices evenly.
        """
        nodes = int(environment.get("SLURM_STEP_NUM_NODES", "1"))
        if nodes == 1:
            return cls(0, 1, devices)
        if devices % nodes:
            raise UserError(
                f"train.devices={devices}: {nodes} nodes cannot have equally many; take a multiple of {nodes}"
            )
        digest = hashlib.sha256(f"{environment.get('SLURM_JOB_ID', '')} {key}".encode()).digest()
        port = PORTS[int.from_bytes(digest[:4], "big") % len(PORTS)]
        address = f"tcp://{first_host(environment['SLURM_STEP_NODELIST'])}:{port}"
        return cls(int(environment["SLURM_NODEID"]), nodes, devices // nodes, address)

    @property
    def devices(self) -> int:
        """The ranks of all nodes."""
        return self.nodes * self.local

    def meeting(self, folder: Path) -> str:
        """Where the ranks meet, in torch's words; ``folder`` is one that the ranks of this machine share."""
        return self.address or f"file://{folder}/meeting"


def first_host(hosts: str) -> str:
    """The first of SLURM's list: ``gpu[03-05,9],login`` begins with gpu03."""
    return re.sub(r"\[(\d+)[^\]]*\]", r"\1", hosts).split(",")[0]


class RankFailed(Exception):
    """A rank of a training failed: the message is one line, ``step`` where the loss was no number if that is why."""

    def __init__(self, reason: str, step: int | None = None) -> None:
        super().__init__(reason)
        self.step = step


class RankTraceback(Exception):
    """What a rank told at length: the cause of a `RankFailed`."""


def start(plan: Plan, stage: Training, store: Store) -> None:
    """Train a stage on ``train.devices`` devices, of which this machine's are started here.

    For the process that holds the entry's lock, on node 0 where there are several. Raises `RankFailed` or `UserError`.
    """
    topology = Topology.here(plan.config.values[stage.train]["devices"], stage.key)
    _run(plan, stage, store, topology, lambda: False)


def join(plan: Plan, stage: Training, store: Store) -> None:
    """Take part in the training that node 0 of this job starts: for the one process on each of the other nodes.

    Returns when its ranks have ended, or when the entry is done or failed meanwhile; at once on node 0 and where the
    training is done or is one device's. Writes nothing. Raises `RankFailed` or `UserError`.
    """
    devices, entry = plan.config.values[stage.train]["devices"], store.entry("trainings", stage.key)
    if devices == 1 or entry.status == "done":
        return
    topology, before = Topology.here(devices, stage.key), _end_of(entry)
    if topology.node > 0:
        _run(plan, stage, store, topology, lambda: _end_of(entry) != before)


def _end_of(entry: Entry) -> str:
    """Tells one end of an entry from another and from none: an earlier attempt may have left a failure."""
    try:
        return str(entry.failure())
    except Damaged:  # there is no failure, or not any more
        return str(entry.status == "done")


def _run(plan: Plan, stage: Training, store: Store, topology: Topology, over: Callable[[], bool]) -> None:
    shared = _environment(plan, topology)
    with TemporaryDirectory(prefix="ranks-") as name, ExitStack() as stack:
        stack.callback(console.show_cursor)  # which a killed rank 0 leaves hidden on a terminal
        task = Path(name) / "task.json"
        point = {"config": plan.config.values, "overrides": plan.config.overrides, "results": str(store.root)}
        wanted = {"stage": stage.name, "key": stage.key, "meeting": topology.meeting(task.parent)}
        task.write_text(json.dumps(point | wanted))
        ranks = {}
        for local in range(topology.local):
            rank = topology.node * topology.local + local
            own = {"RANK": str(rank), "LOCAL_RANK": str(local), "WORLD_SIZE": str(topology.devices)}
            command = [sys.executable, "-c", _COMMAND, str(ROOT), str(task)]
            ranks[rank] = stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, env={**shared, **os.environ, **own})
            )
            stack.callback(ranks[rank].kill)  # files are whole or not there: a rank may end at any moment
        if not _wait(list(ranks.values()), over):
            raise _failure(ranks, task.parent, topology.devices)


def _environment(plan: Plan, topology: Topology) -> dict[str, str]:
    """What ranks are told where the user has not said otherwise. `UserError` where there are too few devices."""
    import torch

    from harness.training.build import device_of

    there, needed = torch.cuda.device_count(), topology.local
    if device_of(plan.config).type == "cuda" and needed > there:
        raise UserError(
            f"train.devices={topology.devices}: {needed} CUDA devices are needed here and there are {there}"
        )
    settings = {"OMP_NUM_THREADS": str(max(1, torch.get_num_threads() // needed))}
    loopback = [interface for _, interface in socket.if_nameindex() if interface.startswith("lo")]
    if topology.nodes == 1 and loopback:  # gloo would ask what address the host's name has, which may be none
        settings["GLOO_SOCKET_IFNAME"] = loopback[0]
    return settings


def _wait(ranks: Sequence[subprocess.Popen[bytes]], over: Callable[[], bool]) -> bool:
    """Wait until all ranks have ended well, or there is nothing left to do for them; False when one has failed."""
    until = float("inf")
    while any(rank.poll() is None for rank in ranks) and time.monotonic() < until:
        if any(rank.poll() for rank in ranks):
            until = min(until, time.monotonic() + GRACE)
        elif over():
            return True
        time.sleep(POLL)
    return not any(rank.poll() for rank in ranks)


def _failure(ranks: Mapping[int, subprocess.Popen[bytes]], folder: Path, of: int) -> RankFailed:
    """The failure that the others follow from.

    A rank's own reason comes before a rank that ended without a word, and that before what the others say when they
    miss one; among equals the first in time.
    """
    ended = {rank: process.returncode for rank, process in ranks.items() if process.returncode}
    failures = [_failure_of(rank, status, folder, of) for rank, status in ended.items()]
    first = min(failures, key=lambda failure: (failure["blame"], failure["time"]))
    failed = RankFailed(first["reason"], first["step"])
    failed.__cause__ = RankTraceback(first["traceback"]) if first["traceback"] else None
    return failed


def _failure_of(rank: int, status: int, folder: Path, of: int) -> dict[str, Any]:
    """What a rank told, or what can be said of one that told nothing."""
    path = folder / f"rank-{rank}.json"
    if path.exists():
        return dict(json.loads(path.read_bytes()))
    ended = f"killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
    hint = {-signal.SIGKILL: "; was there too little memory?"}.get(status, "; what it printed may tell why")
    return {"reason": f"rank {rank} of {of} was {ended}{hint}", "step": None, "blame": 1, "time": 0.0, "traceback": ""}
