"""The report as Markdown: the same content as the page, in its order, with the figures as PNG files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from harness.store.files import write_atomic
from reports.analysis.model import Block, Failure, Report
from reports.pictures.pictures import galleries
from reports.wording.citations import bibtex
from reports.wording.wording import HOW, LONGEST, plain, slug
from reports.writers.marked import ROWS, escape, fenced, inline, table
from reports.writers.marked_pictures import pictures_of
from reports.writers.sheets import TABLES, Sheet, sheets

FAILURES = 100
PICTURES = 9_000_000  # bytes of all of them
LENGTH = 20_000  # characters of a traceback, its end


def write_markdown(report: Report, folder: Path, figures: Mapping[str, bytes]) -> Path:
    """Write ``report.md`` and ``figures/<name>.png`` into a folder, which is made; each whole or not there.

    ``figures`` are PNG by name, as `reports.plots.figures.pictures` gives them. Gives the path of report.md. Raises
    `UserError` where the folder can't be written.
    """
    folder = Path(folder)
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for name, data in figures.items():
        write_atomic(folder / "figures" / f"{name}.png", data)
    shown = [
        pictures_of(gallery, slug(block.name)[:LONGEST], folder / "figures")
        for block, gallery in zip(report.blocks, galleries(report, PICTURES), strict=True)
    ]
    path = folder / "report.md"
    write_atomic(path, document(report, list(figures), shown).encode())
    return path


def document(report: Report, names: Sequence[str], shown: Sequence[Sequence[str]]) -> str:
    """The Markdown; ``names`` are the figures in figures/, ``shown`` the lines of each block's pictures."""
    waiting = _Waiting(names, report.blocks)
    lines = [f"# {inline(report.title)}", *([escape(report.question)] if report.question else [])]
    lines += ["## Verdicts", *_verdicts(report), "## What ran", _ran(report)]
    for block, tables, pictures in zip(report.blocks, sheets(report), shown, strict=True):
        lines += [f"## {inline(block.name)}", *_block(block, tables, waiting, pictures)]
    lines += _titled("## Training curves", waiting.take("curve"))
    lines += _titled("## Other figures", waiting.take(""))
    lines += ["## Failures", *_failures(report), "## Provenance", _provenance(report), "## Citations"]
    lines += _citations(report.methods)
    return "\n\n".join(lines) + "\n"


def _titled(title: str, lines: Sequence[str]) -> list[str]:
    return [title, *lines] if lines else []


def _verdicts(report: Report) -> list[str]:
    lines = []
    for block in report.blocks:
        lines += [f"### {inline(block.name)}", "\n".join(f"- {escape(verdict)}" for verdict in block.verdicts)]
    if not report.blocks:
        lines.append("No run has a record yet, so there is nothing to compare.")
    return [line for line in [*lines, escape(report.conditional)] if line]


def _ran(report: Report) -> str:
    metrics = dict.fromkeys(name for block in report.blocks for name in block.metrics)
    facts = {
        "Runs": report.counted,
        "Methods": ", ".join(report.methods) or "none",
        "Data and tasks": ", ".join(block.name for block in report.blocks) or "none",
        "Conditions": sum(len(block.conditions) for block in report.blocks),
        "Metrics": ", ".join(metrics) or "none",
    }
    return _facts(facts.items())


def _facts(pairs: Iterable[tuple[str, object]]) -> str:
    return "\n".join(f"- {escape(name)}: {inline(value)}" for name, value in pairs)


def _block(block: Block, tables: Sequence[Sheet], waiting: _Waiting, pictures: Sequence[str]) -> list[str]:
    def of(kind: str) -> list[str]:
        found = [table(sheet) for sheet in tables if sheet.kind == kind]
        left = len(found) - TABLES
        return [*found[:TABLES], *([f"{left} further tables are left out."] if left > 0 else [])]

    def drawn(kind: str) -> list[str]:
        return waiting.take(kind, block)

    lines = ["### Main table", *of("main"), *of("compare"), HOW]
    lines += _titled("### Differences", drawn("difference"))
    lines += _titled("### Ablations", [*of("ablation"), *drawn("ablation")])
    lines += _titled("### Interactions", [*of("interaction"), *drawn("interaction")])
    lines += _titled("### Quality against cost", drawn("pareto"))
    lines += _titled("### Pictures", pictures)
    lines += _titled("### Image by image", drawn("scatter"))
    lines += ["### Costs", *of("costs"), *drawn("costs")]
    lines += ["### Metrics and protocols", *of("protocols"), "### Commands", _commands(block)]
    return lines


class _Waiting:
    """The figures by name, each given out once."""

    def __init__(self, names: Iterable[str], blocks: Iterable[Block]) -> None:
        self._names = list(names)
        self._blocks = sorted((slug(block.name)[:LONGEST] for block in blocks), key=len, reverse=True)

    def take(self, kind: str, block: Block | None = None) -> list[str]:
        """The figures of a kind, or of any where it is empty, and of a block, or of any."""
        found = [name for name in self._names if kind in ("", name.partition("-")[0]) and self._belongs(name, block)]
        self._names = [name for name in self._names if name not in found]
        return [f"![{name.replace('-', ' ')}](figures/{name}.png)" for name in found]

    def _belongs(self, name: str, block: Block | None) -> bool:
        """Whether no longer name of a block begins what follows the kind."""
        tail = f"{name.partition('-')[2]}-"
        return block is None or slug(block.name)[:LONGEST] == next(
            (b for b in self._blocks if tail.startswith(f"{b}-")), ""
        )


def _commands(block: Block) -> str:
    lines = [f"# {plain(condition.label)}\n{condition.command}" for condition in block.conditions[:ROWS]]
    return fenced("\n".join(lines), "sh")


def _failures(report: Report) -> list[str]:
    lines = [f"{report.counted}."]
    for failure in report.failures[:FAILURES]:
        lines += _failure(failure)
    left = len(report.failures) - FAILURES
    return [*lines, f"{left} further failures are left out."] if left > 0 else lines


def _failure(failure: Failure) -> list[str]:
    told = f"- {escape(failure.overrides or 'the default run')}: {inline(failure.reason)}"
    return [told, fenced(failure.traceback[-LENGTH:])] if failure.traceback else [told]


def _provenance(report: Report) -> str:
    known = [name for name, _ in report.provenance]
    settings = [(str(name), value) for name, value in report.settings.items() if str(name) not in known]
    return _facts([*report.provenance, *settings])


def _citations(methods: Sequence[str]) -> list[str]:
    entries, silent = bibtex(methods)
    lines = [fenced("\n\n".join(entries), "bibtex")] if entries else []
    return [*lines, f"Without a citation: {inline(', '.join(silent))}."] if silent else lines
