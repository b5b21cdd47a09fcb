"""Points composed from parts are the points that Hydra composes whole, to the type and the order of every value."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hydra import initialize_config_dir
from omegaconf import OmegaConf

from errors import UserError
from harness.config import compose
from harness.config.commandline import FOLDER, read
from harness.config.compose import Composer, composed
from harness.config.nodes import CHOSEN, ROOT_OPTIONS, store_nodes
from registry import Option, find, slots
from tests.catalog_for_tests import extend

ROOT = Path(__file__).parents[3]
# Every type of option and every kind of default: by scale, by data set, lists, null, words, text.
STRUCTURES = (
    ("scale=smoke",),
    ("method=ddpm", "scale=paper"),
    ("sampler=ddim", "method=ddim", "schedule=cosine"),
    ("network=diffusers_unet", "metrics=[fid,mmd,psnr]"),
    ("dataset=toy2d", "scale=gpu"),
    ("dataset=digits", "task=jpeg", "metrics=[bpd]"),
    ("method=relay", "scale=smoke"),
    ("method=relay", "restorer.network=mlp", "control.schedule=cosine", "scale=gpu"),
)
WRONG = ("abc", "1.5", "-1", "1e-3", "1e3", "[1,2]", "[1,x]", "true", "1,2", "{a:1}", "''", "nan", "null", "range(1,3)")


@pytest.fixture
def composer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Composer]:
    extend(monkeypatch)
    store_nodes()
    with initialize_config_dir(str(FOLDER), version_base="1.3"):
        yield Composer("run")


def written(draw: random.Random, option: Option) -> str:
    """A word for an option's value: most often one that it takes."""
    if draw.random() < 0.02:
        return draw.choice(WRONG)
    if option.nullable and draw.random() < 0.3:
        return "null"
    if option.choices:
        return draw.choice(option.choices)
    if option.type in ("int", "float"):
        low, high = (float(bound) for bound in (option.interval or "[0, 9]")[1:-1].split(","))
        low, high = max(low, -9.0), min(high, max(low, -9.0) + 9)
        number = draw.uniform(low, high)
        kinds = [f"{number:.3g}", f"{number:.2e}", f"{low + 1:.0f}"]
        return str(draw.randint(int(low) + 1, int(high))) if option.type == "int" else draw.choice(kinds)
    words = {"bool": ("true", "false", "True", "1", "0", "on"), "str": ("ab", "5", "1.0", "true", "'a b'", "''", "a/b")}
    return draw.choice(words.get(option.type, ("[1,2,4]", "[1]", "[2, 3]", "[]")))


def options_of(chosen: dict[str, str], metrics: Sequence[str]) -> list[tuple[str, Option]]:
    """What may be written with these components, by path."""
    found = [(name, option) for name, (option, _) in ROOT_OPTIONS.items() if name != "scale"]
    for group, name in chosen.items():
        found += [(f"{group}.{option}", value) for option, value in find(group, name).options.items()]
    for name in metrics:
        found += [(f"metrics.{name}.{option}", value) for option, value in find("metrics", name).options.items()]
    return found


def lines(structure: tuple[str, ...], count: int) -> Iterator[list[str]]:
    """Random command lines: options of the chosen components between the words that choose them, some twice."""
    config, draw = composed("run", structure), random.Random(repr(structure))
    places = [*(group for group in CHOSEN if group != "metrics"), *slots(config.method.name)]
    chosen = {slot: str(OmegaConf.select(config, slot).name) for slot in places}
    options = options_of(chosen, list(config.metrics))
    for _ in range(count):
        words = [f"{path}={written(draw, option)}" for path, option in draw.choices(options, k=draw.randint(1, 10))]
        whole = [*structure, *words]
        yield draw.sample(whole, len(whole)) if draw.random() < 0.1 else whole


def outcome(make, line):
    try:
        point = make(line)
    except UserError as error:
        return str(error)
    return None if point is None else (repr(point.values), point.overrides)


