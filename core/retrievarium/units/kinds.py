"""Units that are parts of the text as it stands: document, passage, block, sentence, phrase."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from retrievarium.contracts import MissingError, Progress, no_progress
from retrievarium.units.splitting import Span, split_phrases, split_sentences, split_words
from retrievarium.units.table import Unit, Units, unit_id

if TYPE_CHECKING:
    from retrievarium.data import Collection

KINDS = ("document", "passage", "block", "sentence", "phrase")
BLOCK = 100
_TELL_EVERY = 200


def documents_of(collection: Collection) -> list[str]:
    """The document of each passage: the column `document`, else the title, else the passage itself."""
    passages = collection.passages
    named = passages.column("document") or [None] * len(passages)
    return [d or t or p for d, t, p in zip(named, passages.titles, passages.ids, strict=True)]


def _splitter(kind: str, language: str | None) -> Callable[[str], Sequence[Span]]:
    if kind == "block":
        return lambda text: split_words(text, BLOCK)
    if kind == "sentence":
        return lambda text: split_sentences(text, language)
    stop_words: frozenset[str] = frozenset()
    if language in (None, "en"):
        from bm25s.stopwords import STOPWORDS_EN

        stop_words = frozenset(STOPWORDS_EN)
    return lambda text: split_phrases(text, stop_words)


def units_of(collection: Collection, kind: str, *, titles: bool = True, progress: Progress = no_progress) -> Units:
    """Units of one kind; those made by a decomposer come from `Decomposer.units`.

    Parameters
    ----------
    kind: "document" (its passages in order), "passage" (the collection's own), "block" (100 words of a passage),
        "sentence" or "phrase".
    titles: the passage's title stands before each unit's text when it is indexed, as it does for passages.

    A passage of one sentence is one unit of every kind but "phrase"; then all indexes hold the same text.
    """
    if kind not in KINDS:
        raise MissingError(f"there is no unit {kind!r}", field="kind", expected=f"one of {KINDS}, or a decomposer")
    about = {"kind": kind, "titles": titles, "collection": collection.text_fingerprint}
    if kind in ("document", "passage"):
        made = _documents(collection, titles) if kind == "document" else _passages(collection, titles)
        return Units.of(kind, made, about)
    return Units.of(kind, _parts(collection, kind, titles, progress), about)


def _passages(collection: Collection, titles: bool) -> Iterator[Unit]:
    passages = collection.passages
    for p, t, text, d in zip(passages.ids, passages.titles, passages.texts, documents_of(collection), strict=True):
        yield Unit(p, t if titles else "", text, d, (p,), 0, len(text))


def _documents(collection: Collection, titles: bool) -> Iterator[Unit]:
    passages = collection.passages
    rows: dict[str, list[int]] = {}
    for row, document in enumerate(documents_of(collection)):
        rows.setdefault(document, []).append(row)
    for number, (document, members) in enumerate(rows.items()):
        text = " ".join(passages.texts[r] for r in members)
        title = passages.titles[members[0]] if titles else ""
        owned = tuple(passages.ids[r] for r in members)
        yield Unit(f"d{number:06d}", title, text, document, owned, 0, len(passages.texts[members[0]]))


def _parts(collection: Collection, kind: str, titles: bool, progress: Progress) -> Iterator[Unit]:
    passages, split = collection.passages, _splitter(kind, collection.language)
    documents = documents_of(collection)
    for row, (passage, text) in enumerate(zip(passages.ids, passages.texts, strict=True)):
        if row % _TELL_EVERY == 0:
            progress(row, len(passages), f"cutting into {kind}s", {})
        spans = split(text) or [(0, len(text))]
        for number, (start, stop) in enumerate(spans):
            title = passages.titles[row] if titles else ""
            name = unit_id(passage, kind, number)
            yield Unit(name, title, text[start:stop], documents[row], (passage,), start, stop)
