"""From passages to propositions: the truth of a World, rules, and random cuts as their placebo.

Decomposers that write (a trained sequence-to-sequence model, an endpoint) live in `generation`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrievarium.contracts import InputError, Progress, no_progress
from retrievarium.data.views import Passages
from retrievarium.units.clauses import split_clauses
from retrievarium.units.kinds import documents_of
from retrievarium.units.naming import Mention, Names
from retrievarium.units.splitting import split_sentences, word_spans
from retrievarium.units.table import Unit, Units, unit_id
from retrievarium.workspace import Workspace, content_hash, file_hash, workspace

if TYPE_CHECKING:
    from retrievarium.data import Collection

Written = list[tuple[str, int, int, tuple[str, ...]]]
"""Of one passage: text, span `[start, stop)` in the passage's text, ids of facts where they are known."""
_TELL_EVERY = 50


class Decomposer(ABC):
    """Writes a passage as propositions. `about` says what the result depends on beside the text."""

    name: str

    @property
    @abstractmethod
    def about(self) -> dict[str, Any]:
        """JSON that identifies the decomposer and its version."""

    @abstractmethod
    def write(self, collection: Collection, progress: Progress) -> Iterator[tuple[str, Written]]:
        """Passage id and its propositions, for every passage in the collection's order."""

    def cost(self, collection: Collection) -> dict[str, float]:
        """What it has cost so far in tokens, or would cost in seconds; empty where it costs next to nothing."""
        return {}

    def units(
        self, collection: Collection, *, titles: bool = True, progress: Progress = no_progress,
        ws: Workspace | None = None,
    ) -> Units:  # fmt: skip
        """The propositions as units, kept in the workspace by text and decomposer.

        A passage for which nothing is written is its own only unit: no passage may be lost from the index.
        """
        import pyarrow as pa

        kind = f"proposition ({self.name})"
        about = {"kind": kind, "titles": titles, "collection": collection.text_fingerprint, "by": self.about}

        def make(folder: Path) -> None:
            made = Units.of(kind, self._rows(collection, titles, progress), about)
            with pa.OSFile(str(folder / "units.arrow"), "wb") as sink, pa.ipc.new_file(sink, made.table.schema) as out:
                out.write_table(made.table)

        folder = (ws or workspace()).build("units", about, make)
        return Units(kind, pa.ipc.open_file(pa.memory_map(str(folder / "units.arrow"))).read_all(), about)

    def _rows(self, collection: Collection, titles: bool, progress: Progress) -> Iterator[Unit]:
        passages, documents = collection.passages, documents_of(collection)
        for passage, written in self.write(collection, progress):
            row = passages.row_of[passage]
            text = passages.texts[row]
            title = passages.titles[row] if titles else ""
            lines = [line for line in written if line[0].strip()] or [(text, 0, len(text), ())]
            for number, (said, start, stop, facts) in enumerate(lines):
                name = unit_id(passage, "proposition", number)
                yield Unit(name, title, said.strip(), documents[row], (passage,), start, stop, facts)


def _sentences(collection: Collection, passages: Passages, row: int) -> list[tuple[int, int]]:
    return split_sentences(passages.texts[row], collection.language)


class Oracle(Decomposer):
    """The collection's own table `propositions`: a World's, or one that people wrote. An upper bound, since it knows
    the relations that questions ask for."""

    name = "oracle"

    @property
    def about(self) -> dict[str, Any]:
        return {"decomposer": "oracle"}

    def units(self, collection: Collection, **settings: Any) -> Units:  # the table is at hand: nothing is kept
        if "propositions" not in collection.tables:
            raise InputError(
                f"{collection.name} knows no propositions of its own",
                field="decomposer",
                fix="decompose it by rules, a trained writer or an endpoint; the oracle needs a World",
            )
        titles, progress = settings.get("titles", True), settings.get("progress", no_progress)
        about = {"titles": titles, "collection": collection.text_fingerprint, "by": self.about}
        return Units.of("proposition (oracle)", self._rows(collection, titles, progress), about)

    def write(self, collection: Collection, progress: Progress) -> Iterator[tuple[str, Written]]:
        table = collection.tables["propositions"]
        columns = ("passage_id", "sentence", "text", "id" if "fact_id" not in table.column_names else "fact_id")
        told: dict[str, list[tuple[int, str, str]]] = {}
        for passage, sentence, text, fact in zip(*(table.column(c).to_pylist() for c in columns), strict=True):
            told.setdefault(passage, []).append((sentence, text, fact))
        passages = collection.passages
        spans_of = _own_sentences(collection)
        for row, passage in enumerate(passages.ids):
            spans = spans_of(row)
            lines: Written = []
            for sentence, text, fact in told.get(passage, ()):
                start, stop = spans[sentence] if 0 <= sentence < len(spans) else (0, len(passages.texts[row]))
                lines.append((text, start, stop, (fact,)))
            yield passage, lines


