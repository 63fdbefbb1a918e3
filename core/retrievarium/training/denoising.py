"""A dual encoder finds; a better judge says what of it is no negative, and what is as good as labelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retrievarium.contracts import Progress, no_progress
from retrievarium.training.labels import with_pseudo_labels
from retrievarium.training.miners import DenseMiner, Label
from retrievarium.training.teachers import CrossEncoderFilter
from retrievarium.workspace import Workspace

if TYPE_CHECKING:
    from retrievarium.data import Collection
    from retrievarium.data.views import Queries, Split


@dataclass(frozen=True)
class Denoiser:
    """`CrossEncoderFilter` over what dual encoders find for a split's questions, and for bare ones.

    Parameters
    ----------
    labelled: whose relevant passages are never mined.
    label: the judge, see `judge`; low, high, depth: see `CrossEncoderFilter`.
    """

    collection: Collection
    labelled: Split
    label: Label
    low: float = 0.1
    high: float = 0.9
    depth: int = 50
    ws: Workspace | None = None
    progress: Progress = no_progress

    def _found(self, encoder: Any, asked: dict[str, str], depth: int) -> dict[str, list[str]]:
        return DenseMiner.of(encoder, self.collection, self.labelled, depth, self.ws)(asked, self.progress)

    def negatives(self, encoder: Any, per_query: int) -> dict[str, list[str]]:
        """At most `per_query` a labelled question, best first; deeper ones, unasked, where too few are accepted."""
        asked = self.labelled.queries.asked
        found = self._found(encoder, asked, self.depth + per_query)
        return CrossEncoderFilter(self.label, self.low, self.high, self.depth).negatives(asked, found, per_query)

    def pseudo_labels(
        self, encoder: Any, unlabelled: Queries, per_query: int, depth: int | None = None
    ) -> tuple[Split, dict[str, list[str]]]:
        """The labelled split with those bare questions that get a passage, and the negatives of these.

        depth: how many candidates are scored; all are, because the best one is sought.
        """
        depth = depth or self.depth
        found = self._found(encoder, unlabelled.asked, depth)
        pairs = CrossEncoderFilter(self.label, self.low, self.high, depth).pseudo_positive(
            unlabelled.asked, found, per_query
        )
        split = with_pseudo_labels(self.labelled, unlabelled, {q: best for q, (best, _) in pairs.items()})
        return split, {q: others for q, (_, others) in pairs.items()}
