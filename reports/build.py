"""The report of a sweep, or of a folder of results: analysed once, written in every format, put in place whole."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from errors import UserError
from harness.progress import progress, say
from harness.store.files import DAY, plainly
from reports.analysis.model import Report

MANY = 500  # records from which on reading them is announced
LAST = "report.html"  # who looks for the page finds all that it goes with


def build(root: Path, sweep: str | None = None, baseline: str = "", out: Path | None = None) -> Path:
    """Analyse and `write`; gives report.html's path.

    ``sweep`` names a folder in ROOT/sweeps, None means all records of ``root``; ``baseline`` is a condition such as
    "method=ddim", empty for the analysis' own choice; ``out`` is the folder, by default `folder_of`. Raises `UserError`
    for an unknown sweep or baseline, where there is no record, and where ``out`` can't be written.
    """
    return write(analysis_of(root, sweep, baseline), root, out or folder_of(root, sweep))


def folder_of(root: Path, sweep: str | None) -> Path:
    """Where a report is written: report/ in the folder of the sweep, or of the results."""
    return (root / "sweeps" / sweep if sweep else root) / "report"


def analysis_of(root: Path, sweep: str | None, baseline: str) -> Report:
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


def write(report: Report, root: Path, folder: Path) -> Path:
    """Write report.html, report.md with figures/, tables/*.tex, table.csv and table.parquet; gives report.html's path.

    ``root`` is the folder of results, which pictures and curves come from. All is written to a folder beside and then
    moved, the page last: a failure leaves what was there before. Raises `UserError` where ``folder`` can't be written.
    """
    from reports.writers.export import export
    from reports.writers.html.page import write_html
    from reports.writers.latex import write_latex
    from reports.writers.markdown import write_markdown

    with plainly(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        for old in folder.parent.glob(f".{folder.name}.*.tmp"):  # that killed builds left
            if time.time() - old.stat().st_mtime > DAY:
                shutil.rmtree(old, ignore_errors=True)
        aside = TemporaryDirectory(prefix=f".{folder.name}.", suffix=".tmp", dir=folder.parent)
    with aside as name:
        scratch = Path(name)
        pages, files = _figures(report, root)
        write_html(report, scratch, pages)
        write_markdown(report, scratch, files)
        write_latex(report, scratch / "tables")
        export(report, ("csv", "parquet"), scratch)
        written = [path for path in scratch.rglob("*") if path.is_file()]
        with plainly(folder):
            for path in sorted(written, key=lambda path: path.name == LAST):
                target = folder / path.relative_to(scratch)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(path, target)
    return folder / LAST


def _figures(report: Report, root: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Every figure by name as SVG for the page and as PNG for Markdown."""
    from reports.plots.figures import drawings, render

    pages: dict[str, bytes] = {}
    files: dict[str, bytes] = {}
    planned = drawings(report, root)
    with progress("figures", len(planned)) as bar:
        for number, drawing in enumerate(planned, 1):
            pages[drawing.name], files[drawing.name] = render(drawing)
            bar.update(number, drawing.kind)
    return pages, files
