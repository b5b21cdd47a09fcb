"""The store at work: train once, exact resume, two processes, damage, failures, later metrics."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from harness.config.commandline import read
from harness.planning.plan import plan
from harness.store.listed import read_points
from reports import load
from tests import warm

ROOT = Path(__file__).parent.parent.parent
TINY = ("scale=smoke", "dataset.size=16", "images=2", "task=denoise")


def command(results: Path, *words: str) -> list[str]:
    return ["run.py", f"results_dir={results}", *TINY, *words]


def run(results: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return warm.run(*command(results, *words))


def files(results: Path, level: str, name: str) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in results.glob(f"{level}/*/{name}")}


@pytest.fixture(scope="module")
def swept(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    results = tmp_path_factory.mktemp("swept")
    return results, run(results, "-m", "method=rddm,ddim", "sampler.eta=0,1")


def test_a_sweep_over_eta_trains_twice_and_samples_four_times(swept):
    results, done = swept
    assert done.returncode == 0, done.stderr
    assert len(files(results, "trainings", "DONE")) == 2
    assert len(files(results, "samples", "DONE")) == 5  # and doing nothing
    assert len(files(results, "inputs", "DONE")) == 1
    (folder,) = results.glob("sweeps/*")
    csv, parquet = pd.read_csv(folder / "table.csv"), pd.read_parquet(folder / "table.parquet")
    for table in (csv, parquet):
        assert list(table["method"]) == ["rddm", "rddm", "ddim", "ddim"]
        assert list(table["sampler.eta"]) == [0, 1, 0, 1]
        assert table["psnr"].notna().all() and table["psnr_input"].nunique() == 1
    assert [point["status"] for point in read_points(folder)] == [
        *["done"] * 4,
        "identity",
    ]
    assert done.stdout.count("rddm") == 2 and done.stdout.count("ddim") == 2
    assert (folder / "grid.png").stat().st_size > 1000


def test_a_record_tells_the_threads_that_its_training_ran_with(swept):
    results, _ = swept
    threads = {key: json.loads(done)["facts"]["threads"] for key, done in files(results, "trainings", "DONE").items()}
    heads = load(results).drop_duplicates("run")
    trained = heads[heads["method"] != "identity"]
    assert len(trained) == 4 and (trained["train_threads"] == trained["training"].map(threads)).all()
    assert heads.loc[heads["method"] == "identity", "train_threads"].isna().all()


def test_nfe_counts_what_the_network_is_called(swept):
    records = load(swept[0])
    costs = records.groupby("method")["nfe"].first()
    assert costs["rddm"] == 2 and costs["ddim"] == 4 and costs["identity"] == 0
    assert (records.loc[records["method"] != "identity", "gflops_per_image"] > 0).all()


def test_the_same_line_again_makes_nothing(swept):
    results, _ = swept
    before = {
        path: path.stat().st_mtime_ns for path in results.rglob("*") if path.is_file() and "sweeps" not in path.parts
    }
    done = run(results, "-m", "method=rddm,ddim", "sampler.eta=0,1")
    assert done.returncode == 0
    assert not [line for line in done.stderr.splitlines() if line.startswith(("train ", "sample ", "features "))]
    after = {
        path: path.stat().st_mtime_ns for path in results.rglob("*") if path.is_file() and "sweeps" not in path.parts
    }
    assert before == after
    assert len(list(results.glob("sweeps/*"))) == 1


def test_another_metric_later_samples_nothing(swept):
    results, _ = swept
    assert set(load(results)["metric"]) == {"psnr", "ssim", "mae"}
    fresh = results.parent / "fresh"
    run(fresh, "metrics=[psnr]")
    assert set(load(fresh)["metric"]) == {"psnr"}
    samples = files(fresh, "samples", "DONE")
    done = run(fresh, "metrics=[mae]")
    assert done.returncode == 0 and "sample " not in done.stderr
    assert files(fresh, "samples", "DONE") == samples
    assert set(load(fresh)["metric"]) == {"psnr", "mae"}


def test_ddim_and_ddpm_share_their_training():
    keys = {plan(read([*TINY, f"method={name}"]).points[0]).stages[0].key for name in ("ddpm", "ddim")}
    assert len(keys) == 1


@pytest.mark.parametrize(
    "word,moves",
    [
        ("sampler.eta=0.3", {"samples"}),
        ("sampler.steps=1", {"samples"}),
        ("sampling_seed=1", {"samples"}),
        ("images=3", {"inputs", "samples"}),
        ("batch_size=1", set()),
        ("train.checkpoint_seconds=1", set()),
        ("results_dir=elsewhere", set()),
        ("metrics=[psnr]", set()),
        ("seed=1", {"training", "samples"}),
        ("train.lr=0.5", {"training", "samples"}),
        ("network.dim=16", {"training", "samples"}),
        ("method.predict=res", {"training", "samples"}),
        ("schedule.sum_scale=0.2", {"training", "samples"}),
        ("task.sigma=30", {"training", "inputs", "samples"}),
        ("data_seed=1", {"training", "inputs", "samples"}),
        ("dataset.size=32", {"training", "inputs", "samples"}),
        ("precision=bf16", {"training", "samples"}),
    ],
)
def test_a_key_depends_on_what_its_result_depends_on(word, moves):
    def keys(*words):
        made = plan(read([*TINY, *words]).points[0])
        return {"training": made.stages[0].key, "inputs": made.inputs.key, "samples": made.samples.key}

    before, after = keys(), keys(word)
    assert {name for name in before if before[name] != after[name]} == moves


def test_weights_and_pictures_count_by_what_they_are_not_by_where_they_lie(tmp_path):
    """Moving a folder keeps the keys of the trainings; another file in it moves them."""
    from harness.planning.dependencies import content

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights").write_bytes(b"same")
    assert content(str(tmp_path / "a")) == content(str(tmp_path / "b"))
    (tmp_path / "b" / "weights").write_bytes(b"other")
    assert content(str(tmp_path / "a")) != content(str(tmp_path / "b"))
    assert content("") == "" and content(str(tmp_path / "none")) == str(tmp_path / "none")


def test_a_training_killed_at_any_step_ends_with_the_bits_of_one_that_ran_through(tmp_path):
    words = ("train.steps=40", "train.checkpoint_seconds=0", "method.networks=2")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert run(whole, *words).returncode == 0
    rng = random.Random(time.time_ns())
    for _ in range(2):
        wanted = rng.randrange(1, 30)
        process = warm.start(*command(killed, *words))
        while process.poll() is None and _newest(killed) < wanted:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not files(killed, "trainings", "DONE"), "it was to be killed before its end"
    done = run(killed, *words)
    assert done.returncode == 0 and "going on from step" in done.stderr
    for level, name in (("trainings", "weights.safetensors"), ("trainings", "curve.npz"), ("samples", "samples.npz")):
        assert files(killed, level, name) == files(whole, level, name), name
    assert not list(killed.glob("trainings/*/checkpoint-*"))


def _newest(results: Path) -> int:
    steps = [int(path.name.split("-")[1]) for path in results.glob("trainings/*/checkpoint-*")]
    return max(steps, default=0)


def test_two_processes_asked_for_the_same_training_do_it_once(tmp_path):
    both = [warm.start(*command(tmp_path, "train.steps=40")) for _ in range(2)]
    said = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("train rddm" in text for text in said) == 1, said
    assert sum("sample rddm" in text for text in said) == 1, said


@pytest.mark.parametrize(
    "level,name", [("trainings", "weights.safetensors"), ("samples", "samples.npz"), ("inputs", "inputs.npz")]
)
def test_a_damaged_file_is_named_and_made_again(swept, tmp_path, level, name):
    results, _ = swept
    (path, *_) = sorted(results.glob(f"{level}/*/{name}"))
    good = path.read_bytes()
    bad = bytearray(good)
    bad[len(bad) // 2] ^= 1
    path.write_bytes(bytes(bad))
    done = run(results, "-m", "method=rddm,ddim", "sampler.eta=0,1")
    assert done.returncode == 0, done.stderr
    assert f"damaged: {path}" in done.stderr
    assert path.read_bytes() == good


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(tmp_path):
    words = ("train.steps=30", "train.checkpoint_seconds=0")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    run(whole, *words)
    process = warm.start(*command(killed, *words))
    while process.poll() is None and _newest(killed) < 5:
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    newest = max(killed.glob("trainings/*/checkpoint-*"))
    data = bytearray(newest.read_bytes())
    data[-1] ^= 1
    newest.write_bytes(bytes(data))
    done = run(killed, *words)
    assert f"damaged, not used: {newest}" in done.stderr
    assert files(killed, "trainings", "weights.safetensors") == files(whole, "trainings", "weights.safetensors")


def test_a_loss_that_is_no_number_fails_alone_and_is_tried_again(tmp_path):
    words = ("-m", "train.lr=1e38,1e-3", "train.clip=0", "train.warmup=0")
    done = run(tmp_path, *words)
    assert done.returncode == 1
    assert "1 of 2 runs" in done.stderr
    (marker,) = tmp_path.glob("trainings/*/FAILED")
    failure = json.loads(marker.read_text())
    assert (
        failure["facts"]["step"] in (1, 2, 3) and "at step" in failure["reason"] and "Traceback" in failure["traceback"]
    )
    assert done.stderr.count(f"failed: {failure['reason']}") >= 1
    assert len(load(tmp_path, runs=[path.stem for path in tmp_path.glob("records/*")]).query("method == 'rddm'")) == 6
    assert run(tmp_path, *words).returncode == 1


def test_a_full_disk_is_told_and_the_run_goes_on_when_there_is_space(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        done = run(disk, "train.checkpoint_seconds=0")
        assert done.returncode == 1 and "free some space" in done.stderr and "Traceback" not in done.stderr
        assert not list(disk.rglob("*.tmp")) and not files(disk, "trainings", "DONE")
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        assert run(disk, "train.checkpoint_seconds=0").returncode == 0
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_more_pictures_than_there_are_is_told_before_anything_is_trained(tmp_path):
    done = run(tmp_path, "images=5000")
    assert done.returncode == 1 and "train rddm" not in done.stderr
    assert "5000" in done.stderr and not list(tmp_path.glob("trainings/*"))


def test_generation_is_recorded_without_a_metric(tmp_path):
    done = run(tmp_path, "method=ddim", "task=generate", "metrics=[psnr]")
    assert done.returncode == 0, done.stderr
    records = load(tmp_path)
    assert len(records) == 1 and records["nfe"].item() == 4 and records["metric"].item() == ""
    assert (next(tmp_path.glob("sweeps/*")) / "grid.png").exists()


def test_a_full_store_is_read_without_torch(swept):
    code = (
        "import sys; sys.argv = ['run.py'] + sys.argv[1:]; import run; status = run.main(sys.argv[1:]); "
        "assert status == 0 and 'torch' not in sys.modules, status"
    )
    words = (f"results_dir={swept[0]}", *TINY, "-m", "method=rddm,ddim", "sampler.eta=0,1")
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
