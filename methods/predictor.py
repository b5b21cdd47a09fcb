"""From backbones ``(x, t) -> y`` to the harness's network ``(x, cond, i, j) -> outputs``."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from methods.schedules import Schedule


def index_time(schedule: Schedule, k: Tensor, axis: str) -> Tensor:
    """t = k - 1: the 0-based index that DDPM's, DDIM's and diffusers' networks are trained on; 0 at the clean end."""
    return (k - 1).clamp(min=0).float()


def level_time(schedule: Schedule, k: Tensor, axis: str) -> Tensor:
    """t = a[k] T on the residual axis "i", b[k] T on the noise axis "j" (RDDM, section 4.4, and its experiment 0)."""
    table = {"i": schedule.a, "j": schedule.b}[axis]
    return (table.to(k.device)[k] * schedule.T).float()


TIMES: dict[str, Callable[[Schedule, Tensor, str], Tensor]] = {"index": index_time, "level": level_time}


class Predictor(nn.Module):
    """One backbone for all outputs, or one backbone per output, each conditioned on its own index.

    Named as in RDDM's checkpoints: ``unet0`` and, where there are two, ``unet1``. ``axes`` names each output's index,
    "i" (residual) or "j" (noise); a shared backbone is conditioned on that of its first output.
    """

    def __init__(
        self,
        schedule: Schedule,
        backbones: list[nn.Module],
        axes: tuple[str, ...],
        time: str,
        autocast: torch.dtype | None,
    ) -> None:
        super().__init__()
        if len(backbones) not in (1, len(axes)):
            raise ValueError(f"{len(backbones)} networks for {len(axes)} outputs: one for all, or one each")
        self.schedule, self.axes, self.autocast = schedule, axes, autocast
        self.time = TIMES[time]
        self.names = [f"unet{number}" for number in range(len(backbones))]
        for name, backbone in zip(self.names, backbones, strict=True):
            self.add_module(name, backbone)

    def backbones(self) -> list[nn.Module]:
        """The networks in the order of their outputs."""
        return [self.get_submodule(name) for name in self.names]

    def forward(self, x: Tensor, cond: Tensor | None, i: Tensor, j: Tensor) -> tuple[Tensor, ...]:
        """Outputs, each (B, C, ...), from x and the condition (B, C, ...) at indices i, j (B,) integer."""
        inputs = x if cond is None else torch.cat((x, cond), dim=1)
        backbones, index = self.backbones(), {"i": i, "j": j}
        outputs = []
        for backbone, axis in zip(backbones, self.axes, strict=False):
            t = self.time(self.schedule, index[axis], axis)
            with torch.autocast(x.device.type, self.autocast, enabled=self.autocast is not None):
                outputs.append(backbone(inputs, t.to(x.dtype)).to(x.dtype))
        return tuple(outputs) if len(outputs) == len(self.axes) else outputs[0].chunk(len(self.axes), dim=1)
