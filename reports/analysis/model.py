"""What a report says, as plain values: made by `reports.analysis.analyse`, shown by the writers.

A *condition* is a configuration without its seeds; its runs differ in seeds only. A *block* is a set of conditions
that share data set, task and inputs, so that everything in it is paired by image.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Verdict = Literal["better", "worse", "leads", "trails", "inconclusive", "refused"]


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95% interval; the bounds are NaN where none can be given."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class MetricInfo:
    """A metric of a block. ``kind`` is "image" (a figure per picture) or "set" (one per run). ``counted`` is the unit
    of its tests, intervals and win rates: "picture", "photograph" (where several pictures are cut from one), "sample"
    (of a set whose items are their own).

    ``floor`` is a set metric's figure of real pictures against real ones with the same n, NaN otherwise;
    ``degraded`` the mean figure of the degraded input, NaN where nothing was restored.
    """

    name: str
    unit: str
    protocol: str
    higher_is_better: bool
    kind: str
    floor: float
    degraded: float
    counted: str = "picture"

    @property
    def sign(self) -> float:
        """1 where higher is better, else -1."""
        return 1.0 if self.higher_is_better else -1.0


@dataclass(frozen=True)
class Comparison:
    """A condition against the baseline on one metric, paired by image and, where both have the same, by seed.

    ``difference`` is condition minus baseline in the metric's unit; ``means`` theirs, over the same pictures and seeds;
    ``win_rate`` the share of pictures on which the condition is better (ties count half; means by photograph first),
    NaN for set metrics; ``p`` two-sided, below 0.05 exactly where the interval leaves out 0; ``p_adjusted`` over the
    ``family`` of comparisons by ``adjustment`` ("Holm" or "Benjamini-Hochberg"); ``detectable`` the smallest true
    difference that would be found with a power of 0.8.

    What both have: ``images`` pictures of ``photographs`` and ``seeds`` trainings; ``infinite`` more pictures have an
    infinite figure, which count in the win rate and in nothing else. ``others`` are the baseline's trainings where the
    two have too few seeds in common to be paired by them, else 0; ``left_out`` the trainings of either without a
    partner, which are not used; ``trainings`` those used of the side that has more, where folds or data seeds have
    their own.

    ``verdict`` is `reports.analysis.decision.decide`'s; "refused" where the two can't be compared, for the reason
    ``why``. ``baseline`` is the key of the condition compared with: the block's, or its counterpart with equal options.
    """

    difference: Estimate
    win_rate: Estimate
    p: float
    p_adjusted: float
    adjustment: str
    detectable: float
    images: int
    seeds: int
    verdict: Verdict
    baseline: str = ""
    means: tuple[float, float] = (math.nan, math.nan)
    photographs: int = 0
    infinite: int = 0
    others: int = 0
    left_out: int = 0
    trainings: int = 0
    family: int = 0
    why: str = ""


@dataclass(frozen=True)
class Score:
    """A condition on one metric. ``best``: no other condition beats it, by the 95% interval of their difference
    alone, without the adjustment that a verdict asks for, and with no infinite figure that speaks against it.
    The mean is that of ``images`` pictures; ``infinite`` more have an infinite figure and are not in it."""

    mean: Estimate
    images: int
    best: bool
    comparison: Comparison | None
    infinite: int = 0


@dataclass(frozen=True)
class Condition:
    """A configuration without its seeds.

    ``options`` are those that vary in the block (column by value); ``costs`` means over the runs: nfe,
    seconds_per_image, gflops_per_image, parameters, peak_memory_mb, train_seconds; ``command`` repeats the first run.
    """

    key: str
    label: str
    method: str
    options: Mapping[str, Any]
    runs: tuple[str, ...]
    seeds: tuple[int, ...]
    scores: Mapping[str, Score]
    costs: Mapping[str, float]
    command: str


@dataclass(frozen=True)
class FactorLevel:
    """A value of an ablated axis: the mean over the conditions that exist at every value, and the paired difference
    to the axis' first value (None at that value)."""

    value: Any
    mean: Estimate
    difference: Estimate | None


@dataclass(frozen=True)
class Ablation:
    """One factor varied, all others equal: a table and a plot. ``within`` says what is held equal ("method=rddm"),
    ``note`` what is to be known of the figures."""

    axis: str
    metric: str
    within: str
    conditions: int
    levels: tuple[FactorLevel, ...]
    note: str = ""


@dataclass(frozen=True)
class Interaction:
    """Two axes varied together: ``values[row][column]`` means over what all have, NaN where no run was made."""

    rows: str
    columns: str
    metric: str
    within: str
    row_values: tuple[Any, ...]
    column_values: tuple[Any, ...]
    values: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Block:
    """What was run on one data set and task. ``verdicts`` are sentences, the most important first; ``images`` is by
    metric: the table image x condition (columns are condition keys) of per-image figures, means over seeds.
    ``fronts`` is by metric and cost (nfe, seconds_per_image, peak_memory_mb) the keys of the Pareto front: no
    condition that costs as much or less beats it, as of `Score.best`."""

    name: str
    dataset: str
    task: str
    inputs: tuple[str, ...]
    baseline: str
    metrics: Mapping[str, MetricInfo]
    conditions: tuple[Condition, ...]
    verdicts: tuple[str, ...]
    ablations: tuple[Ablation, ...]
    interactions: tuple[Interaction, ...]
    images: Mapping[str, Any] = field(default_factory=dict)
    fronts: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """A point without a record: what was asked for, one line of reason, the traceback if there is one."""

    overrides: str
    reason: str
    traceback: str


@dataclass(frozen=True)
class Report:
    """Everything a report says. ``done`` of ``asked`` runs have a record, ``waiting`` others may still get one;
    ``provenance`` are (what, values) lines: seeds, versions, hardware, code hash, commit; ``conditional`` says what the
    verdicts depend on."""

    title: str
    question: str
    root: Path
    done: int
    asked: int
    blocks: tuple[Block, ...]
    failures: tuple[Failure, ...]
    conditional: str
    provenance: Sequence[tuple[str, str]]
    methods: tuple[str, ...]
    settings: Mapping[str, Any]
    waiting: int = 0

    @property
    def counted(self) -> str:
        """How many of the runs there are, in words."""
        unfinished = f"; {self.waiting} still run or wait: this is an unfinished sweep" if self.waiting else ""
        return f"{self.done} of {self.asked} runs have a record{unfinished}"
