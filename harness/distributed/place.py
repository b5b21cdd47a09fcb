"""Where a process stands among those that train together: one machine, or a node of a job of several."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from errors import UserError

PORTS = (20_000, 30_000)  # below those that systems give to outgoing connections


@dataclass(frozen=True)
class Place:
    """Node ``node`` of ``nodes``, each with ``local`` ranks, which meet at node 0's ``address`` and ``port``.

    On one machine they meet through a file, and address and port are not used.
    """

    node: int
    nodes: int
    local: int
    address: str
    port: int

    @classmethod
    def here(cls, devices: int, key: str, environment: Mapping[str, str] = os.environ) -> Place:
        """The place of this process among ``devices`` ranks, as SLURM tells it: one task a node of a job step.

        Outside of a step (a shell in an allocation too) it is a machine of its own. The port follows from the job and
        from ``key``, what is trained: all nodes know both. Raises `UserError` where nodes cannot share devices evenly.
        """
        nodes = int(environment.get("SLURM_STEP_NUM_NODES", "1"))
        if nodes == 1:
            return cls(0, 1, devices, "127.0.0.1", 0)
        if devices % nodes:
            raise UserError(
                f"train.devices={devices}: {nodes} nodes cannot have equally many; take a multiple of {nodes}"
            )
        job = environment.get("SLURM_JOB_ID", "")
        number = int.from_bytes(hashlib.sha256(f"{job} {key}".encode()).digest()[:4], "big")
        port = PORTS[0] + number % (PORTS[1] - PORTS[0])
        address = first_host(environment["SLURM_STEP_NODELIST"])
        return cls(int(environment["SLURM_NODEID"]), nodes, devices // nodes, address, port)

    @property
    def devices(self) -> int:
        """The ranks of all nodes."""
        return self.nodes * self.local

    def meeting(self, folder: Path) -> str:
        """Where the ranks meet, in torch's words; ``folder`` is one that the ranks of this machine share."""
        return f"file://{folder}/meeting" if self.nodes == 1 else f"tcp://{self.address}:{self.port}"


def first_host(hosts: str) -> str:
    """The first of SLURM's list: ``gpu[03-05,9],login`` begins with gpu03."""
    return re.sub(r"\[(\d+)[^\]]*\]", r"\1", hosts).split(",")[0]
