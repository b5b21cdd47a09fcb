"""The queue on one machine and the commands around it, as a user meets them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from reports import load
from sweeps.progress.attempts import attempts
from tests.sweeps.checkout_for_tests import TINY, Checkout, checkout
from tests.sweeps.launchers.test_faults import figures, made

LOCAL = ("hydra/launcher=local", "hydra.launcher.workers=2", "hydra.launcher.threads=1")
CHAIN = ("-m", "method=codec,chain", "seed=0,1", *TINY)
LONG = ("-m", "method=codec", "train.steps=100000", "train.checkpoint_seconds=0.2", *TINY)


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Checkout:
    return checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def swept(copy, tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    results = tmp_path_factory.mktemp("swept")
    return results, copy.python("run.py", *CHAIN, *LOCAL, f"results_dir={results}")


def sweeps(copy: Checkout, results: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return copy.python("-m", "sweeps", *words, "--results", str(results))


def wait_for(path: Path, pattern: str, seconds: float = 60) -> Path:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = list(path.glob(pattern))
        if found:
            return found[0]
        time.sleep(0.05)
    raise AssertionError(f"no {pattern} in {path}")


def pids(results: Path) -> list[int]:
    tries = [attempts(path) for path in results.glob("sweeps/*/submissions/*/jobs/*.attempts.jsonl")]
    return [int(tried[-1].place["pid"]) for tried in tries if tried and tried[-1].open]


def the_last_at_work(results: Path, seconds: float = 60) -> int:
    """The one process that still works once quick jobs beside it (the identity baseline's) have ended."""
    until = time.monotonic() + seconds
    while len(pids(results)) > 1 and time.monotonic() < until:
        time.sleep(0.05)
    (worker,) = pids(results)
    return worker


def pid_of(results: Path, key: str) -> int:
    """The process that makes something."""
    for listed in results.glob("sweeps/*/submissions/*/submission.json"):
        for job in json.loads(listed.read_text())["jobs"]:
            if key in job["tasks"]:
                return int(attempts(listed.parent / "jobs" / f"{job['number']}.attempts.jsonl")[-1].place["pid"])
    raise AssertionError(f"nobody makes {key}")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_sweep_gives_what_the_points_give_one_after_another(copy, swept, tmp_path):
    results, done = swept
    assert done.returncode == 0, done.stderr
    plain = copy.python("run.py", *CHAIN, f"results_dir={tmp_path}")
    assert plain.returncode == 0, plain.stderr
    assert made(results) == made(tmp_path)
    pd.testing.assert_frame_equal(figures(results), figures(tmp_path), check_exact=True)
    assert done.stdout.count("chain") == 2 and (next(results.glob("sweeps/*")) / "report" / "report.html").exists()


def test_six_trainings_ran_once_each(swept):
    results, _ = swept
    (listed,) = results.glob("sweeps/*/submissions/*/submission.json")
    jobs = [job for job in json.loads(listed.read_text())["jobs"] if job["kind"] == "training"]
    tries = [attempts(listed.parent / "jobs" / f"{job['number']}.attempts.jsonl") for job in jobs]
    assert len(jobs) == 6 and all(len(tried) == 1 and not tried[0].reason for tried in tries)


def test_the_same_line_again_hands_nothing_over(copy, swept):
    results, first = swept
    again = copy.python("run.py", *CHAIN, *LOCAL, f"results_dir={results}")
    assert again.returncode == 0 and "all is in the store" in again.stderr
    assert again.stdout == first.stdout
    assert len(list(results.glob("sweeps/*/submissions/*"))) == 1


def test_status_logs_and_collect_of_a_finished_sweep(copy, swept):
    results, _ = swept
    told = sweeps(copy, results, "status")
    assert told.returncode == 0 and "4 of 4 points are done" in told.stdout and "GPU-hours" in told.stdout
    key = next(results.glob("trainings/*")).name
    log = sweeps(copy, results, "logs", key[:6])
    assert log.returncode == 0 and f"--- training {key}" in log.stdout
    nothing = sweeps(copy, results, "logs", "zzzz")
    assert nothing.returncode == 2 and nothing.stderr.count("\n") == 1
    assert sweeps(copy, results, "collect").returncode == 0
    assert "nothing failed" in sweeps(copy, results, "retry").stderr


def test_gc_keeps_the_whole_chain_that_records_need(copy, swept, tmp_path):
    """Even under a quota that nothing can meet; what no record needs any more goes, but for the shared stage."""
    results = tmp_path / "results"
    shutil.copytree(swept[0], results)
    before = made(results)
    done = sweeps(copy, results, "gc", "--quota", "1KB")
    assert done.returncode == 0 and "can't be brought down" in done.stdout, done.stderr
    assert made(results) == before
    again = copy.python("run.py", *CHAIN, f"results_dir={results}")
    assert again.returncode == 0 and "train " not in again.stderr and "sample " not in again.stderr
    shutil.rmtree(results / "sweeps")
    table = load(results)
    for run in table.loc[table["method"] == "chain", "run"].unique():
        for path in results.glob(f"records/{run}.*"):
            path.unlink()
    assert sweeps(copy, results, "gc", "--quota", "1KB").returncode == 0
    kept = {path.parent.name for path in results.glob("trainings/*/DONE")}
    assert kept == set(table.loc[table["method"] == "codec", "training"]), (
        "the codec is shared, the rest was chain's own"
    )


def test_what_is_damaged_is_told_and_a_retry_makes_it_again(copy, swept, tmp_path):
    results = tmp_path / "results"
    shutil.copytree(swept[0], results)
    before = made(results)
    classes = {
        path.parent: json.loads(path.read_bytes())["method"]["class"] for path in results.glob("samples/*/facts.json")
    }
    chain = next(folder for folder, name in classes.items() if name == "Chain") / "samples.npz"
    chain.write_bytes(chain.read_bytes()[:-1])
    for path in [*results.glob("records/*"), *results.glob("scores/*/DONE")]:
        path.unlink()
    broken = copy.python("run.py", *CHAIN, *LOCAL, f"results_dir={results}")
    assert broken.returncode == 1 and "was damaged and is discarded; retry makes it again" in broken.stderr
    assert sweeps(copy, results, "retry").returncode == 0
    assert made(results) == before


def test_a_dry_run_writes_nothing(copy, tmp_path):
    done = copy.python("run.py", *CHAIN, *LOCAL, f"results_dir={tmp_path / 'new'}", "--dry-run")
    assert done.returncode == 0 and "trainings" in done.stdout and "nothing was started" in done.stdout
    plan = copy.python("-m", "sweeps", "plan", *CHAIN, f"results_dir={tmp_path / 'new'}")
    assert plan.stdout == done.stdout and not (tmp_path / "new").exists()


def test_what_fails_fails_alone_and_retry_does_only_that(copy, tmp_path):
    """The failing rate is mended in the points' frozen configuration, where a user would mend the code."""
    words = ("-m", "method=codec", "train.lr=1e-3,1e20", "seed=0,1", *TINY)
    done = copy.python("run.py", *words, *LOCAL, f"results_dir={tmp_path}")
    assert done.returncode == 1 and "loss is" in done.stderr
    told = sweeps(copy, tmp_path, "status").stdout
    assert "2 of 4 points are done, 2 failed" in told and "train.lr=1e+20" in told and "loss is" in told
    report = (next(tmp_path.glob("sweeps/*")) / "report" / "report.md").read_text()
    assert "2 of 4 runs have a record" in report
    before = made(tmp_path)
    again = sweeps(copy, tmp_path, "retry")
    assert again.returncode == 1
    (second,) = tmp_path.glob("sweeps/*/submissions/2/submission.json")
    kinds = [job["kind"] for job in json.loads(second.read_text())["jobs"]]
    assert kinds.count("training") == 2 and made(tmp_path) == before
    bad = sweeps(copy, tmp_path, "retry", "nonsense=3")
    assert bad.returncode == 2 and bad.stderr.count("\n") == 1


def test_a_killed_job_fails_alone_and_retry_completes_the_sweep(copy, tmp_path):
    words = ("-m", "method=codec", "train.steps=400", "train.checkpoint_seconds=0", "seed=0,1", *TINY)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert copy.python("run.py", *words, f"results_dir={whole}").returncode == 0
    running = copy.start("run.py", *words, *LOCAL, f"results_dir={killed}")
    training = wait_for(killed, "trainings/*/checkpoint-*").parent.name
    os.kill(pid_of(killed, training), signal.SIGKILL)
    assert running.wait(120) == 1
    told = sweeps(copy, killed, "status").stdout
    assert "1 of 2 points are done, 1 failed" in told and "SIGKILL" in told
    again = sweeps(copy, killed, "retry")
    assert again.returncode == 0, again.stderr
    assert made(killed) == made(whole)
    assert "going on from step" in "".join(
        path.read_text() for path in killed.glob("sweeps/*/submissions/2/jobs/*.log")
    )


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_jobs_end_with_the_queue(copy, tmp_path, number):
    """However the queue ended; its jobs hold locks, and successors wait for nobody."""
    running = copy.start("run.py", *LONG, *LOCAL, f"results_dir={tmp_path}")
    wait_for(tmp_path, "trainings/*/checkpoint-*")
    worker = the_last_at_work(tmp_path)
    running.send_signal(number)
    assert running.wait(30) == {signal.SIGKILL: -9}.get(number, 130)
    until = time.monotonic() + 10
    while alive(worker) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(worker)
    told = sweeps(copy, tmp_path, "status").stdout
    assert "0 of 1 points are done, 1 stopped" in told


def test_jobs_end_with_the_process_that_starts_them(copy, tmp_path):
    running = copy.start("run.py", *LONG, *LOCAL, f"results_dir={tmp_path}")
    wait_for(tmp_path, "trainings/*/checkpoint-*")
    worker = the_last_at_work(tmp_path)
    server = int(Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(server, signal.SIGKILL)
    assert running.wait(60) == 1 and not alive(worker)
    told = sweeps(copy, tmp_path, "status").stdout
    assert "0 of 1 points are done, 1 failed" in told and "SIGKILL" in told


def test_a_training_over_two_devices_is_that_of_one(copy, tmp_path):
    """Its key is the same, it takes two places of the queue, and only rounding differs."""
    words = ("-m", "method=ddim", "train.steps=4", "train.batch_size=4", *TINY)
    one, two = tmp_path / "one", tmp_path / "two"
    assert copy.python("run.py", *words, f"results_dir={one}").returncode == 0
    done = copy.python("run.py", *words, *LOCAL, "train.devices=2", f"results_dir={two}")
    assert done.returncode == 0, done.stderr
    weights = {path.parent.name: load_file(path) for path in two.glob("trainings/*/weights.safetensors")}
    assert len(weights) == 1
    for key, tensors in weights.items():
        assert json.loads((two / "trainings" / key / "DONE").read_text())["facts"]["devices"] == 2
        torch.testing.assert_close(
            tensors, load_file(one / "trainings" / key / "weights.safetensors"), rtol=0, atol=1e-3
        )
    assert set(figures(one)["run"]) == set(figures(two)["run"])


def test_cancel_ends_the_queue_and_status_tells_running_before(copy, tmp_path):
    running = copy.start("run.py", *LONG, *LOCAL, f"results_dir={tmp_path}")
    wait_for(tmp_path, "trainings/*/checkpoint-*")
    wait_for(tmp_path, "sweeps/*/submissions/1/jobs/0.progress.json")
    told = sweeps(copy, tmp_path, "status").stdout
    assert "1 running" in told and "training codec" in told and "/100000" in told
    busy = sweeps(copy, tmp_path, "retry")
    assert busy.returncode == 0 and "nothing failed" in busy.stderr
    ended = sweeps(copy, tmp_path, "cancel")
    assert ended.returncode == 0 and "jobs cancelled" in ended.stderr
    assert running.wait(30) == 130


def test_the_code_of_a_submission_is_that_of_its_time(copy, tmp_path):
    """What is edited while jobs wait changes them not; the copy tells the commit that it was taken from."""
    edited = checkout(tmp_path / "edited")
    results = tmp_path / "results"
    running = edited.start("run.py", *LONG[:2], "train.steps=300", *TINY, *LOCAL, f"results_dir={results}")
    wait_for(results, "trainings/*")
    shutil.rmtree(edited.root / "methods")
    assert running.wait(120) in (0, 1)  # the report may miss what is gone: the jobs must not
    assert list(results.glob("records/*.parquet"))
    (code,) = results.glob("code/*")
    assert (code / "methods" / "chain.py").exists() and (code / ".commit").exists()


def test_wrong_words_are_told_in_one_line(copy, tmp_path):
    for words in (
        ("run.py", *CHAIN, "hydra/launcher=local", "hydra.launcher.workrs=2", f"results_dir={tmp_path / 'none'}"),
        ("run.py", *CHAIN, "hydra/launcher=locl", f"results_dir={tmp_path / 'none'}"),
        ("-m", "sweeps", "status", "nothing", "--results", str(tmp_path / "none")),
        ("-m", "sweeps", "statsu"),
        ("-m", "sweeps", "gc", "--quota", "many"),
    ):
        done = copy.python(*words)
        assert done.returncode == 2 and done.stderr.count("\n") == 1, (words, done.stderr)
    assert not (tmp_path / "none").exists()