@pytest.mark.parametrize("structure", STRUCTURES, ids=" ".join)
def test_random_lines_become_what_hydra_composes(composer, structure):
    taken = refused = 0
    for line in lines(structure, 30):
        whole, quick = outcome(composer.whole, line), outcome(composer.quick, line)
        told = isinstance(whole, str)
        assert quick == (None if told else whole), line
        taken, refused = taken + (not told), refused + told
        if told and refused == 1:
            assert outcome(composer.point, line) == whole
    assert taken > 15 and refused > 0


@pytest.mark.parametrize("words", [["seed=1", "seed=2"], ["network.dim_mults=[1]", "network.dim_mults=[1,2]"]])
def test_the_last_word_of_an_option_wins(composer, words):
    for line in (words, words[::-1], [*words, words[0]]):
        assert outcome(composer.quick, line) == outcome(composer.whole, line)
        group, _, option = words[0].partition("=")[0].partition(".")
        value = composer.quick(line).values[group]
        assert str(value[option] if option else value).replace(" ", "") == line[-1].partition("=")[2]


def test_a_value_has_its_options_type(composer):
    config = composer.quick(["sampler.steps=5", "sampler.eta=1", "results_dir=5", "schedule.sum_scale=null"]).values
    values = [*(config["sampler"][name] for name in ("steps", "eta")), config["results_dir"]]
    assert list(map(repr, values)) == ["5", "1.0", "'5'"] and config["schedule"]["sum_scale"] is None


def test_what_follows_is_composed_as_hydra_does_it(composer):
    for line in (
        ["method=relay", "train.steps=9", "restorer.train.lr=0.5", "train.lr=0.25", "train.warmup=7"],
        ["restorer.train.steps=7", "method=relay", "train.steps=9", "train.optimizer=adamw"],
    ):
        assert outcome(composer.quick, line) == outcome(composer.whole, line)
        values = composer.quick(line).values
        assert (values["train"]["steps"], values["restorer.train"]["steps"]) in ((9, 9), (9, 7))
        assert values["restorer.train"]["optimizer"] == values["train"]["optimizer"]


def test_an_experiment_may_set_a_slot_which_then_follows_no_more(tmp_path, monkeypatch):
    extend(monkeypatch)
    shutil.copytree(FOLDER, tmp_path, ignore=shutil.ignore_patterns("*.py", "__pycache__"), dirs_exist_ok=True)
    mine = "defaults: [run, override method: relay, override restorer.network: mlp, _self_]\n"
    (tmp_path / "mine.yaml").write_text(mine + "restorer: {train: {steps: 77}}\n")
    store_nodes()
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        composer = Composer("mine")
        point = composer.quick(["train.steps=7", "train.lr=0.5"])
        assert point == composer.whole(["train.steps=7", "train.lr=0.5"])
        assert (point.options("restorer.train")["steps"], point.options("restorer.train")["lr"]) == (77, 0.5)
        assert point.name("restorer.network") == "mlp"


@pytest.mark.parametrize(
    "line",
    [
        ["images=${seed}", "seed=3"],
        ["++seed=3", "seed=4"],
        ["seed=4", "++seed=3"],
        ["results_dir='a?b'"],
    ],
)
def test_words_that_are_not_plain_go_the_whole_way(composer, line):
    assert composer.quick(line) is None
    point = composer.point(line)
    assert point.values == composer.whole(line).values
    assert point.values["seed"] == (4 if line[-1] == "seed=4" else 3 if "3" in "".join(line) else 0)


@pytest.mark.parametrize(
    "line", [["+seed=3"], ["~seed"], ["+method=ddim"], ["seed=???"], ["train.steps=???"], ["results_dir=a,b"]]
)
def test_words_that_hydra_refuses_are_refused(composer, line):
    with pytest.raises(UserError) as caught:
        composer.point(line)
    assert "\n" not in str(caught.value) and composer.quick(line) is None


def test_hydras_own_words_are_composed_with_the_groups(composer):
    line = ["hydra.sweeper.max_batch_size=5", "hydra/launcher=basic", "seed=3", "hydra.sweep.dir=${results_dir}/x"]
    assert outcome(composer.quick, line) == outcome(composer.whole, line) != None  # noqa: E711
    with pytest.raises(UserError, match="hydra/launcher"):
        composer.point(["hydra/launcher=nothing", "seed=3"])


