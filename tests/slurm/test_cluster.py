"""The cluster of the tests behaves as a SLURM does: what the launcher's tests rely on."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.slurm import cluster_for_tests
from tests.slurm.cluster_for_tests import MAX_ARRAY, MEMORY, NODES

# Lives as long as nobody ends it for good, and says how often it was born.
STUBBORN = "trap '' TERM; echo life ${SLURM_RESTART_COUNT:-0}; while sleep 0.2; do :; done"
# Its first life waits to be disturbed, a later one ends well.
RESTARTED = 'echo life ${SLURM_RESTART_COUNT:-0}; [ "$SLURM_RESTART_COUNT" ] || exec sleep 60'


@pytest.fixture
def submit(slurm, tmp_path):
    """sbatch of one line of shell; a job's output is in <job>.txt of tmp_path."""

    def submit(line: str, *options: str) -> str:
        output = f"--output={tmp_path}/%{'A_%a' if any(o.startswith('--array') for o in options) else 'j'}.txt"
        fixed = ("--parsable", "--open-mode=append", "--kill-on-invalid-dep=yes", output, f"--wrap={line}")
        return slurm.run("sbatch", *options, *fixed, cwd=tmp_path)

    yield submit
    slurm.run("scancel", "--user=root")


def said(tmp_path: Path, job: str) -> list[str]:
    return [line for line in (tmp_path / f"{job}.txt").read_text().splitlines() if "slurmstepd" not in line]


def test_one_job_runs_over_both_nodes(slurm, submit, tmp_path):
    job = submit("srun printenv SLURMD_NODENAME PATH", "--nodes=2", "--ntasks-per-node=1")
    assert slurm.wait(job, "COMPLETED", "FAILED") == "COMPLETED"
    lines = said(tmp_path, job)
    assert sorted(line for line in lines if "/" not in line) == sorted(NODES)
    assert len([line for line in lines if "/usr/bin" in line]) == 2


def test_elements_of_an_array_end_each_for_itself_and_its_size_is_limited(slurm, submit):
    array = submit("exit $((SLURM_ARRAY_TASK_ID == 1))", "--array=0-2")
    after = submit("true", f"--dependency=afterok:{array}_0")
    never = submit("true", f"--dependency=afterok:{array}_1")
    assert slurm.wait(after, "COMPLETED", "CANCELLED") == "COMPLETED"
    assert slurm.wait(never, "COMPLETED", "CANCELLED") == "CANCELLED"
    states = slurm.states()
    assert [states[f"{array}_{k}"] for k in range(3)] == ["COMPLETED", "FAILED", "COMPLETED"]
    submit("true", f"--array=0-{MAX_ARRAY - 1}")
    with pytest.raises(RuntimeError, match="Invalid job array specification"):
        submit("true", f"--array=0-{MAX_ARRAY}")


def test_a_requeued_job_starts_again_and_what_depends_on_it_waits(slurm, submit, tmp_path):
    job = submit(RESTARTED, "--array=0-1")
    after = submit("true", f"--dependency=afterok:{job}_1")
    slurm.wait(f"{job}_1", "RUNNING")
    slurm.run("scontrol", "requeue", f"{job}_1")
    slurm.wait(f"{job}_1", "PENDING")
    assert slurm.states()[after] == "PENDING"
    assert slurm.wait(after, "COMPLETED", "CANCELLED") == "COMPLETED"
    assert said(tmp_path, f"{job}_1") == ["life 0", "life 1"]
    assert said(tmp_path, f"{job}_0") == ["life 0"]


def test_the_high_partition_preempts_the_low_one_by_requeue(slurm, submit, tmp_path):
    low = submit(RESTARTED, "--exclusive", "--nodes=2")
    slurm.wait(low, "RUNNING")
    high = submit("true", "--exclusive", "--nodes=2", "--partition=high")
    assert slurm.wait(high, "COMPLETED", "FAILED") == "COMPLETED"
    assert slurm.wait(low, "COMPLETED", "FAILED", "CANCELLED") == "COMPLETED"
    assert said(tmp_path, low) == ["life 0", "life 1"]
    assert "DUE TO PREEMPTION" in (tmp_path / f"{low}.txt").read_text()


def test_a_job_over_its_memory_is_killed(slurm, submit, tmp_path):
    greedy = f"exec {sys.executable} -c 'import time; x = bytes(1) * 400_000_000; x += x; time.sleep(60)'"
    job = submit(greedy, "--mem=200M")
    assert slurm.wait(job, "COMPLETED", "FAILED") == "FAILED"
    assert "exceeded memory limit" in (tmp_path / f"{job}.txt").read_text()
    with pytest.raises(RuntimeError, match="node configuration is not available"):
        submit("true", f"--mem={MEMORY + 1}M")


def test_scancel_ends_even_a_stubborn_job(slurm, submit, tmp_path):
    job = submit(STUBBORN)
    slurm.wait(job, "RUNNING")
    slurm.run("scancel", job)
    assert slurm.wait(job, "CANCELLED", "COMPLETED") == "CANCELLED"
    assert said(tmp_path, job)[0] == "life 0"


def test_stop_leaves_neither_processes_nor_folder_and_a_second_start_works(slurm):
    with cluster_for_tests.running() as other:
        detached = f'--wrap=setsid bash -c "{STUBBORN}" & {STUBBORN}'
        first = other.run("sbatch", "--parsable", "--output=/dev/null", detached)
        other.wait(first, "RUNNING")
        again = cluster_for_tests.start(other.folder)
        assert again.states() == {}  # nothing of the first one
        job = again.run("sbatch", "--parsable", "--output=/dev/null", f"--wrap={STUBBORN}")
        again.wait(job, "RUNNING")
        assert len(cluster_for_tests.processes(other.folder)) > len(NODES) + 2
    assert not other.folder.exists()
    assert cluster_for_tests.processes(other.folder) == []
    assert slurm.run("sinfo", "--noheader", "--Node", "--partition=low", "--format=%t").split() == ["idle", "idle"]


def test_what_a_killed_starter_left_is_removed_by_the_next_start(slurm):
    with subprocess.Popen(["true"]) as gone:
        pass
    left = Path(tempfile.gettempdir(), f"restorebench-slurm-{gone.pid}-left")
    cluster_for_tests.start(left)
    with cluster_for_tests.running():
        assert not left.exists()
        assert cluster_for_tests.processes(left) == []


def test_a_failed_start_says_why_and_leaves_nothing(slurm, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_for_tests, "CONF", cluster_for_tests.CONF.replace("cons_tres", "cons_nonsense"))
    begin = time.monotonic()
    with pytest.raises(RuntimeError, match="(?s)slurmctld.*cons_nonsense"):
        cluster_for_tests.start(tmp_path / "slurm")
    assert time.monotonic() - begin < 10
    assert cluster_for_tests.processes(tmp_path / "slurm") == []


def test_a_folder_with_anything_else_is_not_removed(tmp_path):
    (tmp_path / "slurm.conf").write_text("ClusterName=ours\n")
    with pytest.raises(ValueError, match="stays as it is"):
        cluster_for_tests.stop(tmp_path)
    assert (tmp_path / "slurm.conf").exists()


def test_where_there_can_be_no_slurm_the_reason_is_told(monkeypatch):
    monkeypatch.setattr(cluster_for_tests.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda name, path=None: f"/usr/sbin/{name}")
    assert cluster_for_tests.unavailable() == "a SLURM of the tests needs root"
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None if name == "slurmctld" else name)
    assert cluster_for_tests.unavailable() == "slurmctld not installed (Debian: apt-get install slurm-wlm munge)"
