"""Sweeps on a real SLURM, disturbed in every way that a cluster knows, against the same in one quiet process."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest
from safetensors.torch import load

from harness.store.entries import Store, read_npz
from tests.slurm.sweeps_for_tests import SMALL, Bench, same

ISSUE = ("method=rddm,ddim", "sampler.eta=0,1", "train.steps=60", *SMALL)


@contextmanager
def broken(copy, *names):
    """Files of the checkout that raise when they are imported; their old content afterwards."""
    before = {copy.root / name: (copy.root / name).read_text() for name in names}
    try:
        for path in before:
            path.write_text("raise RuntimeError('this file was edited after the submission')\n")
        yield
    finally:
        for path, text in before.items():
            path.write_text(text)


# The issue's sweep: one training is put into the queue again, the other preempted, and the code edited meanwhile.


@pytest.fixture(scope="module")
def issue(slurm, copy, tmp_path_factory):
    """The sweep after its end, and what was seen on the way."""
    bench = Bench(slurm, copy, tmp_path_factory.mktemp("issue") / "results", ISSUE)
    bench.quiet = tmp_path_factory.mktemp("quiet")
    bench.seen = {"start": bench.run(), "states": slurm.states()}
    rddm, ddpm = bench.jobs()["training rddm model"], bench.jobs()["training ddpm model"]
    with broken(copy, "methods/rddm.py", "methods/ddpm.py", "methods/diffusion.py"):
        bench.middle(rddm)
        slurm.run("scontrol", "requeue", rddm.name)
        bench.middle(ddpm)
        node = slurm.run("squeue", "--noheader", f"--jobs={ddpm.name}", "--format=%N")
        high = ("--parsable", "--partition=high", "--exclusive", f"--nodelist={node}", "--output=/dev/null")
        slurm.wait(slurm.run("sbatch", *high, "--wrap=true"), "COMPLETED")
        process = bench.undisturbed(bench.quiet)
        slurm.wait(bench.report(), "COMPLETED", "FAILED", seconds=180)
        _, told = process.communicate()
        assert process.returncode == 0, told
        bench.seen["end"] = slurm.run("squeue", "--array", "--noheader", "--states=all", "--format=%i|%T|%k|%S")
    return bench


def test_a_dry_run_submits_and_writes_nothing(slurm, copy, tmp_path):
    before = slurm.states()
    told = Bench(slurm, copy, tmp_path / "results", ISSUE).run("--dry-run")
    assert told.returncode == 0, told.stderr
    assert "trainings         2" in told.stdout
    assert not (tmp_path / "results").exists()
    assert slurm.states() == before


def test_a_sweep_is_handed_over_and_ends_with_its_report(issue):
    start = issue.seen["start"]
    assert start.returncode == 0, start.stderr
    assert "python -m sweeps status --watch" in start.stderr.replace("\n", " ")
    names = {job.name for job in issue.jobs().values()} | {issue.report()}
    assert names & {name for name, state in issue.seen["states"].items() if state == "COMPLETED"} == set()
    ended = [line.split("|") for line in issue.seen["end"].splitlines()]
    assert {name: state for name, state, _, _ in ended if name in names} == dict.fromkeys(names, "COMPLETED")
    assert (issue.folder / "report" / "report.html").exists()
    assert (issue.folder / "table.csv").read_text().count("\n") == 5  # and its head
    status = issue.sweeps("status")
    assert status.stdout.startswith(f"{issue.folder.name}: 4 of 4 points are done\n"), status.stdout + status.stderr


def test_exactly_two_trainings_ran_and_the_rest_after_them(issue):
    ended = [line.split("|") for line in issue.seen["end"].splitlines()]
    kinds = {name: kind for name, _, kind, _ in ended}
    began = {name: time for name, _, _, time in ended}
    jobs = issue.jobs()
    assert {kinds[job.name] for job in jobs.values()} == {"training", "sampling", "scoring"}
    assert all(kinds[job.name] == job.facts["kind"] for job in jobs.values())
    assert kinds[issue.report()] == "report"
    assert [name for name in jobs if name.startswith("training")] == ["training rddm model", "training ddpm model"]
    assert len(list((issue.root / "trainings").glob("*/DONE"))) == 2
    for before, after in (("training rddm model", "sampling rddm"), ("training ddpm model", "sampling ddim")):
        assert began[jobs[before].name] < began[jobs[after].name]
        assert jobs[before].attempts[-1].ended <= jobs[after].attempts[0].began
        assert len(jobs[after].facts["tasks"]) == 2  # one load of the model


@pytest.mark.parametrize("name", ["training rddm model", "training ddpm model"])
def test_requeued_and_preempted_trainings_go_on_from_their_checkpoints(issue, name):
    job = issue.jobs()[name]
    assert [attempt.open for attempt in job.attempts] == [True, False]
    assert job.attempts[-1].reason == ""
    assert "going on from step" not in issue.said(job).replace(issue.last(job), "")
    assert "going on from step" in issue.last(job)
    assert ("PREEMPTION" in issue.said(job)) == (name == "training ddpm model")


def test_disturbed_trainings_end_with_the_bits_of_undisturbed_ones(issue):
    same(issue.quiet, issue.root)


def test_the_same_command_again_submits_nothing(issue, slurm):
    before = slurm.states()
    again = issue.run("--wait")
    assert again.returncode == 0, again.stderr
    assert "nothing to do" in again.stderr
    assert "PSNR" in again.stdout
    assert "report.html" in again.stderr
    assert slurm.states() == before


# One training over two nodes.


def test_a_training_over_two_nodes_ends_like_one_on_a_single_device(issue, slurm, copy, tmp_path, monkeypatch):
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo")  # both nodes are this machine
    bench = Bench(slurm, copy, tmp_path / "results", ("method=rddm", *ISSUE[2:], "train.devices=2"))
    bench.launcher = ("hydra.launcher.resources.training.nodes=2",)
    assert bench.run().returncode == 0
    job = bench.jobs()["training rddm model"]
    assert job.facts["gpus"] == 2
    bench.middle(job)
    slurm.run("scontrol", "requeue", job.name)
    slurm.wait(job.name, "COMPLETED", "FAILED", seconds=120)
    assert "cancelled" in bench.sweeps("cancel").stderr
    assert bench.state.job(bench.jobs()["training rddm model"]).status == "done", bench.said(job)
    entries = [Store(root).entry("trainings", job.facts["tasks"][0]) for root in (bench.root, issue.quiet)]
    both, one = [load(entry.read("weights.safetensors")) for entry in entries]
    # Weights whose gradient is zero but for rounding errors move by Adam's full steps, of lr = 1e-3, all the same.
    assert max((both[name] - weights).abs().max() for name, weights in one.items()) < 3e-3
    both, one = [read_npz(entry, "curve.npz")["curve.loss"] for entry in entries]
    np.testing.assert_allclose(both[:10], one[:10], rtol=1e-5)
    np.testing.assert_allclose(both, one, rtol=1e-3)
    assert entries[0].facts()["devices"] == 2
    assert "going on from step" in bench.last(job)
    assert len(bench.jobs()["training rddm model"].attempts) == 2  # the other node notes none
