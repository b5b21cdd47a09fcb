"""The command line: expanded as Hydra does, refused in one line, before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from errors import UserError
from harness.config import commandline
from harness.config.commandline import read
from harness.config.nodes import CHOSEN, ROOT_OPTIONS
from harness.config.run_config import inside
from registry import SCALES, catalog, find
from tests import warm

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    "words,told",
    [
        (["method=rdmd"], "did you mean rddm?"),
        (["task=nothing"], "no such task; "),
        (["sampler.eta=abc"], "sampler.eta=abc: expected a number in [0, 1]"),
        (["sampler.eta=1.5"], "sampler.eta=1.5: must lie in [0, 1]"),
        (["sampler.eta=nan"], "must lie in"),
        (["train.steps=-1"], "train.steps=-1: must lie in [1, inf)"),
        (["train.steps=1.5"], "train.steps=1.5: expected a whole number"),
        (["sampler.step=5"], "did you mean steps?"),
        (["method.predict=rez"], "did you mean res?"),
        (["method=ddim", "method.lambda_res=2"], "method=ddim has no option lambda_res"),
        (["tain.steps=5"], "did you mean train?"),
        (["sede=1"], "did you mean seed?"),
        (["seed=x"], "seed=x: expected a whole number"),
        (["scale=huge"], "there are: cpu, gpu, paper, smoke"),
        (["images=0"], "images=0: must lie in [1, inf)"),
        (["metrics=[psnr,sim]"], "did you mean ssim?"),
        (["device=cud"], "did you mean cuda?"),
        (["-cn", "nothing"], "no such experiment"),
        (["method=rddm,ddim"], "method"),
        (["-m", "results_dir=a,b"], ""),
        (["seed"], "seed"),
        (["dataset=folder"], "dataset.clean=FOLDER"),
        (["task=sr", "task.factor=3"], "3"),
        (["dataset=toy2d", "task=denoise"], ""),
    ],
)
def test_mistakes_are_told_in_one_line(words, told):
    from harness.config.commandline import results_dir
    from harness.planning.plan import plan

    with pytest.raises(UserError) as caught:
        command = read(words)
        for point in command.points:
            plan(point)
        results_dir(command)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_sweep_is_expanded_in_hydras_order():
    command = read(["-m", "method=rddm,ddim", "sampler.eta=0,1", "scale=smoke"])
    assert command.multirun
    seen = [(point.name("method"), point.options("sampler")["eta"]) for point in command.points]
    assert seen == [("rddm", 0.0), ("rddm", 1.0), ("ddim", 0.0), ("ddim", 1.0)]
    assert all(isinstance(eta, float) for _, eta in seen)


def test_one_bad_point_refuses_the_sweep():
    with pytest.raises(UserError, match="sampler.eta=2"):
        read(["-m", "method=rddm", "sampler.eta=0,2"])


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("method", catalog()["method"])
def test_every_method_composes_at_every_scale_with_its_own_defaults(method, scale):
    point = read([f"method={method}", f"scale={scale}"]).points[0]
    for group, name in find("method", method).facts.defaults.items():
        assert point.name(group) == name
    sampler = find("sampler", point.name("sampler"))
    assert point.options("sampler")["steps"] == sampler.options["steps"].at(scale)


def test_the_users_word_wins_over_a_methods_default():
    point = read(["method=ddpm", "sampler=ddim", "schedule=cosine", "sampler.steps=7"]).points[0]
    assert (point.name("sampler"), point.name("schedule")) == ("ddim", "cosine")
    assert point.options("sampler")["steps"] == 7


@pytest.mark.parametrize("dataset", catalog()["dataset"])
def test_a_data_set_switches_task_network_metrics_and_number_of_images(dataset):
    point, facts = read([f"dataset={dataset}"]).points[0], find("dataset", dataset).facts
    defaults = dict(facts.defaults)
    if "metrics" in defaults:
        assert list(point.values["metrics"]) == defaults.pop("metrics")
    assert {group: point.name(group) for group in defaults} == defaults
    for name in ("images", "references"):
        assert point.values[name] == facts.counts.get(name, {}).get("cpu", ROOT_OPTIONS[name][0].at("cpu"))


def test_the_users_number_of_images_and_metrics_win_over_a_data_sets():
    point = read(["dataset=toy2d", "images=7", "metrics=[psnr]"]).points[0]
    assert (point.values["images"], list(point.values["metrics"])) == (7, ["psnr"])


@pytest.mark.parametrize("scale", SCALES)
def test_the_embedded_photographs_are_enough_for_every_scale(scale):
    from harness.planning.dependencies import source_of

    point = read([f"scale={scale}"]).points[0]
    assert len(source_of(point).test(point.values["images"])) == point.values["images"]


def test_metrics_are_chosen_together_and_keep_their_options():
    assert list(read(["metrics=[mae,psnr]"]).points[0].values["metrics"]) == ["mae", "psnr"]


@pytest.mark.parametrize(
    "number,interval,yes",
    [(0, "[0, 1)", True), (1, "[0, 1)", False), (1, "(0, 1]", True), (0, "(0, 1]", False), (9e99, "[1, inf)", True)]
    + [(float("inf"), "[1, inf)", False), (float("nan"), "[0, 1]", False)],
)
def test_intervals(number, interval, yes):
    assert inside(number, interval) is yes


def test_refused_commands_write_nothing_and_say_one_line(tmp_path):
    for words in (["sampler.eta=abc"], ["train.steps=-1"], ["task=nothing"], ["method=rdmd"]):
        done = warm.run("run.py", f"results_dir={tmp_path / 'results'}", *words)
        assert done.returncode == 2
        assert done.stdout == "" and done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["file/results", "/proc/results", "/dev/null/results"])
def test_a_results_dir_that_can_not_be_written_is_told_in_one_line(tmp_path, place):
    (tmp_path / "file").write_text("no folder")
    done = warm.run("run.py", "scale=smoke", f"results_dir={tmp_path / place}")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_help_lists_every_group_component_and_option():
    done = warm.run("run.py", "--help")
    assert done.returncode == 0 and done.stderr == ""
    for group in CHOSEN:
        for name, component in catalog()[group].items():
            assert f"  {name}: " in done.stdout
            prefix = f"metrics.{name}" if group == "metrics" else group
            assert all(f"{prefix}.{option}=" in done.stdout for option in component.options)


@pytest.mark.parametrize("content", [b"a: [1\nb: }", b"? [\x01", b"\xff\xfe a"])
def test_an_experiment_that_is_no_yaml_is_one_line(tmp_path, monkeypatch, content):
    folder = tmp_path / f"{tmp_path.name}_sweeps"  # a package of its own, as sweeps/ is one
    folder.mkdir()
    for path in [*commandline.FOLDER.glob("*.yaml"), commandline.FOLDER / "__init__.py"]:
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "mine.yaml").write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(commandline, "FOLDER", folder)
    with pytest.raises(UserError, match="-cn mine: no YAML ") as raised:
        read(["-cn", "mine"])
    assert "\n" not in str(raised.value)
