"""Propositions that are written: formats, parsing, cost, a tiny writer's lessons, names of decomposers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from retrievarium.contracts import InputError, MissingError
from retrievarium.data import World
from retrievarium.generation import CachedGenerator, TinyDecomposer, TokenCount, WrittenPropositions, decomposer_named
from retrievarium.generation.decomposing import parse_propositions, passage_prompt, split_written
from retrievarium.generation.teaching import WORLDS, lessons, taught_writer


class Parrot:
    """A stand-in for a model: writes each sentence of the content as a proposition, in JSON."""

    name = "parrot"
    fingerprint = "0123456789abcdef"
    can_score = False

    def __init__(self) -> None:
        self.count = TokenCount()
        self.asked: list[str] = []

    def generate(
        self, prompts: Sequence[str], n: int = 1, max_new_tokens: int = 64, temperature: float = 0.7, seed: int = 0
    ) -> list[list[str]]:
        self.asked += prompts
        self.count.add(len(prompts), sum(len(p.split()) for p in prompts), 3 * len(prompts))
        told = []
        for prompt in prompts:
            content = prompt.rsplit("Content: ", 1)[1]
            told.append(["Sure: [" + ", ".join(f'"{s.strip()}."' for s in content.split(".") if s.strip()) + "]"])
        return told


def test_a_passage_is_asked_in_the_propositionisers_format(collection: Any) -> None:
    parrot = Parrot()
    units = WrittenPropositions(parrot).units(collection)
    first = collection.passages[collection.passages.ids[0]]
    assert parrot.asked[0] == f"Title: {first.title}. Section: . Content: {first.text}"
    assert passage_prompt("A", "b c.", "D") == "Title: A. Section: D. Content: b c."
    for row in range(len(units)):
        unit = units.at(row)
        text = collection.passages[unit.passage].text
        assert 0 <= unit.start < unit.stop <= len(text)
        assert unit.text.rstrip(".") in text
    assert units.kind == "proposition (parrot)"


def test_an_endpoint_is_told_what_a_proposition_is_and_paid_once(collection: Any, ws: Any) -> None:
    parrot = Parrot()
    made = WrittenPropositions(CachedGenerator(parrot, ws), instruct=True, price=(1.0, 4.0))
    expected = made.expected(collection)
    made.units(collection, titles=True)
    assert "JSON" in parrot.asked[0]
    read, written = parrot.count.read, parrot.count.written
    assert made.cost(collection) == {
        "tokens read": read,
        "tokens written": written,
        "dollars": round((read + 4 * written) / 1e6, 4),
    }
    assert expected["tokens read"] > read  # words are fewer than tokens
    asked = len(parrot.asked)
    made.units(collection, titles=False)  # other units, same passages
    assert len(parrot.asked) == asked


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ('["A is b.", "C is d."]', ["A is b.", "C is d."]),
        ('Here you are:\n```json\n["A is \\"b\\"."]\n```', ['A is "b".']),
        ('["A is b.", "C is d.", "E is', ["A is b.", "C is d."]),
        ("1. A is b.\n2. C is d.\n\nok", ["A is b.", "C is d."]),
        ("[]", []),
        ("", []),
        ('["A is b.", 3, ""]', ["A is b."]),
    ],
)
def test_lists_of_propositions_are_read_however_they_come(said: str, found: list[str]) -> None:
    assert parse_propositions(said) == found


def test_a_passage_nobody_wrote_about_keeps_itself(collection: Any) -> None:
    class Silent(Parrot):
        fingerprint = "silent"

        def generate(self, prompts: Sequence[str], *settings: Any, **more: Any) -> list[list[str]]:
            return [["[]"] for _ in prompts]

    units = WrittenPropositions(Silent()).units(collection)
    assert units.texts == collection.passages.texts


# -- the tiny writer


def test_lessons_are_all_sentences_of_another_world() -> None:
    world = World(31, 100, train_questions=20).collection()
    prompts, texts = lessons(world)
    sentences = world.passages.column("sentences") or []
    assert len(prompts) == len(texts) == sum(map(len, sentences))
    told = [p for t in texts for p in split_written(t)]
    assert sorted(told) == sorted(world.tables["propositions"].column("text").to_pylist())
    assert sentences[0][0] in prompts[0]
    assert not set(WORLDS) & {*range(1, 10), *range(101, 121)}


def test_a_writer_is_taught_once_and_writes_units(collection: Any, ws: Any) -> None:
    shape = {"layers": 1, "dim": 32, "heads": 2}
    about = {"passages": 100, "shape": shape, "batch": 4, "longest_prompt": 60}
    writer = taught_writer((31,), 3, ws=ws, **about)
    assert taught_writer((31,), 3, ws=ws, **about).fingerprint == writer.fingerprint
    assert len(ws.list("decomposers")) == 1
    units = TinyDecomposer(writer).units(collection, ws=ws)
    assert set(units.by_passage) == set(collection.passages.ids)
    assert units.kind == "proposition (seq2seq)"


def test_decomposers_by_name(ws: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named: Any = decomposer_named("endpoint:some-model@http://127.0.0.1:9/v1", ws)
    assert named.name == "some-model"
    assert named.instruct
    with pytest.raises(MissingError, match="seq2seq"):
        decomposer_named("nonsense", ws)
    with pytest.raises(InputError, match="model"):
        decomposer_named("endpoint:@http://127.0.0.1:9", ws)
    with pytest.raises(InputError):
        decomposer_named(str(tmp_path), ws)  # a folder without a model


def test_a_teaching_can_be_stopped_and_goes_on(ws: Any) -> None:
    from retrievarium.contracts import Cancelled

    about: dict[str, Any] = {"passages": 100, "shape": {"layers": 1, "dim": 32, "heads": 2}, "batch": 4}

    def stop(done: int, total: int, what: str, metrics: Any) -> None:
        if done >= 2:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        taught_writer((31,), 4, ws=ws, progress=stop, **about)
    assert ws.list("decomposers") == []
    assert taught_writer((31,), 4, ws=ws, **about).fingerprint == taught_writer((31,), 4, ws=ws, **about).fingerprint
