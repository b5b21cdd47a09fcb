"""The figure of docs/architecture.md, all methods as paths in one plane: ``python -m reports.pictures.plane OUT``."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.store.files import write_files

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which stay apart for colour-blind eyes; each path also has a line style of its own.
BLUE, VERMILION, GREEN, PURPLE, ORANGE = "#0072B2", "#D55E00", "#009E73", "#AA4499", "#B87B00"
INK = "#222222"
RGM_LEVELS = 4
T = 1000
LABELS = (
    (0.05, 0.86, "DDPM and DDIM\n(x_in = 0)", BLUE),
    (0.63, 0.27, "RDDM, to generate\n(b_T² = 1)", VERMILION),
    (0.44, 0.09, "RDDM, to restore\n(b_T² = 0.01)", VERMILION),
    (0.3, 1.025, "RDDM, residual first", GREEN),
    (1.025, 0.56, "RDDM,\nnoise first", PURPLE),
    (0.335, 0.5, "RGM jumps between\na few levels and draws\nall noise anew (s = q.b)", ORANGE),
)
ENDS = (
    ((0, 0), "(0, 0)  clean image  x0", (6, -24), "left"),
    ((1, 1), "(1, 1)  start to generate:\nnoise around x_in = 0", (10, 10), "left"),
    ((1, 0.1), "(1, 0.1)  start to restore:\nx_in and a little noise", (10, 6), "left"),
    ((1, 0), "(1, 0)  degraded image  x_in", (6, -24), "center"),
)


def ddpm_path() -> tuple[np.ndarray, np.ndarray]:
    """a = 1 - sqrt(abar), b = sqrt(1 - abar) for DDPM's betas, 1e-4 to 0.02 in 1000 steps: (T + 1,) each."""
    abar = np.concatenate([[1.0], np.cumprod(1 - np.linspace(1e-4, 0.02, T))])
    return 1 - np.sqrt(abar), np.sqrt(1 - abar)


def rddm_path(sum_scale: float) -> tuple[np.ndarray, np.ndarray]:
    """RDDM's default: alpha falls and beta^2 grows linearly, beta^2 adds up to ``sum_scale``: (T + 1,) each."""
    x = np.linspace(0, 1, T)
    a, b2 = (np.concatenate([[0.0], np.cumsum(part) / part.sum()]) for part in (x[::-1], x))
    return a, np.sqrt(sum_scale * b2)


def rgm_levels() -> tuple[np.ndarray, np.ndarray]:
    """The levels of RGM-D: scale exp(-t^2 (20 - 0.1) / 4 - 0.1 t / 2), t = 0.001 to 1 in ``RGM_LEVELS`` steps."""
    t = np.linspace(0, 1, RGM_LEVELS + 1) * (1 - 1e-3) + 1e-3
    log_scale = -(t**2) * (20 - 0.1) / 4 - 0.1 * t / 2
    return 1 - np.exp(log_scale), np.sqrt(1 - np.exp(2 * log_scale))


def draw(path: str | Path) -> Path:
    """Write the figure as PNG, whole or not at all; the folder is made. Gives the path."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 7.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set(xlim=(-0.16, 1.3), ylim=(-0.12, 1.18), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1], aspect="equal")
    axes.set_xlabel("a:  how much of the residual  res = x_in − x0  is in x", fontsize=12)
    axes.set_ylabel("b:  standard deviation of the noise  eps  in x", fontsize=12)
    axes.set_title("x(a, b)  =  x0  +  a · res  +  b · eps", fontsize=15, pad=12)
    axes.spines[["top", "right"]].set_visible(False)
    axes.plot([0, 1, 1], [1, 1, 0], color="#DDDDDD", linewidth=1, zorder=0)
    _paths(axes)
    _jumps(axes)
    for x, y, text, colour in LABELS:
        axes.text(x, y, text, color=colour, fontsize=11.5)
    for place, text, offset, side in ENDS:
        axes.plot(*place, "o", color=INK, markersize=7, zorder=6)
        axes.annotate(text, place, offset, textcoords="offset points", fontsize=11, color=INK, ha=side)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return write_files(Path(path).parent, {Path(path).name: buffer.getvalue()})[0]


def _paths(axes: Axes) -> None:
    """The schedules that walk both axes at once, from the noisy end to the clean one, and RDDM's path-independent
    orders, one axis after the other; arrow heads at shares of a walk's points."""
    steps = np.linspace(0, 1, 101)
    walks: list[tuple[np.ndarray, np.ndarray, str, str, tuple[float, ...]]] = [(*ddpm_path(), "-", BLUE, (0.6,))]
    walks += [(*rddm_path(scale), style, VERMILION, (0.5,)) for scale, style in ((1.0, "-"), (0.01, "--"))]
    up, right = np.concatenate([0 * steps, steps]), np.concatenate([steps, 0 * steps + 1])
    walks += [(up, right, ":", GREEN, (0.25, 0.75)), (right, up, ":", PURPLE, (0.25, 0.75))]
    for a, b, style, colour, shares in walks:
        axes.plot(a, b, style, color=colour, linewidth=2.6)
        for share in shares:
            here = len(a) - 1 - int(share * len(a))
            start, end = ((float(a[at]), float(b[at])) for at in (here + 5, here - 5))
            axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "mutation_scale": 22})


def _jumps(axes: Axes) -> None:
    """RGM: each step estimates x0 and degrades it anew to the next level, so that no noise is kept (s = q.b)."""
    a, b = rgm_levels()
    axes.plot(a[1:], b[1:], "o", color=ORANGE, markersize=8, zorder=5)
    arrow: dict[str, Any] = {"arrowstyle": "-|>", "color": ORANGE, "linewidth": 1.8}
    for k in range(RGM_LEVELS, 0, -1):
        axes.annotate("", (a[k - 1], b[k - 1]), (a[k], b[k]), arrowprops=arrow | {"connectionstyle": "arc3,rad=-0.22"})


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m reports.pictures.plane OUT.png")
    draw(sys.argv[1])
