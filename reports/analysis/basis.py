"""What figures and verdicts rest on: pictures, photographs, trainings."""

from __future__ import annotations

from collections.abc import Iterable

from reports.analysis.model import Comparison, MetricInfo
from reports.statistics.spread import FEWEST
from reports.wording.wording import count, left_out, units

WORDS = {1: "one training run", 2: "these two training runs"}


def basis(found: Comparison, trained: bool, facts: MetricInfo) -> str:
    """What a comparison is over: pictures and trainings, and what it is conditional on."""
    what = units(found, facts)
    if not trained:
        return f"{what}, no training involved"
    if found.others:
        return f"{what}, {found.seeds} and {found.others} training seeds, fewer than {FEWEST} in common"
    conditional = f", {_on(max(found.seeds, found.trainings))}" if found.seeds < FEWEST else ""
    return f"{what}, {count(found.seeds, 'training seed')}{left_out(found)}{conditional}"


def _on(trainings: int) -> str:
    return f"conditional on {WORDS.get(trainings, f'these {trainings} training runs')}"


def conditional(seeds: Iterable[tuple[int, int]], cut: Iterable[tuple[int, int, bool]] = ()) -> str:
    """What all verdicts depend on: from the training seeds and trainings of each comparison with a training, and the
    test pictures and the photographs that they were ``cut`` from, with whether the records say which from which."""
    least, trainings = min(seeds, default=(0, 0))
    pictures = "The intervals cover the choice of test pictures"
    crops = "".join(_crops(*one) for one in sorted(set(cut)) if one[1] < one[0])
    if not least:
        return f"{pictures}; no training is involved.{crops}"
    if least < FEWEST:
        said = _on(max(least, trainings))
        return f"{said[0].upper()}{said[1:]}: another training seed may turn it. {pictures} and of nothing else.{crops}"
    return f"{pictures} and of training seeds ({least} at least).{crops}"


def _crops(images: int, photographs: int, recorded: bool) -> str:
    said = f" The {images} test pictures are crops of {count(photographs, 'photograph')}: crops of one are alike, "
    if not recorded:
        return f"{said}the intervals count them as independent, and other photographs may turn it."
    if photographs == 1:
        return f"{said}nothing is known of other photographs, and there is neither an interval nor a verdict."
    said += "so means of pictures are taken by photograph first, figures of sets resample whole photographs, and "
    return f"{said}photographs are what intervals and tests count, but for generated samples, each of which is its own."
