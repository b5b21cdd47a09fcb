"""One training over several processes: the same as one process's, resumable, and never left behind."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from errors import UserError
from harness.distributed.rank import failure_facts
from harness.distributed.ranks import RankFailed, _failure, join
from harness.store.entries import Entry, Store, read_npz
from harness.training.fit import TrainingFailed
from harness.training.train import train
from tests import warm
from tests.harness.distributed.ranks_for_tests import ROOT, TINY, apart, made

SHARED = ("task=denoise", "train.batch_size=4", "train.steps=16", "train.checkpoint_seconds=0", "metrics=[psnr]")
TWO = (*SHARED, "train.devices=2")


def trained(results: Path, *words: str) -> Entry:
    """The entry of a training, made by this process and the ranks that it starts."""
    point, store = made(*words), Store(results)
    entry = store.entry("trainings", point.stages[0].key)
    train(point, point.stages[0], store, entry)
    return entry


def ranks() -> dict[int, int]:
    """The ranks that run now, of whatever parent: process by rank."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            ended = path.joinpath("stat").read_text().rpartition(")")[2].split()[0] in "ZX"
            if not ended and b"from harness.distributed.rank import main" in path.joinpath("cmdline").read_bytes():
                variables = dict(
                    word.split(b"=", 1) for word in path.joinpath("environ").read_bytes().split(b"\0") if word
                )
                if variables.get(b"RANKS_OF_TEST") == str(os.getpid()).encode():
                    found[int(variables[b"RANK"])] = int(path.name)
        except OSError:
            continue
    return found


@pytest.fixture(autouse=True, scope="module")
def environment():
    """One thread a rank, and a mark by which `ranks` knows ours from those of tests beside this one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("RANKS_OF_TEST", str(os.getpid()))
        yield


@pytest.fixture(scope="module")
def one(tmp_path_factory) -> Entry:
    return trained(tmp_path_factory.mktemp("one"), *SHARED)


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> Entry:
    return trained(tmp_path_factory.mktemp("two"), *TWO)


def test_devices_train_the_same_entry_to_the_same_result(one, two):
    """Two ranks and one process with their batches together, in float32.

    The first loss to 1e-6, all to 1e-4, and weights to lr = 1e-3, where training moves them by 1e-2: of rounding errors
    in a gradient that is nearly 0 Adam makes steps as large as any. In float64 all are equal (test_group.py).
    """
    assert one.path.name == two.path.name
    assert (one.facts()["devices"], two.facts()["devices"]) == (1, 2)
    shared, alone = (read_npz(entry, "curve.npz")["curve.loss"] for entry in (two, one))
    assert_close(shared[:1], alone[:1], rtol=1e-6, atol=0)
    assert_close(shared, alone, rtol=1e-4, atol=0)
    assert apart(two, one) < 1e-3


def test_the_number_of_devices_moves_no_key():
    keys = []
    for words in (SHARED, TWO):
        point = made(*words)
        keys.append((point.stages[0].key, point.samples.key, [score.key for score in point.scores.values()]))
    assert keys[0] == keys[1]


def wait_for(results: Path, steps: int, process: subprocess.Popen | None = None) -> None:
    """Until a checkpoint of so many steps is there."""
    until = time.monotonic() + 60
    while max((int(path.name.split("-")[1]) for path in results.glob("trainings/*/checkpoint-*")), default=0) < steps:
        assert time.monotonic() < until and (process is None or process.poll() is None), "it ended before"
        time.sleep(0.002)


def test_ranks_end_with_their_parent_and_what_is_resumed_has_the_same_bits(tmp_path, one, two):
    killed, alone = tmp_path / "killed", tmp_path / "alone"
    command = ["run.py", f"results_dir={killed}", *TINY, *TWO]
    process = warm.start(*command)
    wait_for(killed, 3, process)
    assert set(ranks()) == {0, 1}
    process.send_signal(signal.SIGKILL)
    process.wait()
    until = time.monotonic() + 5
    while ranks():
        assert time.monotonic() < until, "ranks outlive their parent"
    left = {path.name for path in killed.glob("trainings/*/*")}
    assert "DONE" not in left
    shutil.copytree(killed, alone)

    done = warm.run(*command)
    assert done.returncode == 0 and "going on from step" in done.stderr and "Warning" not in done.stderr, done.stderr
    (entry,) = (path.parent for path in killed.glob("trainings/*/DONE"))
    for name in ("weights.safetensors", "curve.npz"):
        assert (entry / name).read_bytes() == (two.path / name).read_bytes(), name

    assert apart(trained(alone, *SHARED), one) < 1e-3


def test_a_killed_rank_ends_the_training_and_is_named(tmp_path):
    def kill() -> None:
        wait_for(tmp_path, 2)
        os.kill(ranks()[1], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(RankFailed, match="rank 1 of 2 was killed by SIGKILL"):
        trained(tmp_path, *TWO, "train.steps=2000")
    killer.join()
    assert not ranks() and not list(tmp_path.glob("trainings/*/DONE"))


def test_a_loss_that_is_no_number_is_told_as_by_one_process(tmp_path):
    words = ("train.lr=1e38", "train.clip=0", "train.warmup=0")
    with pytest.raises(RankFailed, match="^loss is (nan|inf) at step [123]; try") as failed:
        trained(tmp_path, *TWO, *words)
    assert failed.value.step in (1, 2, 3) and "Traceback" in str(failed.value.__cause__)


def test_nodes_of_a_job_train_together(tmp_path, two, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", str(os.getpid()))
    monkeypatch.setenv("SLURM_STEP_NUM_NODES", "2")
    monkeypatch.setenv("SLURM_STEP_NODELIST", "localhost,other")
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo")
    code = (
        "import sys; from pathlib import Path; from harness.config.commandline import read; "
        "from harness.planning.plan import plan; "
        "from harness.distributed.ranks import join; from harness.store.entries import Store; "
        "point = plan(read(sys.argv[2:]).points[0]); "
        "join(point, point.stages[0], Store(Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(tmp_path), *TINY, *TWO]
    other = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "SLURM_NODEID": "1"}, stderr=subprocess.PIPE)
    monkeypatch.setenv("SLURM_NODEID", "0")
    entry = trained(tmp_path, *TWO)
    assert other.wait(60) == 0, other.stderr.read()
    assert (entry.path / "weights.safetensors").read_bytes() == (two.path / "weights.safetensors").read_bytes()


def test_a_node_whose_node_0_is_done_otherwise_ends(tmp_path, monkeypatch):
    """An earlier attempt's failure is no end; its next one is, and no rank is left."""
    point, store = made(*TWO), Store(tmp_path)
    entry = store.entry("trainings", point.stages[0].key)
    entry.fail("the first attempt", "", {})
    for name, value in {"NODEID": "1", "STEP_NUM_NODES": "2", "STEP_NODELIST": "localhost,other"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)

    def fail_again() -> None:
        while not ranks():
            time.sleep(0.01)
        entry.fail("the second attempt", "", {})

    other = threading.Thread(target=fail_again)
    other.start()
    join(point, point.stages[0], store)
    other.join()
    assert not ranks() and entry.status == "failed"


