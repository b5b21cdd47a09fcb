"""A report made by hand: two blocks, hostile words where a user could write them, and figures known beforehand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd

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

HOSTILE = "a|b `c` ``d`` $(rm -rf /) <script>alert(1)</script> \\input{/etc/passwd}\nnew line _ % & # ^ ~ ${x}$ -->"
IMAGES = 24
NAN = math.nan


def facts(name: str, unit: str, higher: bool, degraded: float) -> MetricInfo:
    return MetricInfo(name, unit, f"{name};8bit;v1", higher, "image", NAN, degraded)


METRICS = {
    "psnr": facts("psnr", "dB", True, 11.73),
    "lpips": facts("lpips", "", False, 0.61),
}
BASE = {"psnr": (14.0, 1.0), "lpips": (0.50, -0.04)}


def figures_of(metric: str, gain: float, place: int) -> np.ndarray:
    base, slope = BASE[metric]
    draws = np.random.default_rng(place).normal(0, 0.3, IMAGES) + np.random.default_rng(99).normal(0, 1.5, IMAGES)
    return base + slope * (gain + draws)


def score(metric: str, gain: float, place: int, baseline: bool) -> Score:
    values = figures_of(metric, gain, place)
    other = figures_of(metric, 0.0, 0)
    sign = 1 if METRICS[metric].higher_is_better else -1
    gains = values - other
    half = 1.96 * float(gains.std(ddof=1)) / math.sqrt(IMAGES)
    mean = Estimate(float(values.mean()), float(values.mean()) - half, float(values.mean()) + half)
    if baseline:
        return Score(mean, IMAGES, False, None)
    difference = Estimate(float(gains.mean()), float(gains.mean()) - half, float(gains.mean()) + half)
    open_ = difference.low < 0 < difference.high
    verdict = "inconclusive" if open_ else "better" if sign * difference.value > 0 else "worse"
    wins = Estimate(float((sign * gains > 0).mean()), 0.3, 0.9)
    p = 0.2 if open_ else 0.0001
    compared = Comparison(difference, wins, p, min(1.0, 2 * p), "Holm", 1.4 * half, IMAGES, 2, verdict, "c0")
    return Score(mean, IMAGES, verdict == "better", compared)


def condition(place: int, method: str, eta: float | None, label: str = "") -> Condition:
    gain = {"identity": -2.0, "ddim": 0.0, "rddm": 1.2}.get(method, 0.4) - (0.3 * eta if eta else 0.0)
    if method == "ddim" and eta == 0.0:
        gain = 0.0
    steps = {"identity": 0.0, "ddim": 20.0, "rddm": 5.0}.get(method, 80.0)
    costs = {"nfe": steps, "seconds_per_image": 0.011 * steps, "gflops_per_image": 1.5 * steps}
    costs |= {"parameters": 1.23e6 if steps else 0.0, "peak_memory_mb": 240.0 + 7 * steps if steps else NAN}
    costs |= {"train_seconds": 118.2 if steps else NAN}
    options = {} if eta is None else {"sampler.eta": eta}
    words = label or (method if eta is None else f"{method} sampler.eta={eta:g}")
    scores = {name: score(name, gain, place, place == 0) for name in METRICS}
    runs = tuple(f"run-{place}-{seed}" for seed in (0, 1))
    return Condition(
        f"c{place}", words, method, options, runs, (0, 1), scores, costs, f"python run.py method={method} seed=0"
    )


def block(name: str, hostile: str) -> Block:
    conditions = [condition(0, "ddim", 0.0), condition(1, "ddim", 1.0), condition(2, "identity", None)]
    conditions += [condition(3, "rddm", 0.0), condition(4, "rddm", 0.5), condition(5, "rddm", 1.0)]
    conditions.append(condition(6, "other", None, hostile))
    ablations = [
        Ablation("sampler.eta", metric, f"method={method}", 1, levels(metric, place))
        for metric in METRICS
        for place, method in enumerate(("ddim", "rddm"))
    ]
    ablations += [Ablation(f"order {hostile}", "psnr", "", 3, levels("psnr", 2, (hostile, "noise", "residual")))]
    values = ((14.1, 14.9, NAN), (13.2, NAN, 15.7))
    crossed = Interaction("sampler.eta", "sampler.steps", "psnr", "method=rddm", (0.0, 1.0), (5, 20, 100), values)
    table = {
        metric: pd.DataFrame(
            {c.key: figures_of(metric, c.scores[metric].mean.value * 0, k) for k, c in enumerate(conditions)}
        )
        for metric in METRICS
    }
    for metric, frame in table.items():
        for c in conditions:
            shift = c.scores[metric].mean.value - frame[c.key].mean()
            frame[c.key] += shift
    verdicts = ("rddm sampler.eta=0 is better than ddim sampler.eta=0 on psnr", f"no winner for {hostile}")
    return Block(
        name,
        "photos",
        name.rpartition(" ")[2],
        ("i-1",),
        "c0",
        METRICS,
        tuple(conditions),
        verdicts,
        tuple(ablations),
        (crossed,),
        table,
    )


def levels(metric: str, place: int, values: tuple = (0.0, 0.5, 1.0)) -> tuple[FactorLevel, ...]:
    base, slope = BASE[metric]
    found = []
    for number, value in enumerate(values):
        mean = base + slope * (place - 0.4 * number)
        change = Estimate(mean - base - slope * place, -0.5, 0.2) if number else None
        found.append(FactorLevel(value, Estimate(mean, mean - 0.3 * abs(slope), mean + 0.3 * abs(slope)), change))
    return tuple(found)


def report(root: Path = Path("nowhere"), hostile: str = HOSTILE) -> Report:
    """Two blocks of seven conditions, one failure; hostile words in labels, values, sentences and tracebacks."""
    return Report(
        title=f"Sweep {hostile}",
        question="Which method restores best?",
        root=root,
        done=13,
        asked=14,
        blocks=(block("photos lowlight", hostile), block("photos denoise", hostile)),
        failures=(Failure(f"method=rddm {hostile}", f"loss is nan {hostile}", f"Traceback\n```\n{hostile}\n~~~~\n"),),
        conditional="these two training seeds",
        provenance=(("seeds", "0, 1"), ("torch", "2.13.0"), ("hardware", f"cpu {hostile}")),
        methods=("identity", "ddim", "rddm", "other"),
        settings={"scale": "smoke", "images": 24},
    )