def _own_sentences(collection: Collection) -> Any:
    """`row -> spans` of the sentences that the collection counts its propositions by."""
    passages = collection.passages
    own = passages.column("sentences")
    if own is None:
        return lambda row: _sentences(collection, passages, row)

    def spans(row: int) -> list[tuple[int, int]]:
        found, at = [], 0
        for sentence in own[row]:
            start = passages.texts[row].index(sentence, at)
            at = start + len(sentence)
            found.append((start, at))
        return found

    return spans


class Rules(Decomposer):
    """Sentences cut into clauses; pronouns, `the ship` and short names replaced by the full name, by the title and the
    last mention. English; in other languages sentences stay whole and nothing is replaced.

    Parameters
    ----------
    split, resolve: each half can be switched off.
    """

    def __init__(self, split: bool = True, resolve: bool = True) -> None:
        self.split, self.resolve = split, resolve
        self.name = (
            "rules" if split and resolve else f"rules, {'' if split else 'no split'}{'' if resolve else 'no names'}"
        )

    @property
    def about(self) -> dict[str, Any]:
        here = Path(__file__)
        code = [file_hash(here.with_name(f"{n}.py"))[:16] for n in ("clauses", "naming", "resolving", "splitting")]
        return {"decomposer": "rules", "split": self.split, "resolve": self.resolve, "code": content_hash(code)}

    def write(self, collection: Collection, progress: Progress) -> Iterator[tuple[str, Written]]:
        from retrievarium.units.resolving import Resolver

        passages = collection.passages
        english = collection.language in (None, "en")
        names = Names(passages.titles if english else ())
        if english and self.resolve:
            names.learn(passages.titles, passages.texts)
        for row, passage in enumerate(passages.ids):
            if row % _TELL_EVERY == 0:
                progress(row, len(passages), "writing propositions by rules", {})
            text, title = passages.texts[row], passages.titles[row]
            spans = _sentences(collection, passages, row)
            if not english:
                yield passage, [(text[a:b], a, b, ()) for a, b in spans]
                continue
            resolver = Resolver(names, re.sub(r"\s*\([^)]*\)$", "", title))
            lines: Written = []
            for start, stop in spans:
                sentence = text[start:stop]
                for said, a, b in self._said(sentence, resolver):
                    lines.append((said, start + a, start + b, ()))
            yield passage, lines

    def _said(self, sentence: str, resolver: Any) -> Iterator[tuple[str, int, int]]:
        found: list[Mention] = resolver.mentions(sentence)
        clauses = split_clauses(sentence, found) if self.split else []
        for text, start, stop in [(c.text, c.start, c.stop) for c in clauses] or [(sentence, 0, len(sentence))]:
            yield (resolver.resolve(text) if self.resolve else text), start, stop


class RandomCuts(Decomposer):
    """A placebo: for every unit of another decomposition, a window of as many words at a random place of its passage.

    As many units, as long, from the same passage; what they lack is being propositions.
    """

    def __init__(self, like: Units, seed: int = 0) -> None:
        self.like, self.seed = like, seed
        self.name = "random cuts"

    @property
    def about(self) -> dict[str, Any]:
        return {"decomposer": "random cuts", "like": self.like.about, "kind": self.like.kind, "seed": self.seed}

    def write(self, collection: Collection, progress: Progress) -> Iterator[tuple[str, Written]]:
        import random

        for passage, text in zip(collection.passages.ids, collection.passages.texts, strict=True):
            draw = random.Random(f"{self.seed}/random cuts/{passage}")
            words = word_spans(text)
            lines: Written = []
            for row in self.like.by_passage.get(passage, ()):
                length = max(1, min(int(self.like.words[row]), len(words)))
                first = draw.randrange(len(words) - length + 1) if words else 0
                start, stop = (words[first][0], words[first + length - 1][1]) if words else (0, len(text))
                lines.append((text[start:stop], start, stop, ()))
            yield passage, sorted(lines, key=lambda line: (line[1], line[2]))
