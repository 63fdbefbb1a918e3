"""A feedback encoder as the loop trains it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from retrievarium.contracts import InputError


class FeedbackReader(nn.Module):
    """What one text is to a question tower, a question with what a first search finds is to this one.

    Batches and probes that take a model with a question tower take it as it is. Its only parameters are the encoder's:
    there is no passage that training could move.

    Parameters
    ----------
    feedback: a `Feedback` whose refiner is a `TextFeedbackEncoder`; round 1 is what it really finds, judged or not.
    """

    def __init__(self, feedback: Any) -> None:
        super().__init__()
        if not isinstance(feedback.refine, nn.Module):
            raise InputError(f"{feedback.name} learns nothing", expected="a Feedback with a TextFeedbackEncoder")
        self.encoder: Any = feedback.refine
        self._feedback = feedback

    def tokenize(self, role: str, texts: Sequence[str]) -> list[list[int]]:
        """Each question joined with its passages, as `TextFeedbackEncoder.join` does."""
        if role != "query":
            raise InputError(f"there is no {role} to train", field="role", expected='"query": passages stay')
        passages, lists = self._feedback.retriever.collection.passages, self._feedback.lists(list(texts))
        return [
            self.encoder.join(text, [passages.text_of(p) for p in found.ids])
            for text, (_, found) in zip(texts, lists, strict=True)
        ]

    def forward(self, role: str, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """q' `(B, d)` from ids and mask `(B, T)`."""
        return self.encoder(input_ids, attention_mask)
