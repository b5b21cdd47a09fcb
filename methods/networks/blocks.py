"""Weight-standardised convolutions and the residual block of the U-Net."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from errors import UserError

EPS = 1e-5  # of every normalisation, in every dtype: see `StandardizedConv2d`


def standardized(weight: torch.Tensor) -> torch.Tensor:
    """A kernel with mean 0 and variance 1 over each output channel's taps (Qiao et al. 2019, eq. 3).

    ``(w - mean) / sqrt(var + EPS)``, biased variance; (O, I, kh, kw) to the same shape, laid out channels-last.
    """
    taps = weight.permute(0, 2, 3, 1)  # the order of the taps is free: this one makes the flattening a view
    flat = taps.reshape(len(taps), -1)
    return F.layer_norm(flat, flat.shape[1:], eps=EPS).view(taps.shape).permute(0, 3, 1, 2)


class StandardizedConv2d(nn.Conv2d):
    """A convolution whose kernel is standardised at each use, or once when nothing is being learned.

    In eval mode without grad the kernel is kept until the weight changes. A change is seen by the weight's
    identity, address, version, dtype and device; `train`, ``eval()``, a move of the module and any forward
    that learns forget it too (fused optimizers leave no trace in the version). Nor do writes that hide from
    autograd, ``weight.data.lerp_(...)`` or into a buffer of which the weight is a view: a network that only
    ever receives its weights that way, as an average does, needs ``eval()`` again after them.

    RDDM's code adds 1e-5 to the variance for float32 inputs and 1e-3 for all other dtypes. Its
    checkpoints were trained in float32, and a typical variance is 1e-4 to 1e-3, so that the larger term would
    be another function; here it is 1e-5 in every precision.
    """

    _folded: tuple[Any, ...] | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, I, H, W) -> (B, O, H', W')."""
        return self._conv_forward(x, self.kernel(x.device.type), self.bias)

    def kernel(self, device_type: str) -> torch.Tensor:
        """The standardised weight: (O, I, kh, kw), in autocast's dtype when it comes from the cache."""
        weight = self.weight
        if self.training or torch.is_grad_enabled() or weight.is_inference():
            self._folded = None
            return standardized(weight)
        autocast = torch.is_autocast_enabled(device_type)
        dtype = torch.get_autocast_dtype(device_type) if autocast else weight.dtype
        state = (weight.data_ptr(), weight._version, weight.dtype, weight.device, dtype)
        # The cache holds the weight itself, not its id: an address can be used again, a living object cannot.
        if self._folded is None or self._folded[0] is not weight or self._folded[1] != state:
            self._folded = (weight, state, standardized(weight).to(dtype))
        return self._folded[2]

    def train(self, mode: bool = True) -> StandardizedConv2d:
        """Forget the kept kernel, also on ``eval()``."""
        self._folded = None
        super().train(mode)
        return self

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> StandardizedConv2d:
        self._folded = None
        super()._apply(fn, recurse)
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Copies start without a kept kernel."""
        return {key: value for key, value in self.__dict__.items() if key != "_folded"}


class ConvBlock(nn.Module):
    """Convolution 3x3, group normalisation, FiLM, SiLU: (B, I, H, W) -> (B, O, H, W)."""

    def __init__(self, channels_in: int, channels_out: int, groups: int) -> None:
        super().__init__()
        self.proj = StandardizedConv2d(channels_in, channels_out, 3, padding=1)
        self.norm = nn.GroupNorm(groups, channels_out, eps=EPS)

    def forward(self, x: torch.Tensor, film: tuple[torch.Tensor, torch.Tensor] | None = None) -> torch.Tensor:
        """``film`` is (scale, shift), each (B, O, 1, 1): ``h * (1 + scale) + shift`` in one pass."""
        h = self.norm(self.proj(x))
        if film is not None:
            scale, shift = film
            h = torch.addcmul(shift, h, scale + 1)
        return F.silu(h)


class ResnetBlock(nn.Module):
    """Two blocks and a skip; time enters the first by FiLM: (B, I, H, W), (B, D) -> (B, O, H, W)."""

    def __init__(self, channels_in: int, channels_out: int, time_dim: int, groups: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.SiLU(), nn.Linear(time_dim, 2 * channels_out))
        self.block1 = ConvBlock(channels_in, channels_out, groups)
        self.block2 = ConvBlock(channels_out, channels_out, groups)
        same = channels_in == channels_out
        self.res_conv = nn.Identity() if same else nn.Conv2d(channels_in, channels_out, 1)

    def forward(self, x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        """``time`` is the embedding of t."""
        scale, shift = self.mlp(time)[:, :, None, None].chunk(2, dim=1)
        return self.block2(self.block1(x, (scale, shift))) + self.res_conv(x)


def require_divisible(network: str, x: torch.Tensor, levels: int) -> None:
    """Raise `UserError` where the height or the width of ``x`` (B, C, H, W) is no multiple of ``2^(levels - 1)``."""
    height, width = x.shape[-2:]
    divisor = 2 ** (levels - 1)
    if height % divisor or width % divisor:
        raise UserError(
            f"network={network}: {height}x{width} images do not fit its {levels} levels: height and width must be "
            f"multiples of {divisor}; change the image size or use fewer levels"
        )
