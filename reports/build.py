"""The report of a sweep, or of a folder of results: analysed once, written in every format, put in place whole."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from errors import UserError
from harness.progress import progress, say
from harness.store.files import DAY, plainly
from reports.analysis.model import Report

MANY = 500  # records from which on reading them is announced
FIRST, LAST = "report.md", "report.html"  # who looks for the page finds all that it goes with


def build(root: Path, sweep: str | None = None, baseline: str = "", out: Path | None = None) -> Path:
    """Analyse and `write`; gives report.html's path.

    ``sweep`` names a folder in ROOT/sweeps, None means all records of ``root``; ``baseline`` is a condition such as
    "method=ddim", empty for the analysis' own choice; ``out`` is the folder, by default report/ in that of the sweep
    or of the results. Raises `UserError` for an unknown sweep or baseline, where there is no record, and where ``out``
    can't be written.
    """
    root = Path(root)
    folder = Path(out) if out is not None else (root / "sweeps" / sweep if sweep else root) / "report"
    return write(analysed(root, sweep, baseline), root, folder)


def write(report: Report, root: Path, folder: Path) -> Path:
    """Write report.html, report.md with figures/, tables/*.tex, table.csv and table.parquet; gives report.html's path.

    ``root`` is the folder of results, which pictures and curves come from. A failure leaves what was there before.
    Raises `UserError` where ``folder`` can't be written.
    """
    from reports.writers.export import export
    from reports.writers.html import write_html
    from reports.writers.latex import write_latex
    from reports.writers.markdown import write_markdown

    with _aside(folder) as scratch:
        pages, files = _drawn(report, root)
        write_html(report, scratch, pages)
        write_markdown(report, scratch, files)
        write_latex(report, scratch / "tables")
        export(report, ("csv", "parquet"), scratch)
        _publish(scratch, folder)
    return folder / LAST


def analysed(root: Path, sweep: str | None, baseline: str) -> Report:
    """The report as values. Raises `UserError` where nothing was run."""
    from reports.analysis.analyse import analyse

    if sum(1 for _ in (root / "records").glob("*.parquet")) > MANY:
        say("reading the records")
    report = analyse(root, sweep, baseline)
    if not report.blocks and not report.failures:
        raise UserError(
            f"{root}: there is no record of a run with a metric; run something first, or name another folder"
        )
    return report


def _drawn(report: Report, root: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Every figure as SVG for the page and as PNG for Markdown."""
    from reports.plots.figures import drawings, render

    pages: dict[str, bytes] = {}
    files: dict[str, bytes] = {}
    planned = drawings(report, root)
    with progress("figures", len(planned)) as bar:
        for number, drawing in enumerate(planned, 1):
            pages[drawing.name], files[drawing.name] = render(drawing)
            bar.update(number, drawing.kind)
    return pages, files


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """A folder beside the one that is wanted, gone afterwards, and so are those that killed builds left."""
    scratch = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.tmp")
    with plainly(folder):
        scratch.mkdir(parents=True)
    try:
        for old in folder.parent.glob(f".{folder.name}.*.tmp"):
            if old != scratch and time.time() - old.stat().st_mtime > DAY:
                shutil.rmtree(old, ignore_errors=True)
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _publish(scratch: Path, folder: Path) -> None:
    """Give the files their names, the page last."""
    files = sorted((path for path in scratch.rglob("*") if path.is_file()), key=lambda path: path.name == LAST)
    with plainly(folder):
        for path in files:
            target = folder / path.relative_to(scratch)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, target)
