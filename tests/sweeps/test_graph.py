"""The graph of a sweep and its jobs: what is shared, what is dropped, what comes before what."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.config.commandline import read
from harness.planning.plan import Artifact, Plan, plan
from harness.store.entries import Store
from sweeps.graph import Job, graph, group_tasks, with_identity_baselines
from tests.sweeps.checkout_for_tests import ROOT, TINY, checkout


def plans_of(*words: str) -> list[Plan]:
    return with_identity_baselines([plan(point) for point in read(["-m", *TINY, *words]).points])


def pretend(root: Path, level: str, node: Artifact) -> None:
    entry = Store(root).entry(level, node.key)
    entry.begin(node.facts)
    entry.finish({})


def kinds(jobs: Sequence[Job]) -> list[str]:
    return [job.kind for job in jobs]


def test_points_that_differ_in_sampling_share_their_training(tmp_path):
    found = graph(plans_of("method=rddm,ddim", "sampler.eta=0,1"), tmp_path)
    assert [len(found.of(kind)) for kind in ("training", "sampling", "scoring")] == [2, 5, 5]  # and doing nothing
    assert len(found.wanted) == 12


def test_every_task_comes_after_what_it_needs_and_every_job_too(tmp_path):
    found = graph(plans_of("method=rddm,ddim,ddpm", "sampler.eta=0,1", "seed=0,1"), tmp_path)
    seen: set[str] = set()
    for task in found.wanted:
        assert set(task.needs) <= seen
        seen.add(task.key)
    jobs = group_tasks(found.wanted, 2)
    makers = {task.key: job.number for job in jobs for task in job.tasks}
    assert sorted(makers) == sorted(seen)  # each task in one job
    for job in jobs:
        assert set(job.needs) == {makers[key] for task in job.tasks for key in task.needs} - {job.number}
        assert all(number < job.number for number in job.needs)
        assert job.kind == "training" or len(job.tasks) <= 2
        assert len({task.model for task in job.tasks}) == 1 or job.kind == "training"


def test_samplings_of_one_model_are_one_job_until_the_chunk_is_full(tmp_path):
    found = graph(plans_of("method=ddim", "sampler.eta=0,0.25,0.5,0.75,1"), tmp_path)
    sizes = {
        chunk: [len(job.tasks) for job in group_tasks(found.wanted, chunk) if job.kind == "sampling"]
        for chunk in (2, 16)
    }
    assert sizes == {2: [2, 2, 1, 1], 16: [5, 1]}  # the last is doing nothing


def test_what_is_done_is_dropped_and_what_only_the_done_needed(tmp_path):
    plans = plans_of("method=ddim", "sampler.eta=0,1")
    key = plans[0].stages[0].key
    pretend(tmp_path, "trainings", plans[0].stages[0])
    assert key not in {task.key for task in graph(plans, tmp_path).wanted}
    shutil.rmtree(tmp_path / "trainings")
    for made in plans:
        pretend(tmp_path, "samples", made.samples)
    wanted = graph(plans, tmp_path).wanted
    assert {task.kind for task in wanted} == {"scoring"}, "samples that are there need no training"


def test_a_likelihood_needs_the_training_though_the_samples_are_there(tmp_path):
    words = ("method=ddpm", "task=generate", "metrics=[bpd]")
    plans = plans_of(*words)
    for made in plans:
        pretend(tmp_path, "samples", made.samples)
    assert {task.kind for task in graph(plans, tmp_path).wanted} == {"training", "scoring"}


def test_the_order_of_the_points_changes_nothing_but_the_order(tmp_path):
    plans = plans_of("method=rddm,ddim", "sampler.eta=0,1", "seed=0,1")
    shuffled = random.Random(0).sample(plans, len(plans))
    first, second = graph(plans, tmp_path), graph(shuffled, tmp_path)
    assert set(first.tasks) == set(second.tasks) and first.done == second.done
    assert sorted(kinds(group_tasks(first.wanted, 4))) == sorted(kinds(group_tasks(second.wanted, 4)))


def test_a_run_is_scored_by_the_metrics_of_all_points_that_are_that_run(tmp_path):
    plans = plans_of("method=identity", "metrics=[psnr],[mae,ssim]")
    (scoring,) = graph(plans, tmp_path).of("scoring")
    assert set(scoring.plan.scores) == set(scoring.plan.config.values["metrics"]) == {"psnr", "mae", "ssim"}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    return checkout(tmp_path_factory.mktemp("checkout"))


COUNT = """
import sys
sys.path.insert(0, ".")
from pathlib import Path
from harness.config.commandline import read
from harness.planning.plan import plan
from sweeps.graph import graph, with_identity_baselines
from sweeps.graph import group_tasks
plans = with_identity_baselines([plan(point) for point in read(sys.argv[1:]).points])
whole = graph(plans, Path("nowhere"))
for job in group_tasks(whole.wanted, 16):
    if job.kind == "training":
        print(job.method, job.tasks[0].stage, job.tasks[0].key, ",".join(map(str, job.needs)))
assert "torch" not in sys.modules
"""


def stages(copy, *words: str) -> list[list[str]]:
    command = [sys.executable, "-c", COUNT, "-m", *TINY, *words]
    done = subprocess.run(command, cwd=copy.root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [line.split(" ") for line in done.stdout.splitlines()]


def test_a_stage_of_another_method_is_shared_with_it(copy):
    made = stages(copy, "method=codec,chain")
    assert [(method, stage) for method, stage, *_ in made] == [
        ("codec", "codec"),
        ("chain", "prior"),
        ("chain", "control"),
    ]
    assert made[2][3] == "0,1" and made[1][3] == ""


@pytest.mark.parametrize(
    "word,moved",
    [
        ("method.width=8", {"codec", "control"}),
        ("method.strength=0.5", {"control"}),
        ("seed=1", {"codec", "prior", "control"}),
        ("task.sigma=30", {"codec", "prior", "control"}),
        ("network.dim=16", set()),
    ],
)
def test_a_stage_depends_on_its_own_options_and_on_its_upstream(copy, word, moved):
    before = {stage: key for _, stage, key, _ in stages(copy, "method=chain")}
    after = {stage: key for _, stage, key, _ in stages(copy, "method=chain", word)}
    assert {stage for stage in before if before[stage] != after[stage]} == moved


def test_a_thousand_points_are_planned():
    """How fast is measured in benchmarks/plan_scale.py; here only that all are there."""
    words = ["-m", "method=rddm,ddim", "sampler.eta=range(0,1,0.1)", "seed=range(50)", *TINY]
    done = subprocess.run([sys.executable, "-m", "sweeps", "plan", *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1000 points") and re.search(r"trainings +100 +0 +100 +100 ", done.stdout)
