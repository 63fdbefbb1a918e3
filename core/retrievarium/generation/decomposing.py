"""Decomposers that write: a sequence-to-sequence model in a folder, a tiny one taught here, an endpoint.

Models in a folder are asked in the propositioniser's input format and answer with a JSON list of sentences:

    Title: <title>. Section: <section>. Content: <passage>          ->   ["...", "..."]

Source: Chen et al., 2023 (2312.06648), section 2 and appendix; definition and example of the prompt are our own words.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrievarium.contracts import InputError, MissingError, Progress, no_progress
from retrievarium.data.views import Passages
from retrievarium.units import Decomposer, split_sentences
from retrievarium.units.decomposers import Written
from retrievarium.workspace import Workspace, content_hash

if TYPE_CHECKING:
    from retrievarium.data import Collection

PROMPT = """Rewrite the passage as a list of propositions. A proposition
1. states one single thing that the passage says, and together they state all that it says;
2. cannot be divided into smaller statements;
3. can be understood alone: put full names in place of pronouns and of words such as "the ship" or "this town".
Add nothing that the passage does not say. Answer with a JSON list of strings and nothing else.

Title: Hauwen. Section: History. Content: She was launched in 1902 and, renamed twice, carried salt until the war.
["The ship Hauwen was launched in 1902.", "The ship Hauwen was renamed twice.",
 "The ship Hauwen carried salt until the war."]

{passage}"""
SEPARATOR, NOTHING = " | ", "-"
_BLOCK = 16  # passages asked for at once
_LONGEST = 512


def passage_prompt(title: str, text: str, section: str = "") -> str:
    """The propositioniser's input."""
    return f"Title: {title}. Section: {section}. Content: {text}"


def parse_propositions(said: str) -> list[str]:
    """A JSON list of sentences, also inside other words; else a list with a line each. Empty where there is neither.

    A list that was cut off in the middle keeps its whole sentences.
    """
    start, stop = said.find("["), said.rfind("]")
    if start >= 0:
        for text in (said[start : stop + 1], said[start:]):
            try:
                found = json.loads(text)
            except ValueError:
                continue
            if isinstance(found, list):
                return [s.strip() for s in found if isinstance(s, str) and s.strip()]
        whole = [
            json.loads(f'"{m}"') for m in re.findall(r'"((?:[^"\\]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})+)"', said[start:])
        ]
        return [s.strip() for s in whole if s.strip()]
    lines = [re.sub(r"^\s*(?:[-*•]|\d+[.)])\s*", "", line).strip() for line in said.splitlines()]
    return [line for line in lines if len(line.split()) > 2]


