"""Edits of the estimate of x0, made between the network and the step: clipping here, guidance in methods' own files."""

from __future__ import annotations

from abc import ABC, abstractmethod

from methods.observation import Observation
from methods.process import Components, Level, shift_x0
from registry import register
from registry.facts import Facts


class Edit(Facts, ABC):
    """Other components for those that were estimated at a level. A new one is a registered class in a file of its own:
    ``sampler.clip`` and ``metrics.bpd.clip`` take it by its name."""

    @abstractmethod
    def __call__(self, components: Components, level: Level, observation: Observation) -> Components:
        """The edited components, each (B, ...); ``observation`` is what the method sees of these very items."""


@register("edit", "x0")
class ClipClean(Edit):
    """x0 clipped to [-1, 1], residual and noise derived again with x and x_in held (DDPM's ``clip_denoised``)."""

    def __call__(self, components: Components, level: Level, observation: Observation) -> Components:
        """The components of the same x with a clipped x0."""
        return shift_x0(components, components.x0.clamp(-1, 1), level)


@register("edit", "x0_keep_eps")
class ClipCleanKeepNoise(ClipClean):
    """x0 clipped to [-1, 1] with the residual, x_in held and the predicted noise kept, as diffusers' DDIM clips.

    Where x0 was clipped the components mix to x no more, but to x + (1 - a) (x0' - x0). RDDM's code clips in another
    way, in each of its objectives: it clamps the residual and holds the noise.
    """

    def __call__(self, components: Components, level: Level, observation: Observation) -> Components:
        """The clipped x0 with its residual, and the noise as it was."""
        return super().__call__(components, level, observation)._replace(eps=components.eps)


@register("edit", "none")
class Keep(Edit):
    """No edit."""

    def __call__(self, components: Components, level: Level, observation: Observation) -> Components:
        """The components as they are."""
        return components
