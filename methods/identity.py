"""Doing nothing: the identity baseline of every table."""

from __future__ import annotations

from torch import Tensor

from methods.base import Method, MethodContext
from methods.observation import Observation
from methods.samplers import NoiseSource, Sampler
from registry import register


@register("method", "identity")
class Identity(Method):
    """Returns the degraded picture: what every restoration method must beat. Nothing to train, nothing to draw."""

    samples_read = ()
    kinds = ("restoration",)
    bibtex = ""

    def __init__(self, context: MethodContext) -> None:
        super().__init__()

    def sample(self, observation: Observation, sampler: Sampler, noise: NoiseSource) -> Tensor:
        """The degraded pictures themselves."""
        if observation.degraded is None:
            raise ValueError("identity needs the degraded pictures")
        return observation.degraded
