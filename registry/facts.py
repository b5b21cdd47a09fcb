"""The facts of each group: what the planner knows of a component from its source, without importing it.

Each is declared here and nowhere else, with its type, its default (none: every component has to state it) and what it
says. A component's class derives from the facts of its group and states what differs as literals of its own body or of
a base's, so that Python, mypy and the catalogue all see the same: `Component.facts` has these very attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, TypedDict


class StageFacts(TypedDict, total=False):
    """One cached training of a method, as ``stages`` writes it.

    ``reads``    the slots that it depends on, ``dataset`` among them; without ``task`` it is not shown what is given.
                 Steps and batches are those of ``train`` where it or no slot of that group is named, else of the first.
    ``kind``     what it is built and trained for whatever the task is of: "generation" (it is shown nothing that is
                 given, and reads no task) or "restoration"; the task's own where it is left out.
    ``after``    the stages that it builds on; none where it is left out.
    ``options``  the method's own options that it depends on; where it is left out all but those in ``sampling``.
    ``of``       another method, whose own stage of that name this is: alone, for that method says the rest.
    """

    reads: list[str]
    kind: Literal["restoration", "generation"]
    after: list[str]
    options: list[str]
    of: str


class Facts:
    """The facts that a component of any group may have; those of a network, a sampler, a schedule or a recipe."""

    version: ClassVar[int] = 1
    """Enters every key that depends on the component: a change of what it computes must bump it."""
    defaults: ClassVar[Mapping[str, str | int | float | bool | list[str] | list[int] | None]] = {}
    """What choosing it brings: components, ``{"sampler": "ddim"}``, and options where the component chosen there has
    them, ``{"sampler.clip": "none"}``. The user's word wins."""
    free: ClassVar[tuple[str, ...]] = ()
    """Its options that change no result: they are in no key and in no record."""
    files: ClassVar[tuple[str, ...]] = ()
    """Its options that are paths: keys depend on what lies there and not on where."""
    multiples: ClassVar[Mapping[str, str]] = {}
    """Options that must be a multiple of another: ``{"batch_size": "devices"}``."""


class MethodFacts(Facts):
    """The facts of a method."""

    slots: ClassVar[Mapping[str, str | None]] = {}
    """Its components by role, with their defaults: ``{"restorer.network": "unet", "restorer.train": None}``. With None
    a slot follows the plain one of its group, the component and each option that is not set."""
    kinds: ClassVar[tuple[Literal["restoration", "generation"], ...]] = ("restoration", "generation")
    """The kinds of task that it can do."""
    stages: ClassVar[Mapping[str, StageFacts]] = {}
    """Its cached trainings by name, in their order."""
    sampling: ClassVar[tuple[str, ...]] = ()
    """Its own options that only sampling depends on: another value trains nothing."""
    samples_read: ClassVar[tuple[str, ...]] = ("sampler", "sampling_seed", "precision")
    """What samples depend on beside trainings and inputs: slots, ``sampling_seed`` (noise) and ``precision``."""
    trains_as: ClassVar[str] = ""
    """The method whose training this one's is, where that is another; the two share it."""
    needs_gradients: ClassVar[bool] = False
    """Whether sampling differentiates (guidance through a decoder): it may then enable gradients, which are off."""
    likelihood: ClassVar[bool] = False
    """Whether metrics of likelihood may measure it."""
    departs: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    """Options by column: the ``interval`` and the task's ``kind`` where they leave the reference, and a ``note``."""
    bibtex: ClassVar[str | None] = None
    """The citation that reports print; "" where there is nothing to cite."""


class DatasetFacts(Facts):
    """The facts of a data set."""

    counts: ClassVar[Mapping[str, Mapping[str, int]]] = {}
    """Its own defaults of ``images`` and ``references`` by scale: ``{"images": {"cpu": 64}}``."""
    truth: ClassVar[bool] = True
    """Whether ``clean`` is what a restoration should give; False where it has degraded pictures only."""
    masks: ClassVar[bool] = False
    """Whether its items come with a mask."""


class TaskFacts(Facts):
    """The facts of a task."""

    kind: ClassVar[Literal["restoration", "generation"]] = "restoration"
    """Whether there is a degraded input or none."""
    masks: ClassVar[bool] = False
    """Whether it marks where it degrades."""
    paired: ClassVar[bool] = True
    """Whether ``clean`` is the truth of this very degraded picture."""


class MetricFacts(Facts):
    """The facts of a metric."""

    higher_is_better: ClassVar[bool]
    """The direction of the figure."""
    unit: ClassVar[str]
    """The unit of the figure, "" for a pure number."""
    kind: ClassVar[Literal["image", "set", "model"]] = "image"
    """What has a figure: each picture, a whole set, or a trained network."""
    needs: ClassVar[tuple[str, ...]] = ("pair",)
    """What there must be: the truth of each picture (pair), a mask, a likelihood."""
    data: ClassVar[Literal["pictures", "points"]] = "pictures"
    """What the items are."""


class TrackerFacts(Facts):
    """The facts of a tracker, which only watches: no key depends on it."""

    packages: ClassVar[Mapping[str, str]] = {}
    """What must be installed: each import name with the option that, when it is set, makes it unneeded ("": none)."""
    idle: ClassVar[bool] = False
    """Whether nothing is gathered for it, and it is never opened."""


# The facts of each group. A group whose components have no facts of their own needs no line here: it is one where a
# method has a slot for it. In this order, because Hydra lets a component switch only groups that stand before its own:
# a data set may switch the task and the network, and a method the sampler and the schedule.
FACTS: dict[str, type[Facts]] = {
    "train": Facts,
    "network": Facts,
    "task": TaskFacts,
    "dataset": DatasetFacts,
    "sampler": Facts,
    "schedule": Facts,
    "method": MethodFacts,
    "metrics": MetricFacts,
    "tracker": TrackerFacts,
    "features": Facts,
    "operator": Facts,
    "edit": Facts,
}
# Every method has a slot for each group but these: itself, what measures or watches, and parts of other components.
SLOTS = tuple(group for group in FACTS if group not in ("method", "metrics", "tracker", "features", "operator", "edit"))
