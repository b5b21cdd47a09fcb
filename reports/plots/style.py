"""The house style of the figures: one set of colours, markers, lines, letters and remarks, and the bytes they become.

Nothing here touches pyplot's global state: a figure is an object, and the style holds within `house` only.
"""

from __future__ import annotations

import io
import re
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from reports.analysis.model import MetricInfo
from reports.wording.wording import named, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
else:  # the charts name them in their signatures and import them where they draw
    Axes = Figure = Any

# Okabe and Ito's colours, which stay apart for colour-blind eyes; their yellow, too pale on white, is darker here.
# No figure tells by colour alone: each colour comes with a marker and a line of its own.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8A7F00", "#555555")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*")
LINES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 1.5, 1, 1.5)), (0, (8, 2, 2, 2)), (0, (3, 1)))
SETTINGS = Path(__file__).with_name("house.mplstyle")
INK, PALE = "#222222", "#767676"  # as the settings have them, and the size of letters
WIDTH = 4.6  # inches: on a phone of 360 px, 10 points are still 8 px
HEAD_AND_FOOT, LINE = 0.65, 0.2  # inches
DPI = 200
LETTERS = 10.0
_TAG = re.compile(r"<[^!?][^>]*>")
_ID = re.compile(r'(\bid="|href="#|url\(#)')


@dataclass(frozen=True)
class Look:
    """How one thing is drawn, in every figure of a report."""

    colour: str
    marker: str
    line: Any


def look(number: int) -> Look:
    """The look of the ``number``-th thing; colours, markers and lines repeat after 8, 12 and 6: 24 are distinct."""
    return Look(COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)], LINES[number % len(LINES)])


@contextmanager
def house() -> Iterator[None]:
    """Within it matplotlib and seaborn draw in the house style; texts are never read as formulas."""
    import matplotlib
    import seaborn

    own = matplotlib.rc_params_from_file(SETTINGS, use_default_template=False)
    style = seaborn.axes_style("whitegrid") | seaborn.plotting_context("paper") | dict(own)
    with matplotlib.rc_context(style), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # drawn as a box
        yield


def sheet(title: str, heights: Sequence[float], keys: int = 0, width: float = WIDTH) -> tuple[Figure, list[Axes]]:
    """A figure with a title, panels below each other of these heights in inches, and room for a remark and ``keys``
    lines of a key."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, sum(heights) + HEAD_AND_FOOT + LINE * keys), layout="constrained")
    panels = figure.subplots(len(heights), 1, height_ratios=list(heights), squeeze=False)[:, 0].tolist()
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
    head(figure, title)
    return figure, panels


def head(figure: Figure, title: str) -> None:
    """The line at the top of a figure."""
    figure.suptitle(wrapped(title, 44, 2), x=0.01, ha="left", fontsize=LETTERS + 1, fontweight="bold")


def better(facts: MetricInfo, axis: str) -> str:
    """The arrow of an axis, "x" or "y", towards the better figures."""
    arrows = {("x", True): "better →", ("x", False): "← better", ("y", True): "↑ better", ("y", False): "↓ better"}
    return arrows[axis, facts.higher_is_better]


def beside(facts: MetricInfo) -> str:
    """The words at a vertical axis: the metric, its unit, and which way is better."""
    return f"{wrapped(named(facts), 22, 2)}\n{better(facts, 'y')}"


def wrapped(text: str, width: int, lines: int = 3) -> str:
    """A label in at most ``lines`` lines of ``width`` letters; what is longer is cut and ends in dots."""
    found = textwrap.wrap(plain(text), width, max_lines=lines, placeholder=" …") or [""]
    return "\n".join(found)


def remark(figure: Figure, text: str, keyed: Axes | None = None) -> None:
    """The foot of the figure, where it covers nothing: the key to what is on ``keyed``, and a small line on what the
    figure leaves out or how it is to be read."""
    words = wrapped(text, 72, 4)
    handles, labels = keyed.get_legend_handles_labels() if keyed is not None else ([], [])
    if not handles:
        figure.supxlabel(words, x=0.01, ha="left", fontsize=LETTERS - 2, color=PALE)
        return
    place: dict[str, Any] = {"alignment": "left", "borderaxespad": 0.2, "handlelength": 2.6}
    place["title_fontproperties"] = {"size": LETTERS - 2}
    key = figure.legend(handles, labels, loc="outside lower left", title=words, **place)
    key.get_title().set_color(PALE)


def svg(figure: Figure, name: str, about: str) -> bytes:
    """The figure as SVG, the same bytes each time: letters as outlines, ids of its own so that pages may embed many.

    ``about`` is what a screen reader says. To be called within `house`.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", buffer.getvalue().decode(), flags=re.DOTALL)
    text = text[text.index("<svg") :]
    text = _TAG.sub(lambda tag: _ID.sub(lambda found: f"{found[0]}{name}-", tag[0]), text)
    head, _, rest = text.partition(">")
    title = f'<title id="{name}-title">{escape(plain(about))}</title>'
    return f'{head} role="img" aria-labelledby="{name}-title">{title}{rest}'.encode()


def png(figure: Figure) -> bytes:
    """The figure as PNG at `DPI`, the same bytes each time. To be called within `house`."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()