def test_a_node_that_comes_late_or_has_no_part_does_not_wait(two, monkeypatch):
    store, point = Store(two.path.parent.parent), made(*TWO)
    monkeypatch.setenv("SLURM_NODEID", "1")
    join(point, point.stages[0], store)  # it is done
    fresh = Store(two.path.parent.parent / "fresh")
    point = made(*SHARED)
    join(point, point.stages[0], fresh)  # it is one device's
    point = made(*TWO)
    join(point, point.stages[0], fresh)  # this is one machine, whatever else the environment has
    assert not fresh.root.exists()


def test_a_batch_that_devices_cannot_share_is_refused(tmp_path):
    with pytest.raises(UserError, match="train.batch_size=4: must be a multiple of train.devices=3"):
        trained(tmp_path, *SHARED, "train.devices=3")
    assert not list(tmp_path.iterdir())


def test_more_devices_than_there_are_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(UserError, match="train.devices=2: 2 CUDA devices are needed here and there are 1"):
        trained(tmp_path, *TWO, "device=cuda")
    assert not list(tmp_path.iterdir())


@dataclass
class Ended:
    """A process that has ended."""

    returncode: int


def test_the_failure_that_the_others_follow_from_is_the_onefailure_facts(tmp_path):
    def tell(rank: int, error: Exception) -> Ended:
        (tmp_path / f"rank-{rank}.json").write_text(json.dumps(failure_facts(error, rank)))
        return Ended(1)

    lost = tell(0, RuntimeError("Connection closed by peer\nand more"))
    assert str(_failure({0: lost, 1: Ended(0)}, tmp_path, 2)) == "rank 0: RuntimeError: Connection closed by peer"
    killed = _failure({0: lost, 1: Ended(-9)}, tmp_path, 2)
    assert str(killed) == "rank 1 of 2 was killed by SIGKILL; was there too little memory?"
    full = tell(2, UserError("/results: cannot be written"))
    assert str(_failure({0: lost, 1: Ended(-6), 2: full}, tmp_path, 3)) == "/results: cannot be written"
    assert "rank 3 of 4 was ended with status 7" in str(_failure({0: lost, 3: Ended(7)}, tmp_path, 4))
    disk = tell(0, OSError(28, "No space left on device", "/results"))
    assert str(_failure({0: disk}, tmp_path, 2)) == "rank 0: OSError: [Errno 28] No space left on device: '/results'"
    diverged = tell(0, TrainingFailed(7, "loss", math.nan))
    assert _failure({0: diverged}, tmp_path, 2).step == 7
