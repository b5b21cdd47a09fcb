"""Where a process stands among those that train together, as SLURM tells it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from errors import UserError
from harness.distributed.ranks import Topology, first_host


def test_a_place_is_read_from_a_job_steps_environment():
    alone = Topology.here(4, "key", {"SLURM_JOB_ID": "7", "SLURM_JOB_NUM_NODES": "2", "SLURM_NODEID": "1"})
    assert (alone.node, alone.nodes, alone.local) == (0, 1, 4), "a shell in an allocation is no job step"
    step = {"SLURM_JOB_ID": "7", "SLURM_STEP_NUM_NODES": "2", "SLURM_STEP_NODELIST": "gpu[07-08]-ib,x"}
    first, second = (Topology.here(4, "key", {**step, "SLURM_NODEID": node}) for node in "01")
    assert (first.node, second.node) == (0, 1) and (second.nodes, second.local, second.devices) == (2, 2, 4)
    assert second.meeting(Path("/tmp")) == first.meeting(Path("/tmp"))
    assert (
        re.fullmatch(r"tcp://gpu07-ib:2\d{4}", first.address) and alone.meeting(Path("/tmp")) == "file:///tmp/meeting"
    )
    assert Topology.here(4, "other", {**step, "SLURM_NODEID": "0"}).address != first.address
    with pytest.raises(UserError, match="train.devices=3: 2 nodes cannot have equally many"):
        Topology.here(3, "key", {**step, "SLURM_NODEID": "0"})


@pytest.mark.parametrize(
    "hosts,first",
    [("a", "a"), ("a,b", "a"), ("n[3-5,9],m", "n3"), ("rack[01-02]node[007,9]", "rack01node007"), ("a-1.b,c", "a-1.b")],
)
def test_the_first_host_of_a_list(hosts, first):
    assert first_host(hosts) == first