def _nearest(proposition: str, text: str, spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The sentence that shares most words with a proposition; the first of equals."""
    words = Counter(re.findall(r"\w+", proposition.lower()))

    def shared(span: tuple[int, int]) -> float:
        own = Counter(re.findall(r"\w+", text[span[0] : span[1]].lower()))
        return sum((words & own).values()) / (1 + sum(own.values())) ** 0.5

    return max(spans, key=shared) if spans else (0, len(text))


class WrittenPropositions(Decomposer):
    """A generator reads each passage and writes its propositions.

    Parameters
    ----------
    generator: any; wrap an endpoint in `CachedGenerator`, so that a passage is paid for once.
    instruct: True sends the definition and an example first (endpoints); False the bare input format.
    price: US dollars for a million tokens read and written, for `cost`.
    """

    def __init__(
        self, generator: Any, name: str | None = None, *, instruct: bool = False, longest: int = _LONGEST,
        price: tuple[float, float] | None = None,
    ) -> None:  # fmt: skip
        self.generator, self.name = generator, name or generator.name
        self.instruct, self.longest, self.price = instruct, longest, price

    @property
    def about(self) -> dict[str, Any]:
        form = content_hash([PROMPT if self.instruct else "bare", self.longest])
        return {"decomposer": "written", "generator": self.generator.fingerprint, "form": form}

    def write(self, collection: Collection, progress: Progress) -> Iterator[tuple[str, Written]]:
        passages = collection.passages
        for start in range(0, len(passages), _BLOCK):
            progress(start, len(passages), f"{self.name} writes propositions", dict(self.cost(collection)))
            rows = range(start, min(start + _BLOCK, len(passages)))
            prompts = [self._prompt(passages, row) for row in rows]
            said = self.generator.generate(prompts, 1, self.longest, 0.0)
            for row, texts in zip(rows, said, strict=True):
                text = passages.texts[row]
                spans = split_sentences(text, collection.language)
                lines: Written = [(p, *_nearest(p, text, spans), ()) for p in parse_propositions(texts[0])]
                yield passages.ids[row], lines

    def _prompt(self, passages: Passages, row: int) -> str:
        bare = passage_prompt(passages.titles[row], passages.texts[row])
        return PROMPT.replace("{passage}", bare) if self.instruct else bare

    def cost(self, collection: Collection) -> dict[str, float]:
        """Tokens read and written so far and, where a price is known, dollars."""
        count = self.generator.count
        told: dict[str, float] = {"tokens read": count.read, "tokens written": count.written}
        return told | ({"dollars": self._dollars(count.read, count.written)} if self.price else {})

    def expected(self, collection: Collection) -> dict[str, float]:
        """What a whole collection will take: tokens from its words (4 for 3), dollars where a price is known."""
        words = sum(len(self._prompt(collection.passages, row).split()) for row in range(len(collection.passages)))
        own = sum(len(t.split()) for t in collection.passages.texts)
        read, written = words * 4 / 3, own * 2  # names are said again in every proposition
        told = {"tokens read": round(read), "tokens written": round(written)}
        return told | ({"dollars": self._dollars(read, written)} if self.price else {})

    def _dollars(self, read: float, written: float) -> float:
        assert self.price is not None
        return round((read * self.price[0] + written * self.price[1]) / 1e6, 4)


class TinyDecomposer(Decomposer):
    """A tiny writer with a copy gate reads a sentence after those before it, and writes its propositions.

    A sentence for which it writes nothing states nothing of its own, as far as it knows; a passage without any keeps
    itself as its only unit. It writes in lower case.
    """

    def __init__(self, writer: Any, name: str = "seq2seq") -> None:
        self.writer, self.name = writer, name

    @property
    def about(self) -> dict[str, Any]:
        return {"decomposer": "tiny", "writer": self.writer.fingerprint}

    def write(self, collection: Collection, progress: Progress) -> Iterator[tuple[str, Written]]:
        passages = collection.passages
        for start in range(0, len(passages), _BLOCK):
            progress(start, len(passages), "a tiny writer writes propositions", {})
            asked: list[tuple[int, int, int, str]] = []
            for row in range(start, min(start + _BLOCK, len(passages))):
                text = passages.texts[row]
                spans = split_sentences(text, collection.language)
                sentences = [text[a:b] for a, b in spans]
                for at, (a, b) in enumerate(spans):
                    asked.append((row, a, b, sentence_prompt(passages.titles[row], sentences, at)))
            said = self.writer.generate([p for *_, p in asked], 1, 64, 0.0)
            lines: dict[int, Written] = {row: [] for row in range(start, min(start + _BLOCK, len(passages)))}
            for (row, a, b, _), texts in zip(asked, said, strict=True):
                lines[row] += [(p, a, b, ()) for p in split_written(texts[0])]
            yield from ((passages.ids[row], found) for row, found in lines.items())


def sentence_prompt(title: str, sentences: Sequence[str], at: int) -> str:
    """Title, the sentence before, and the sentence, in the propositioniser's fields."""
    return passage_prompt(title, sentences[at], sentences[at - 1] if at else "")


def split_written(said: str) -> list[str]:
    """What a tiny writer wrote, as propositions; none where it wrote that there is nothing."""
    return [p.strip() for p in said.split("|") if p.strip() and p.strip() != NOTHING]


def decomposer_named(spec: str, ws: Workspace | None = None, progress: Progress = no_progress) -> Decomposer:
    """`seq2seq` (taught here on other Worlds), a folder, or `endpoint:MODEL@URL` with its key in OPENAI_API_KEY.

    progress: of the teaching, which may be stopped and goes on at the next call.
    """
    from retrievarium.generation.cache import CachedGenerator
    from retrievarium.generation.endpoint import EndpointGenerator
    from retrievarium.generation.local import LocalGenerator
    from retrievarium.generation.teaching import taught_writer
    from retrievarium.generation.tiny import TinyGenerator

    if spec == "seq2seq":
        return TinyDecomposer(taught_writer(ws=ws, progress=progress))
    if spec.startswith("endpoint:"):
        model, _, url = spec.removeprefix("endpoint:").partition("@")
        if not model:
            raise InputError("the endpoint names no model", field="unit", expected="endpoint:MODEL@URL")
        endpoint = EndpointGenerator(model, url) if url else EndpointGenerator(model)
        return WrittenPropositions(CachedGenerator(endpoint, ws), model, instruct=True)
    folder = Path(spec)
    if (folder / "writer.json").is_file():
        return TinyDecomposer(TinyGenerator.load(folder), folder.name)
    if folder.is_dir():
        return WrittenPropositions(CachedGenerator(LocalGenerator(folder), ws), folder.name)
    raise MissingError(
        f"there is no unit {spec!r}",
        field="unit",
        expected="document, passage, block, sentence, phrase, oracle, rules, random cuts, seq2seq, a folder, "
        "or endpoint:MODEL@URL",
    )
