"""Trainings on a real SLURM that are killed, run out of time or memory, or are cancelled, and go on."""

from __future__ import annotations

import pytest

from tests.slurm.sweeps_for_tests import SMALL, Bench, same, until

CHAIN = ("method=codec,chain", "train.steps=500", *SMALL)

# Three trainings, one shared by two methods: its time is up, another is killed, everything is cancelled, twice.


@pytest.fixture(scope="module")
def chain(slurm, copy, tmp_path_factory):
    bench = Bench(slurm, copy, tmp_path_factory.mktemp("chain") / "results", CHAIN)
    bench.launcher = ("hydra.launcher.resources.default.cpus=1", "hydra.launcher.resources.training.time=9")
    bench.quiet = tmp_path_factory.mktemp("quiet")
    bench.seen = {"start": bench.run()}
    process = bench.undisturbed(bench.quiet)
    codec, prior = bench.jobs()["training codec codec"], bench.jobs()["training chain prior"]
    bench.middle(codec)
    slurm.run("scancel", "--signal=USR2", codec.name)  # what SLURM sends when the time is nearly up
    bench.middle(prior)
    bench.kill(prior)
    slurm.wait(bench.report(), "COMPLETED", "FAILED", seconds=180)
    _, told = process.communicate()
    assert process.returncode == 0, told
    return bench


def test_a_time_that_is_up_and_a_kill_concern_one_training_alone(chain, slurm):
    jobs = chain.jobs()
    assert sorted(jobs) == [
        "sampling chain",
        "sampling codec",
        "sampling identity",
        "scoring chain",
        "scoring codec",
        "scoring identity",
        "training chain control",
        "training chain prior",
        "training codec codec",
    ]
    states = {name: slurm.states()[job.name] for name, job in jobs.items()}
    assert [name for name, state in states.items() if state == "CANCELLED"] == [
        "training chain control",
        "sampling chain",
    ]
    assert [name for name, state in states.items() if state == "FAILED"] == ["training chain prior", "scoring chain"]
    assert "going on from step" in chain.last(jobs["training codec codec"])
    assert "this job is timed-out" in chain.said(jobs["training codec codec"])
    assert len(jobs["training codec codec"].attempts) == 2


def test_what_failed_is_told_in_one_line_and_the_report_has_the_rest(chain):
    status = chain.sweeps("status").stdout
    assert ": 1 of 2 points are done, 1 failed\n" in status
    assert "\n  failed: method=chain " in status
    assert ": killed (SIGKILL)\n" in status
    table = {line.split()[0]: line.split()[1:] for line in status.splitlines()[1:5]}
    assert table["training"] == ["1", ".", ".", "1", "1"]
    assert table["sampling"] == ["2", ".", ".", ".", "1"]
    assert "1 of 2" in (chain.folder / "report" / "report.html").read_text()
    assert "not started: what it needs has failed" in chain.state.job(chain.jobs()["sampling chain"]).reason
    logs = chain.sweeps("logs", chain.jobs()["training chain prior"].facts["tasks"][0]).stdout
    assert "--- training" in logs
    assert "task 0: Killed" in logs


def test_cancelled_sweeps_go_on_where_they_were_to_the_same_bits(chain, slurm):
    again = chain.sweeps("retry")
    assert again.returncode == 0, again.stderr
    assert sorted(chain.jobs(2)) == [
        "sampling chain",
        "scoring chain",
        "training chain control",
        "training chain prior",
    ]
    chain.middle(chain.jobs(2)["training chain prior"])
    slurm.run("scancel", "--user=root")
    until(lambda: "RUNNING" not in slurm.states().values() and "COMPLETING" not in slurm.states().values())
    assert ": 1 of 2 points are done, 1 stopped\n" in chain.sweeps("status").stdout
    assert chain.sweeps("retry").returncode == 0
    control = chain.jobs(3)["training chain control"]
    chain.middle(control)
    cancelled = chain.sweeps("cancel")
    assert "4 jobs cancelled" in cancelled.stderr, cancelled.stderr  # sampling, scoring and report too
    until(lambda: not {"RUNNING", "COMPLETING", "PENDING"} & set(slurm.states().values()))
    assert "stopped: method=chain" in (status := chain.sweeps("status").stdout)
    assert ": cancelled\n" in status
    end = chain.run("--wait")
    assert end.returncode == 0, end.stderr
    assert "report.html" in end.stderr
    assert "chain" in end.stdout
    assert sorted(chain.jobs(4)) == ["sampling chain", "scoring chain", "training chain control"]
    for job in (chain.jobs(2)["training chain prior"], chain.jobs(3)["training chain prior"]):
        assert "going on from step" in chain.last(job)
    assert "going on from step" in chain.last(chain.jobs(4)["training chain control"])
    same(chain.quiet, chain.root)


# Memory.


def test_a_training_that_dies_of_memory_is_done_with_more(slurm, copy, tmp_path):
    bench = Bench(slurm, copy, tmp_path / "results", ("method=codec", "train.steps=2", *SMALL))
    bench.launcher = ("hydra.launcher.resources.training.memory=0.15",)
    assert bench.run().returncode == 0
    slurm.wait(bench.report(), "COMPLETED", "FAILED", seconds=120)
    status = bench.sweeps("status").stdout
    assert ": 0 of 1 points are done, 1 failed\n" in status
    assert "killed for memory: ask for more, resources.training.memory=GB\n" in status
    refused = bench.sweeps("retry", "", "resources.training.memori=2")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert bench.sweeps("retry", "resources.training.memory=2").returncode == 0
    assert sorted(bench.jobs(2)) == ["sampling codec", "scoring codec", "training codec codec"]
    last = bench.jobs(2)["scoring codec"]
    slurm.wait(last.name, "COMPLETED", "FAILED", "CANCELLED", seconds=120)
    assert ": 1 of 1 points are done\n" in bench.sweeps("status").stdout
    slurm.run("scancel", "--user=root")
