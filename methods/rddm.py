"""Residual denoising diffusion models: from the clean picture to the degraded one under noise, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from errors import UserError
from methods.base import MethodContext
from methods.diffusion import Diffusion, RegressionDesign, the_degraded
from methods.parameterizations import Noise, Parameterization, Residual, ResidualNoise
from registry import register

# The floor under 1 - a is that of the reference code, so that its default schedules can be used to predict noise.
PREDICTIONS: dict[str, Callable[[], Parameterization]] = {
    "res": Residual,
    "noise": lambda: Noise(floor=1e-6),
    "res_noise": ResidualNoise,
}


@register("method", "rddm")
class Rddm(Diffusion):
    """RDDM (Liu et al., CVPR 2024). What is predicted is SM-Res (res), SM-N (noise) or SM-Res-N (res_noise).

    ``networks`` = 2 gives the residual and the noise a U-Net each (2 calls a step), 1 shares one with two outputs.
    ``lambda_res`` and ``lambda_eps`` weigh the losses (eq. 10). ``time`` conditions the networks on the index t, or on
    (a T, b T), each network on its own coordinate, which path independence asks for. ``sees`` is what they see beside
    x: the degraded picture, or its mask too.
    """

    stages = {"model": {"reads": ["network", "schedule", "task", "dataset"]}}
    defaults = {"sampler": "rddm", "schedule": "rddm"}
    bibtex = """
        @inproceedings{liu2024residual,
          title     = {Residual Denoising Diffusion Models},
          author    = {Liu, Jiawei and Wang, Qiang and Fan, Huijie and Wang, Yinong and Tang, Yandong
                       and Qu, Liangqiong},
          booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
          year      = {2024}
        }
    """
    departs = {
        "sampler.eta": {
            "interval": "(0, inf)",
            "kind": "restoration",
            "note": "RDDM's code samples restorations with eta = 0 only: eta > 0 leaves the reference",
        }
    }

    def __init__(  # noqa: PLR0913 - a component's options are its signature
        self,
        context: MethodContext,
        *,
        predict: Literal["res_noise", "res", "noise"] = "res_noise",
        networks: Annotated[int, "[1, 2]"] = 1,
        lambda_res: Annotated[float, "(0, inf)"] = 1.0,
        lambda_eps: Annotated[float, "(0, inf)"] = 1.0,
        loss: Literal["l1", "l2"] = "l1",
        time: Literal["index", "level"] = "index",
        sees: Literal["degraded", "degraded_mask"] = "degraded",
    ) -> None:
        parameterization = PREDICTIONS[predict]()
        weights = {"i": lambda_res, "j": lambda_eps}
        axes = parameterization.indices
        if networks > len(axes):
            raise UserError(f"method.networks={networks}: predict={predict} has one output; use networks=1")
        lambdas = tuple(weights[axis] for axis in axes)
        super().__init__(context, RegressionDesign(parameterization, the_degraded, loss, lambdas, networks, time, sees))
