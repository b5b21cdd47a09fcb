"""DDPM and DDIM: noise prediction towards pure noise, one training, two ways to walk back."""

from __future__ import annotations

from typing import Literal

from methods.base import MethodContext
from methods.diffusion import Diffusion, RegressionDesign, nothing
from methods.parameterizations import Clean, Noise, Velocity
from registry import register

PREDICTIONS = {"noise": Noise, "clean": Clean, "velocity": Velocity}


@register("method", "ddpm")
class Ddpm(Diffusion):
    """Denoising diffusion probabilistic models (Ho, Jain, Abbeel, NeurIPS 2020), L_simple, sampled with eta = 1.

    Unconditional for ``task=generate``. For restoration it starts from noise and sees the degraded picture as further
    input channels (``sees``: with its mask too): the conditional baseline that RDDM argues against.
    """

    likelihood = True  # the ancestral chain is a variational bound
    bibtex = """
        @inproceedings{ho2020denoising,
          title     = {Denoising Diffusion Probabilistic Models},
          author    = {Ho, Jonathan and Jain, Ajay and Abbeel, Pieter},
          booktitle = {Advances in Neural Information Processing Systems},
          year      = {2020}
        }
    """
    stages = {"model": {"reads": ["network", "schedule", "task", "dataset"]}}
    defaults = {"sampler": "ddpm", "schedule": "linear"}

    def __init__(
        self,
        context: MethodContext,
        *,
        predict: Literal["noise", "clean", "velocity"] = "noise",
        loss: Literal["l2", "l1"] = "l2",
        sees: Literal["degraded", "degraded_mask"] = "degraded",
    ) -> None:
        super().__init__(context, RegressionDesign(PREDICTIONS[predict](), nothing, loss, sees=sees))


@register("method", "ddim")
class Ddim(Ddpm):
    """Denoising diffusion implicit models (Song, Meng, Ermon, ICLR 2021): DDPM's training, sampled with eta = 0."""

    trains_as = "ddpm"
    likelihood = False  # it walks back by another process, whose figure is not that of the chain
    defaults = {"sampler": "ddim", "schedule": "linear"}
    bibtex = """
        @inproceedings{song2021denoising,
          title     = {Denoising Diffusion Implicit Models},
          author    = {Song, Jiaming and Meng, Chenlin and Ermon, Stefano},
          booktitle = {International Conference on Learning Representations},
          year      = {2021}
        }
    """
