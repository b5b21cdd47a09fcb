"""Whether a chosen tracker can be used here, found out before anything is trained."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any

from errors import UserError
from registry import find


def available(name: str, options: Mapping[str, Any]) -> None:
    """Raise `UserError` unless the packages that a tracker needs with these options are installed; imports none."""
    packages = find("tracker", name).facts.packages
    absent = [package for package, spare in packages.items() if not options.get(spare) and not _installed(package)]
    if absent:
        raise UserError(f"tracker={name}: not installed: {', '.join(absent)}; pip install -e '.[trackers]'")


def _installed(package: str) -> bool:
    """A folder of that name, such as the one that wandb itself leaves where it ran, is no package."""
    spec = importlib.util.find_spec(package)
    return spec is not None and spec.origin is not None
