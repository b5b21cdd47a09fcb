"""Which conditions and which pictures are shown: by a rule that is stated, never by eye or by the best figure."""

from __future__ import annotations

from itertools import product

import pandas as pd

from reports.analysis.model import Block, Condition

CONDITIONS = 6
RULE = "the baseline, the first of each method, then the others in their order"
WORDS = ("worst", "median", "best")
FIRST = 3  # pictures where no metric has a figure per image


def chosen(block: Block) -> list[Condition]:
    """The conditions that are shown, at most `CONDITIONS`, by `RULE`."""
    first = {condition.method: condition for condition in reversed(block.conditions)}
    leading = [condition for condition in block.conditions if condition.key == block.baseline]
    leading += [condition for condition in block.conditions if first[condition.method] is condition]
    return list({condition.key: condition for condition in [*leading, *block.conditions]}.values())[:CONDITIONS]


def counterparts(block: Block) -> dict[str, str]:
    """By key of a condition the key of the one that it is compared with; its own where it is a baseline itself.

    A block has one baseline, or several that are each other's equals in the remaining options.
    """
    bases = {}
    for one in block.conditions:
        compared = (score.comparison.baseline for score in one.scores.values() if score.comparison)
        bases[one.key] = next(compared, block.baseline)
    keys = {block.baseline, *bases.values()}
    return {key: key if key in keys else base for key, base in bases.items()}


def ranked(figures: pd.DataFrame, key: str, baseline: str, higher_is_better: bool) -> dict[str, tuple[str, float]]:
    """The images of a condition's worst, median and best difference to the baseline, each with that difference.

    ``figures`` is image x condition. The baseline itself goes by its own figure. Ties go to the earlier image;
    images that either lacks are left out.
    """
    own = figures[key]
    gain = (own if key == baseline or baseline not in figures else own - figures[baseline]).dropna()
    if gain.empty:
        return {}
    order = (gain if higher_is_better else -gain).sort_values(kind="stable").index
    places = (0, len(order) // 2, len(order) - 1)
    return {word: (str(order[place]), float(gain.loc[order[place]])) for word, place in zip(WORDS, places, strict=True)}


def picked(block: Block, ids: list[str]) -> tuple[str, dict[str, str]]:
    """The metric that chooses, and the images that are shown with the reason of each, the worst of each first.

    The metric is the block's first with a figure per image; without one, it is empty and the first images are shown.
    """
    metric = next((name for name in block.metrics if name in block.images), "")
    if not metric:
        return "", dict.fromkeys(ids[:FIRST], "one of the first")
    facts, figures = block.metrics[metric], block.images[metric]
    reasons: dict[str, list[str]] = {}
    against = counterparts(block)
    shown = [one for one in chosen(block) if one.key in figures]
    places = {one.key: ranked(figures, one.key, against[one.key], facts.higher_is_better) for one in shown}
    for word, one in product(WORDS, shown):
        if word in places[one.key]:
            image, gain = places[one.key][word]
            amount = f"{gain:{'' if against[one.key] == one.key else '+'}.3g} {facts.unit}".strip().replace("-", "−")
            reasons.setdefault(image, []).append(f"{word} of {one.label} ({amount})")
    return metric, {image: "; ".join(why) for image, why in reasons.items() if image in set(ids)}
