"""A small report made by hand, and the results folder that its pictures come from."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.store.entries import Store, write_npz
from harness.store.keys import key
from reports.analysis.model import (
    Ablation,
    Block,
    Comparison,
    Condition,
    Estimate,
    FactorLevel,
    Failure,
    Interaction,
    MetricInfo,
    Report,
    Score,
)
from tests.records_for_tests import keep

HOSTILE = "<script>window.hacked=1</script>\"'&</script><img src=x onerror=alert(1)>\u202egnp.exe\u200b" + "long-" * 60
METRICS = {
    "psnr": MetricInfo("psnr", "dB", "psnr;8bit;range=255;v1", True, "image", math.nan, 9.8655),
    "ssim": MetricInfo("ssim", "", "ssim;8bit;valid;v1", True, "image", math.nan, 0.3012),
    "mae": MetricInfo("mae", "8-bit levels", "mae;8bit;v1", False, "image", math.nan, 64.125),
    "kid": MetricInfo("kid", "", "kid;unbiased;n=24;v1", False, "set", 0.0003, math.nan),
}
SIZES = {"psnr": (18.0, 1.0), "ssim": (0.6, 0.04), "mae": (20.0, 2.0), "kid": (0.05, 0.004)}
PICTURES = 24
INPUTS = key("inputs", {})


def estimate(value: float, half: float) -> Estimate:
    return Estimate(value, value - half, value + half)


def comparison(value: float, half: float, higher: bool, kind: str) -> Comparison:
    open_ = abs(value) < half
    verdict = "inconclusive" if open_ else "better" if (value > 0) == higher else "worse"
    wins = Estimate(math.nan, math.nan, math.nan) if kind == "set" else estimate(0.5 if open_ else 0.83, 0.1)
    p = 0.4 if open_ else 0.0002
    return Comparison(
        estimate(value, half), wins, p, min(1.0, 3 * p), "Holm", 2.8 * half / 1.96, PICTURES, 3, verdict, "k1"
    )


def score(metric: str, gain: float, baseline: bool, best: bool) -> Score:
    """A condition that is ``gain`` times the metric's slope above the baseline, in the better direction."""
    facts, (base, slope) = METRICS[metric], SIZES[metric]
    sign = 1 if facts.higher_is_better else -1
    difference = sign * gain * slope
    against = None if baseline else comparison(difference, 0.35 * slope, facts.higher_is_better, facts.kind)
    return Score(estimate(base + difference, 0.6 * slope), PICTURES, best, against)


def condition(number: int, method: str, options: dict[str, Any], gain: float, baseline: bool = False) -> Condition:
    words = " ".join(f"{name}={value}" for name, value in options.items())
    runs = tuple(f"r{number}-{seed}" for seed in range(3))
    costs = {"nfe": float(options.get("sampler.steps", 0)), "seconds_per_image": 0.0031 * (1 + number)}
    costs |= {"gflops_per_image": 1.5 * number, "parameters": 1_234_567.0, "peak_memory_mb": 120.0 + 7 * number}
    costs |= {"train_seconds": 118.2 if number else math.nan}
    scores = {name: score(name, gain, baseline, gain > 2.4) for name in METRICS}
    command = f"python run.py method={method} {words} task=lowlight seed=0"
    return Condition(
        f"k{number}", f"{method} {words}".strip(), method, options, runs, (0, 1, 2), scores, costs, command
    )


def conditions(count: int = 8) -> tuple[Condition, ...]:
    fixed = [
        condition(0, "identity", {}, -8.0),
        condition(1, "ddim", {"sampler.eta": 0.0, "sampler.steps": 20}, 0.0, baseline=True),
        condition(2, "ddim", {"sampler.eta": 1.0, "sampler.steps": 20}, -0.9),
        condition(3, "rddm", {"sampler.eta": 0.0, "sampler.steps": 5}, 2.5),
        condition(4, "rddm", {"sampler.eta": 1.0, "sampler.steps": 5}, 1.6),
        condition(5, "rddm", {"sampler.eta": 0.0, "sampler.steps": 10}, 2.6),
        condition(6, "rddm", {"sampler.eta": 1.0, "sampler.steps": 10}, 0.2),
        condition(7, HOSTILE, {"sampler.eta": 0.5, "sampler.steps": 10}, -0.1),
    ]
    names = ("ddpm", "ddim", "rddm", "rgm")
    more = [
        condition(k, names[k % 4], {"sampler.eta": k % 11 / 10, "sampler.steps": k}, math.sin(k))
        for k in range(8, count)
    ]
    return tuple([*fixed, *more][:count])


def images(shown: tuple[Condition, ...]) -> dict[str, pd.DataFrame]:
    """Per-image figures of the first conditions, from the seed 0."""
    draws = np.random.default_rng(0)
    index = [f"photo-{k:02d}" for k in range(PICTURES)]
    found = {}
    for name in ("psnr", "ssim", "mae"):
        base, slope = SIZES[name]
        pictures = draws.normal(0, 3 * slope, PICTURES)
        columns = {
            one.key: one.scores[name].mean.value + pictures + draws.normal(0, slope, PICTURES) for one in shown[:8]
        }
        found[name] = pd.DataFrame(columns, index=index)
    return found


