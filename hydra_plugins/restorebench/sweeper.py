"""Hydra's sweeper of lists, without its check of each point and with quotes that last: ``hydra/sweeper=checked``.

Hydra's own composes every point once more before the first one starts, which takes minutes for thousands of points;
`harness.config.commandline.read` has composed and checked them all by then.
"""

from __future__ import annotations

from collections.abc import Sequence

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.types import Override


class CheckedSweeper(BasicSweeper):
    """Hydra's basic sweeper for points that were checked before it is called."""

    @staticmethod
    def split_arguments(overrides: list[Override], max_batch_size: int | None) -> list[list[list[str]]]:
        """The points, with the quotes that their texts need, in batches."""
        from harness.config.words import expanded

        return list(BasicSweeper.split_overrides_to_chunks(expanded(overrides), max_batch_size))

    def validate_batch_is_legal(self, batch: Sequence[Sequence[str]]) -> None:
        """Nothing is left to check."""
