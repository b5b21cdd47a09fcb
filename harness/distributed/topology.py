"""Where a process stands among those that train together: one machine, or a node of a job of several."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from errors import UserError

PORTS = range(20_000, 30_000)  # below those that systems give to outgoing connections


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
