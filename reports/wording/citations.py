"""BibTeX of the methods that a report shows, as each method's class states it (its fact ``bibtex``)."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from registry import methods

__all__ = ["bibtex"]


def bibtex(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """The entries of these methods, each once, in the methods' order; and the methods that state none.

    ``bibtex = ""`` says that a method has nothing to cite: it is in neither list. A name that is not registered
    (any more) counts as stating none. The classes are read from their source and not imported.
    """
    known = methods()
    entries: list[str] = []
    silent: list[str] = []
    for name in dict.fromkeys(names):
        stated = known[name].facts.bibtex if name in known else None
        if stated is None:
            silent.append(name)
        elif (entry := textwrap.dedent(stated).strip()) and entry not in entries:
            entries.append(entry)
    return entries, silent
