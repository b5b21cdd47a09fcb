"""The command line: expanded as Hydra does, refused in one line, before anything is written."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from errors import UserError
from harness.config import commandline
from harness.config.commandline import read
from harness.config.help import text
from harness.config.nodes import CHOSEN, ROOT_OPTIONS
from harness.config.run_config import inside
from harness.planning.plan import plan
from registry import SCALES, catalog, find
from tests import warm
from tests.catalog_for_tests import extend

ROOT = Path(__file__).parents[3]


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

    with pytest.raises(UserError) as caught:
        command = read(words)
        for point in command.points:
            plan(point)
        results_dir(command)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


RELAY = ["method=relay", "scale=smoke"]


@pytest.mark.parametrize(
    "words,told",
    [
        (["restorer.network=unt"], "restorer.network=unt: no such network; did you mean unet?"),
        (["restorer.train=fast"], "restorer.train=fast: no such train; did you mean default?"),
        (["restorer.netwrk=unet"], "restorer.netwrk: no such group; did you mean restorer.network?"),
        (["restorer.netwrk.dim=8"], "restorer.netwrk.dim: no such group; did you mean restorer.network?"),
        (["restore.network=unet"], "restore.network: no such group; "),
        (["restorer=unet"], "restorer: no such option; did you mean restorer."),
        (
            ["restorer.network.dmi=8"],
            "restorer.network=unet has no option dmi; did you mean dim?",
        ),
        (["restorer.network=mlp", "restorer.network.dim=8"], "restorer.network=mlp has no option dim"),
        (["restorer.network.dim=4"], "restorer.network.dim=4: must lie in [8, inf)"),
        (["restorer.network.dim=x"], "restorer.network.dim=x: expected a whole number in [8, inf)"),
        (["restorer.train.steps=0"], "restorer.train.steps=0: must lie in [1, inf)"),
        (["restorer.train.decay=cosin"], "restorer.train.decay=cosin: did you mean cosine?"),
        (["restorer.train.batch_size=3", "restorer.train.devices=2"], "must be a multiple of restorer.train.devices=2"),
        (["train.batch_size=3", "restorer.train.devices=3", "train.devices=3"], None),
        (
            ["method=rddm", "restorer.network=unet"],
            "method=rddm has no slot restorer.network; it has none",
        ),
        (["method=rddm", "restorer.train.steps=3"], "restorer.train.steps: method=rddm has no slot restorer.train"),
        (["codec.network=unet"], "codec.network: no such group; "),
        (["~restorer.network"], "~restorer.network: an option can't be taken away"),
        (["-m", "restorer.train.steps=8,0"], "restorer.train.steps=0: must lie in [1, inf)"),
        (["-m", "restorer.network=unet,mpl"], "restorer.network=mpl: no such network; did you mean mlp?"),
        (["-m", "method=relay,rddm", "restorer.train.steps=8,9"], "method=rddm has no slot restorer.train"),
    ],
)
def test_mistakes_with_slots_are_told_in_one_line(words, told, monkeypatch):
    extend(monkeypatch)
    if told is None:
        assert read([*RELAY, *words]).points
        return
    with pytest.raises(UserError) as caught:
        read([*RELAY, *words])
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_a_sweep_over_a_slot_has_each_components_own_defaults(monkeypatch):
    extend(monkeypatch)
    axes = ["-m", "scale=smoke,cpu", "restorer.network=unet,mlp", "restorer.train.steps=8,9", *RELAY[:1]]
    seen = [(point.values["restorer.network"], point.values["restorer.train"]["steps"]) for point in read(axes).points]
    unet, mlp = (find("network", name).options for name in ("unet", "mlp"))
    for number, scale in enumerate(("smoke", "cpu")):
        four = seen[4 * number : 4 * number + 4]
        assert [steps for _, steps in four] == [8, 9, 8, 9]
        assert (
            four[0][0]
            == four[1][0]
            == {
                "name": "unet",
                "dim": unet["dim"].at(scale),
                "dim_mults": [1, 2],
                "groups": 8,
            }
        )
        assert four[2][0] == {"name": "mlp", **{name: option.at(scale) for name, option in mlp.items()}}


def test_a_method_may_bring_options_which_the_users_words_win_over(monkeypatch):
    source = """
    from methods.ddpm import Ddim
    from registry import register

    @register("method", "mine")
    class Mine(Ddim):
        defaults = {"sampler": "ddim", "sampler.clip": "none", "sampler.steps": 3, "network.dim_mults": [1, 2, 2]}
    """
    extend(monkeypatch, textwrap.dedent(source))
    line = ["method=mine", "scale=smoke"]
    point = read(line).points[0]
    assert (point.options("sampler")["clip"], point.options("sampler")["steps"]) == ("none", 3)
    assert point.options("network")["dim_mults"] == [1, 2, 2]
    assert read([*line, "scale=paper", "sampler.clip=x0"]).points[0].options("sampler")["clip"] == "x0"
    assert read([*line, "sampler=ddpm"]).points[0].options("sampler")["clip"] == "none", "what has the option takes it"
    assert "dim_mults" not in read([*line, "network=mlp"]).points[0].options("network")
    assert read(["method=ddim", "scale=smoke"]).points[0].options("sampler")["clip"] != "none"
    kept, other = (plan(read([*line, *words]).points[0]) for words in ([], ["sampler.clip=x0"]))
    assert kept.samples.key != other.samples.key and kept.stages[0].key == other.stages[0].key
    assert "      sampler.clip=none   x0|" in text(["mine"]) and "      network.dim_mults=[1,2,2]" in text(["mine"])


@pytest.mark.parametrize("kind", ["restoration", "generation"])
def test_a_method_is_refused_in_one_line_for_a_task_that_it_can_not_do(kind, monkeypatch):
    source = f"""
    from methods.ddpm import Ddim
    from registry import register

    @register("method", "mine")
    class Mine(Ddim):
        kinds = ("{kind}",)
    """
    extend(monkeypatch, textwrap.dedent(source))
    can, can_not = {"restoration": ("denoise", "generate"), "generation": ("generate", "denoise")}[kind]
    assert read(["method=mine", f"task={can}"]).points
    with pytest.raises(UserError, match=f"^task={can_not}: method=mine is for {kind} only; take one of .*{can}"):
        read(["-m", "method=ddim,mine", f"task={can_not}"])


def test_help_on_a_method_lists_its_options_and_its_slots_alone(monkeypatch):
    extend(monkeypatch)
    told = text(["method=relay"])
    assert told == text(["relay"]) and len(told.splitlines()) < 60
    for line in (
        "method.width=4   int [1, inf)",
        "restorer.network=unet   of diffusers_unet|mlp|unet",
        "restorer.network.dim={8, 16, 64, 64}   int [8, inf)",
        "restorer.network.dim_mults=[1,2]   tuple[int, ...]",
        "restorer.train=default   of default",
        "as train, option by option",
        "control.schedule=linear   of ",
        "restorer: reads dataset, task, restorer.network, restorer.train; after codec",
    ):
        assert line in told
    assert "sampler" not in told and "  network=" not in told and "rddm:" not in told
    assert text(["chain,codec"]).count("SLOTS") == 2
    with pytest.raises(UserError, match="^method=rely: no such method; did you mean relay?"):
        text(["rely"])


def test_help_on_a_method_is_the_same_in_both_forms():
    one, other = (warm.run("run.py", *words) for words in (["--help", "rddm"], ["method=rddm", "-h"]))
    assert (one.returncode, one.stderr) == (0, "") and one.stdout == other.stdout
    assert "method.lambda_res=1.0" in one.stdout and "sampler=rddm" in one.stdout and "ddpm:" not in one.stdout
    wrong = warm.run("run.py", "--help", "rdmd")
    assert (wrong.returncode, wrong.stdout) == (2, "") and wrong.stderr.count("\n") == 1
    assert "did you mean rddm?" in wrong.stderr


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