def test_a_leaf_that_another_word_may_move_is_never_set_by_itself(tmp_path):
    """An experiment may refer to any option; then no word stands for itself alone."""
    shutil.copytree(FOLDER, tmp_path, ignore=shutil.ignore_patterns("*.py", "__pycache__"), dirs_exist_ok=True)
    (tmp_path / "linked.yaml").write_text("defaults: [run, _self_]\nsampler: {steps: '${train.steps}'}\n")
    store_nodes()
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        composer = Composer("linked")
        assert composer.quick(["train.steps=7"]) is None
        assert composer.point(["train.steps=7"]).options("sampler")["steps"] == 7


def test_an_experiment_without_a_group_is_told_in_one_line(tmp_path):
    (tmp_path / "bare.yaml").write_text("defaults: [root, train: default, _self_]\n")
    store_nodes()
    with initialize_config_dir(str(tmp_path), version_base="1.3"), pytest.raises(UserError, match="network") as caught:
        Composer("bare").point(["seed=1"])
    assert "\n" not in str(caught.value)


def test_a_sweep_is_composed_once_for_each_choice_of_groups(monkeypatch):
    asked = []
    monkeypatch.setattr(compose, "composed", lambda name, line: asked.append(line) or composed(name, line))
    points = read(["-m", "scale=smoke", "method=rddm,ddim", "seed=range(20)", "sampler.eta=0,0.5,1"]).points
    assert len(points) == 120 and asked == [("scale=smoke", "method=rddm"), ("scale=smoke", "method=ddim")]
    assert [point.values["seed"] for point in points[:6]] == [0, 0, 0, 1, 1, 1]
    assert len({id(point.values["network"]) for point in points}) == 2


def test_points_are_composed_in_the_launcher_as_on_the_command_line():
    store_nodes()
    with initialize_config_dir(str(FOLDER), version_base="1.3"):
        made = (*map(Composer("run").point, [("seed=1", "scale=smoke"), ("seed=2", "scale=smoke")]),)
    assert made == read(["-m", "seed=1,2", "scale=smoke"]).points


def test_hydras_sweeper_composes_nothing_again():
    from hydra.core.plugins import Plugins
    from hydra.plugins.sweeper import Sweeper

    from hydra_plugins.restorebench.sweeper import CheckedSweeper

    store_nodes()
    with initialize_config_dir(str(FOLDER), version_base="1.3"):
        settings = composed("run", ["hydra.sweeper.params={seed:'1,2'}"], hydra=True).hydra.sweeper
        found = next(one for one in Plugins.instance().discover(Sweeper) if one.__name__ == CheckedSweeper.__name__)
    assert settings._target_ == f"{CheckedSweeper.__module__}.CheckedSweeper" and settings.params == {"seed": "1,2"}
    found(max_batch_size=None).validate_batch_is_legal([["no.such=option"]])


LOOK = """
import sys
from harness.config.commandline import read
from harness.planning.plan import identity_baseline, plan
points = read(sys.argv[1:]).points
print(len({plan(point).run for point in points}), len({identity_baseline(point).run for point in points}))
print(*(plan(point).stages[0].key for point in points))
print([name for name in ("torch", "torchmetrics", "diffusers", "timm") if name in sys.modules])
"""


def looked(*words: str) -> list[str]:
    """What a process of its own plans: the number of runs, the keys of the trainings, the heavy packages."""
    done = subprocess.run([sys.executable, "-c", LOOK, *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_planning_a_sweep_imports_no_heavy_package():
    axes = ("method=rddm,ddim,ddpm", "sampler.steps=2,3", "seed=range(3)", "metrics=[psnr,lpips]")
    counted, _, heavy = looked("-m", "scale=smoke", *axes)
    assert (counted, heavy) == ("18 1", "[]")


def test_another_picture_in_a_folder_moves_the_keys_of_the_next_process(tmp_path):
    from PIL import Image

    for name in ("a", "b", "c"):
        Image.new("RGB", (64, 64), (len(name), 0, ord(name))).save(tmp_path / f"{name}.png")
    words = ("scale=smoke", "dataset=folder", f"dataset.clean={tmp_path}", "images=1", "dataset.size=32")
    first = looked(*words)[1]
    assert looked(*words)[1] == first
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    assert looked(*words)[1] != first