def ablation(axis: str, metric: str, within: str, values: tuple[Any, ...]) -> Ablation:
    base, slope = SIZES[metric]
    levels = tuple(
        FactorLevel(value, estimate(base + k * slope, 0.5 * slope), estimate(k * slope, 0.3 * slope) if k else None)
        for k, value in enumerate(values)
    )
    return Ablation(axis, metric, within, 4, levels)


def block(name: str, task: str, count: int = 8) -> Block:
    shown = conditions(count)
    ablations = tuple(
        ablation(axis, metric, "method=rddm", values)
        for axis, values in (("sampler.eta", (0.0, 1.0)), ("sampler.steps", (5, 10)))
        for metric in ("psnr", "ssim", "mae")
    )
    heat = Interaction(
        "sampler.eta", "sampler.steps", "psnr", "method=rddm", (0.0, 1.0), (5, 10), ((20.5, 20.6), (19.6, math.nan))
    )
    verdicts = (
        "rddm sampler.eta=0.0 sampler.steps=10 beats ddim on psnr by +2.60 dB [+2.25, +2.95], p < 0.001 (Holm).",
        "rddm sampler.eta=1.0 sampler.steps=10 against ddim on psnr: inconclusive; 0.50 dB would have been found.",
        "ddim sampler.eta=1.0 is worse than ddim sampler.eta=0.0 on all metrics.",
    )
    return Block(name, "photos", task, (INPUTS,), "k1", METRICS, shown, verdicts, ablations, (heat,), images(shown))


def report(root: Path, blocks: int = 1, count: int = 8) -> Report:
    failures = (
        Failure(
            "method=rddm sampler.steps=1000",
            "CUDA out of memory",
            "Traceback (most recent call last):\n  x.py\n</pre><script>window.hacked=2</script>\nError: \x1b[31m",
        ),
        Failure(HOSTILE, HOSTILE, ""),
    )
    provenance = (
        ("seeds", "0, 1, 2"),
        ("code hash", "0123456789abcdef"),
        ("commit", "a02da5e+"),
        ("hardware", "cpu, 2 threads"),
        ("torch", "2.13.0"),
        ("hostile", HOSTILE),
    )
    named = ("photos · lowlight", "photos · denoise", "photos · rain")
    return Report(
        "Low light: RDDM against DDIM",
        "Does RDDM restore low-light photographs better than DDIM does, at equal training and fewer network calls?",
        root,
        24,
        26,
        tuple(block(named[k], named[k].split(" · ")[1], count) for k in range(blocks)),
        failures,
        "Conditional on three training seeds of scale=cpu: 64-pixel crops, 2 minutes of training each.",
        provenance,
        ("identity", "ddim", "rddm"),
        {"scale": "cpu", "precision": "fp32"},
    )


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 4"><title>%s</title><rect width="8" height="4"/></svg>'


def figures() -> dict[str, bytes]:
    """One of each kind for the first block, one that belongs nowhere, and one that would do harm if it could."""
    block = "photos-lowlight"
    kinds = ("difference", "pareto", "ablation", "interaction", "scatter", "costs", "curve")
    subjects = {"ablation": "-sampler-eta", "interaction": "-sampler-eta-sampler-steps-psnr", "costs": "", "curve": ""}
    found = {f"{kind}-{block}{subjects.get(kind, '-psnr')}": SVG % f"{kind} of it".encode() for kind in kinds}
    harm = (
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>window.parent.hacked=3</script><title>&lt;b&gt;</title></svg>'
    )
    return found | {"other-thing": SVG % b"another", "harm": harm}


def samples_of(number: int) -> str:
    """The key of a condition's samples."""
    return key("samples", {"number": number})


def results(root: Path) -> Path:
    """A results folder with the inputs and the samples of the first conditions, and their records."""
    store = Store(root)
    draws = np.random.default_rng(1)
    grid = np.linspace(0, 1, 48)
    waves = [np.sin(6 * (grid[:, None] * a + grid * b) + c) for a, b, c in draws.normal(0, 2, (PICTURES * 3, 3))]
    clean = np.stack(waves).reshape(PICTURES, 3, 48, 48).transpose(0, 2, 3, 1) * 100 + 128
    entry = store.entry("inputs", INPUTS)
    entry.begin({})
    ids = np.array([f"photo-{k:02d}" for k in range(PICTURES)])
    degraded = clean / 4 + draws.normal(0, 6, clean.shape)
    write_npz(entry, "inputs.npz", ids=ids, clean=_bits(clean), degraded=_bits(degraded))
    entry.finish({})
    (root / "records").mkdir(parents=True)
    for number, one in enumerate(conditions()):
        made = degraded if one.method == "identity" else clean + draws.normal(0, 22 - 2 * number, clean.shape)
        samples = store.entry("samples", samples_of(number))
        samples.begin({"number": number})
        write_npz(samples, "samples.npz", images=_bits(made))
        samples.finish({})
        facts = {"run": one.runs[0], "inputs": INPUTS, "samples": samples_of(number), "method": one.method}
        facts |= {"image": ids[0], "metric": "psnr", "value": 1.0, "protocol": "p"}
        keep(pd.DataFrame([facts]), root / "records" / f"{one.runs[0]}.parquet")
    return root


def _bits(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)
