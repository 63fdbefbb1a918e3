"""What a writer learns from: a question, and what a passage says in answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from retrievarium.contracts import InputError
from retrievarium.data.views import join_text
from retrievarium.evaluation.answers import answer_words

if TYPE_CHECKING:
    from retrievarium.data import Collection, Split

_END = re.compile(r"(?<=[.!?])\s+(?=\W?[A-Z0-9])")


def answering_sentence(text: str, answers: tuple[str, ...]) -> str:
    """The first sentence that holds one of the answers; the first of all where none does."""
    sentences = _END.split(text.strip())
    wanted = [answer_words(a) for a in answers]
    return next((s for s in sentences if any(w in answer_words(s) for w in wanted)), sentences[0])


def writing_pairs(collection: Collection, split: Split) -> tuple[list[str], list[str]]:
    """Questions `(n,)`, and for each the title and the answering sentence of its first relevant passage.

    A writer of passages in full would learn most from what nobody asked. Raises InputError where no question has a
    passage.
    """
    prompts, texts = [], []
    answers = collection.all_queries.answers
    for query, text in split.queries.asked.items():
        for found in list(split.qrels.relevant(query))[:1]:
            passage = collection.passages[found]
            prompts.append(text)
            texts.append(join_text(passage.title, answering_sentence(passage.text, answers.get(query, ()))))
    if not prompts:
        raise InputError(f"split {split.name!r} of {collection.name} has no question with a passage", field="split")
    return prompts, texts
