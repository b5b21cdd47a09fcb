"""What is asked of a real SLURM: jobs are submitted held, so that none of them runs, and looked at."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sweeps.folder import submissions
from sweeps.launchers.slurm import REPORT
from sweeps.progress.cluster import ids
from tests.slurm.cluster_for_tests import MAX_ARRAY
from tests.slurm.sweeps_for_tests import Bench, until

ASKED = "hydra.launcher.resources."
HELD = f"{ASKED}default.parameters.hold=true"


@pytest.fixture
def sweep(slurm, copy, tmp_path):
    """A sweep of some words, none of whose jobs is left after the test."""

    def sweep(*words, root="results"):
        return Bench(slurm, copy, tmp_path / root, words, (HELD,))

    yield sweep
    slurm.run("scancel", "--user=root")
    until(lambda: not {"PENDING", "RUNNING", "COMPLETING"} & set(slurm.states().values()))


def waits(slurm) -> dict[str, str]:
    """What each job that waits is told to wait for."""
    lines = slurm.run("squeue", "--array", "--noheader", "--states=PENDING", "--format=%i|%E").splitlines()
    return dict(re.sub(r"\(\w+\)", "", line).split("|") for line in lines)


def asked(bench, job: str) -> dict[str, str]:
    """What sbatch was asked for a job: "True" for flags."""
    name = bench.jobs()[job].name if job != "report" else bench.report()
    text = (submissions(bench.folder)[0].folder / "slurm" / f"{name.partition('_')[0]}_submission.sh").read_text()
    found = [line.removeprefix("#SBATCH --").partition("=") for line in text.splitlines() if line.startswith("#SBATCH")]
    return {option: value or "True" for option, _, value in found}


def test_arrays_are_cut_to_what_slurm_takes_and_each_job_waits_for_its_own(slurm, sweep):
    number = MAX_ARRAY + 2
    bench = sweep("method=codec", f"seed=range({number})")
    assert bench.run().returncode == 0
    jobs = {job.facts["number"]: job for job in bench.state.jobs}
    arrays = [job.name.partition("_") for job in jobs.values() if job.facts["kind"] == "training"]
    first, second = dict.fromkeys(array for array, _, _ in arrays)
    assert [f"{array}_{place}" for array, _, place in arrays] == [
        *[f"{first}_{place}" for place in range(MAX_ARRAY)],
        *[f"{second}_{place}" for place in range(2)],
    ]
    for job in jobs.values():
        needs = {jobs[number].name for number in job.facts["needs"]}
        wait = {"training": "", "sampling": "afterok:", "scoring": "afterany:"}[job.facts["kind"]]
        told = waits(slurm)[job.name]
        assert told == ",".join(wait + name for name in needs) or (needs == set() and told == "(null)")
    ends = {job.name for job in jobs.values() if job.facts["kind"] == "scoring"}
    assert set(waits(slurm)[bench.report()].split(",")) == {f"afterany:{name}" for name in ends}


def test_resources_are_those_of_the_default_the_kind_of_job_and_the_method(slurm, sweep):
    bench = sweep("method=rddm,ddim")
    words = {
        "default.account": "lab",
        "default.memory": 1,
        "training.time": 77,
        "training.gpus": 2,
        "sampling.cpus": 1,
        "methods.ddpm.training.memory": 1.5,
        "methods.ddpm.training.partition": "high",
        "methods.ddpm.training.constraint": "second",
        "methods.rddm.sampling.parameters.nice": 7,
    }
    start = bench.run(*(f"{ASKED}{name}={value}" for name, value in words.items()))
    assert start.returncode == 0, start.stderr
    rddm, ddpm = asked(bench, "training rddm model"), asked(bench, "training ddpm model")
    assert {"account": "lab", "mem": "1024M", "time": "77", "gpus-per-node": "2", "cpus-per-task": "2"}.items() <= (
        rddm.items()
    )
    assert {"signal": "USR2@90", "requeue": "True", "kill-on-invalid-dep": "yes", "open-mode": "append"}.items() <= (
        rddm.items()
    )
    assert {option: value for option, value in ddpm.items() if rddm.get(option) != value} == {
        "mem": "1536M",
        "partition": "high",
        "constraint": "second",
    }
    # Nothing of what one group of jobs asks for is left for the next.
    sampling = asked(bench, "sampling ddim")
    assert {"mem": "1024M", "time": "240", "cpus-per-task": "1", "account": "lab"}.items() <= sampling.items()
    assert not {"partition", "constraint", "nice"} & set(sampling)
    assert sampling["gpus-per-node"] == "1"
    assert asked(bench, "report").keys().isdisjoint({"gpus-per-node", "constraint", "partition"})
    job = bench.jobs()["training ddpm model"]
    said = slurm.run("squeue", "--noheader", f"--jobs={job.name}", "--format=%P|%m|%c|%l|%f|%a|%b")
    assert said == "high|1.50G|2|1:17:00|second|lab|gres:gpu:2"
    assert [job.facts["gpus"] for job in bench.jobs().values()][:2] == [2, 2]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("training.memori=2", "hydra.launcher.resources.training.memori: no such entry; did you mean memory"),
        ("methods.ddpn.training.memory=2", "hydra.launcher.resources.methods.ddpn: no such entry; did you mean"),
        ("training.time=soon", "hydra.launcher.resources.training.time=soon: not a number"),
        ("training.nodes=2", "train.devices=1: can't be divided among 2 nodes"),
    ],
)
def test_what_means_nothing_is_refused_before_anything_is_submitted(slurm, sweep, word, said):
    bench, before = sweep("method=codec"), slurm.states()
    told = bench.run(ASKED + word)
    assert told.returncode == 2
    assert said in told.stderr
    assert told.stderr.count("\n") == 1
    assert submissions(bench.folder) == []
    assert not (bench.root / "code").exists()
    assert slurm.states() == before


def test_where_there_is_no_slurm_the_launcher_says_so(sweep, monkeypatch):
    bench = sweep("method=codec")
    monkeypatch.setenv("PATH", "/nowhere")
    told = bench.run()
    assert (told.returncode, told.stderr.count("\n")) == (2, 1)
    assert "there is no sbatch here" in told.stderr
    assert submissions(bench.folder) == []


def test_a_refusal_of_some_jobs_is_told_and_retry_submits_what_is_missing(slurm, sweep):
    bench = sweep("method=codec")
    told = bench.run(f"{ASKED}sampling.partition=nowhere")
    assert told.returncode == 2
    assert re.search("^error: SLURM refused a job: .*[Ii]nvalid partition.*retry", told.stderr, re.MULTILINE)
    training = bench.jobs()["training codec codec"].name
    assert {name for name, state in slurm.states().items() if state == "PENDING"} == {training}
    assert bench.sweeps("retry", "--dry-run").stdout.endswith("1 points\n")
    again = bench.sweeps("retry", "resources.sampling.partition=high")
    assert again.returncode == 0, again.stderr
    assert sorted(bench.jobs(2)) == ["sampling codec", "sampling identity", "scoring codec", "scoring identity"]
    assert waits(slurm)[bench.jobs(2)["sampling codec"].name] == f"afterok:{training}"
    assert bench.sweeps("retry").stderr == "nothing failed or was stopped\n"
    assert "6 jobs cancelled" in bench.sweeps("cancel").stderr
    assert "stopped: method=codec" in bench.sweeps("status").stdout


def test_a_sweep_waits_for_what_another_one_is_making(slurm, sweep):
    first, second = sweep("method=codec"), sweep("method=codec,chain")
    assert first.run().returncode == 0
    codec, scoring = (first.jobs()[name].name for name in ("training codec codec", "scoring codec"))
    folder = first.folder
    assert second.run().returncode == 0
    (other,) = [path for path in (second.root / "sweeps").iterdir() if path != folder]
    assert sorted(f"{job['kind']} {job['method']}" for job in submissions(other)[0].jobs) == [
        "sampling chain",
        "scoring chain",
        "training chain",
        "training chain",
    ]
    told, given = waits(slurm), ids(submissions(other)[0])
    assert f"afterok:{codec}" in told[given[1]].split(",")  # what is trained on top of it
    assert f"afterany:{scoring}" in told[given[REPORT]].split(",")
    status = second.sweeps("status", other.name).stdout
    assert status.startswith(f"{other.name}: 0 of 2 points are done, 2 waiting\n")


def pictures(folder: Path, seed: int) -> None:
    folder.mkdir(exist_ok=True)
    for number in range(4):
        data = np.random.default_rng([seed, number]).integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(data).save(folder / f"{number}.png")


def test_data_that_changes_after_the_submission_is_refused_by_the_jobs(slurm, sweep, tmp_path):
    pictures(tmp_path / "clean", 1)
    bench = sweep("method=identity", "dataset=folder", f"dataset.clean={tmp_path / 'clean'}")
    assert (start := bench.run()).returncode == 0, start.stderr
    pictures(tmp_path / "clean", 2)
    slurm.run("scontrol", "release", *waits(slurm))
    slurm.wait(bench.jobs()["scoring identity"].name, "COMPLETED", "FAILED", "CANCELLED", seconds=90)
    (reason,) = [standing.reason for _, standing in bench.state.points]
    assert re.fullmatch(r"sampling \w+: its data changed since it was submitted; start the sweep again", reason)
    assert list((bench.root / "records").glob("*")) == []


def test_code_that_changes_after_the_submission_runs_on_no_node(slurm, sweep):
    bench = sweep("method=identity")
    assert (start := bench.run()).returncode == 0, start.stderr
    laid = Path(submissions(bench.folder)[0].facts["code"]) / "json.py"
    laid.write_text("print('this ran')")  # Python would take it for the standard library's
    slurm.run("scontrol", "release", *waits(slurm))
    slurm.wait(bench.jobs()["scoring identity"].name, "COMPLETED", "FAILED", "CANCELLED", seconds=90)
    (reason,) = [standing.reason for _, standing in bench.state.points]
    assert f"error: {laid}: was not among the frozen files; the frozen code is not run: " in reason
    assert not any("this ran" in bench.said(job) for job in bench.jobs().values())
