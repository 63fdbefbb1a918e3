"""Units of every kind: their text, spans, parents; folding into passages; going deeper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from retrievarium.contracts import InputError, MissingError, QueryBatch, Run
from retrievarium.contracts.order import total_order
from retrievarium.data import Collection, World
from retrievarium.units import KINDS, Units, deepen, reading, split_phrases, split_sentences, to_passages, units_of
from retrievarium.units.splitting import split_words, word_spans
from retrievarium.units.table import Unit


@pytest.fixture(scope="module")
def world() -> Collection:
    return World(3, 120, train_questions=20).collection()


@pytest.mark.parametrize("kind", KINDS)
def test_every_unit_is_the_text_of_its_span(world: Collection, kind: str) -> None:
    units = units_of(world, kind)
    for row in range(0, len(units), 7):
        unit = units.at(row)
        text = world.passages[unit.passage].text
        said = text[unit.start : unit.stop]
        assert unit.text == said if kind != "document" else unit.text.startswith(said)
        assert unit.title == world.passages[unit.passage].title
    assert set(units.by_passage) == set(world.passages.ids)


def test_documents_hold_their_passages_in_order(world: Collection) -> None:
    units = units_of(world, "document")
    assert len(units) == len(set(world.passages.column("document") or []))
    unit = units.at(0)
    assert len(unit.passages) > 1
    assert unit.text == " ".join(world.passages[p].text for p in unit.passages)
    assert sum(len(p) for p in units.passages) == len(world.passages)


def test_sentences_are_those_the_world_wrote(world: Collection) -> None:
    """By a library that knows nothing of the World."""
    own = [s for sentences in world.passages.column("sentences") or [] for s in sentences]
    found = units_of(world, "sentence").texts
    assert len(set(found) & set(own)) / len(set(own)) > 0.98


def test_sentences_know_abbreviations_and_other_scripts() -> None:
    text = "Dr. Smith went to St. Louis.  He slept."
    assert [text[a:b] for a, b in split_sentences(text, "en")] == ["Dr. Smith went to St. Louis.", "He slept."]
    text = "今日は雨です。明日は晴れます。"
    assert len(split_sentences(text, "ja")) == 2
    assert len(word_spans(text)) == len(text)
    assert len(word_spans("two words")) == 2


def test_blocks_have_a_hundred_words_and_lose_none() -> None:
    text = " ".join(f"w{i}" for i in range(250))
    spans = split_words(text, 100)
    assert [len(text[a:b].split()) for a, b in spans] == [100, 100, 50]
    assert " ".join(text[a:b] for a, b in spans) == text


def test_phrases_end_at_stop_words_punctuation_and_ten_words() -> None:
    text = "The old river Danube, in spring, flows " + " ".join(f"w{i}" for i in range(12))
    found = [text[a:b] for a, b in split_phrases(text, frozenset(("the", "in")))]
    assert found[:2] == ["old river Danube", "spring"]
    assert [len(f.split()) for f in found[2:]] == [10, 3]


def test_units_without_titles_are_indexed_without(world: Collection) -> None:
    bare = units_of(world, "sentence", titles=False)
    assert bare.collection(world).passages.joined[0] == bare.texts[0]
    assert units_of(world, "sentence").collection(world).passages.joined[0].startswith(world.passages.titles[0])


def test_an_unknown_kind_is_refused(world: Collection) -> None:
    with pytest.raises(MissingError, match="paragraph"):
        units_of(world, "paragraph")


# -- folding


def _many(passages: int, per: int) -> Units:
    rows = [
        Unit(f"p{p}#s{u:03d}", "", f"word {p} {u}", "d", (f"p{p}",), 0, 1) for p in range(passages) for u in range(per)
    ]
    return Units.of("sentence", rows)


@pytest.mark.works_when("dense-x", 1)
@pytest.mark.parametrize("k", [1, 2, 5, 20, 30])
def test_folding_equals_sorting_passages_by_their_best_unit(k: int) -> None:
    """Against a brute-force score matrix, with many ties."""
    units, draw = _many(30, 6), np.random.default_rng(5)
    scores = draw.integers(0, 12, (7, len(units))).astype(np.float32)
    scores[3, :50] = 100  # one query's best fifty units belong to nine passages
    queries = QueryBatch(tuple(f"q{i}" for i in range(7)), ("",) * 7)

    def search(batch: QueryBatch, depth: int) -> Run:
        rows = {q: scores[int(q[1:])] for q in batch.ids}
        orders = {q: total_order(s, units.ids)[:depth] for q, s in rows.items()}
        return Run.from_dict({q: {units.ids[i]: rows[q][i] for i in o} for q, o in orders.items()})

    got = to_passages(deepen(search, queries, units, k), units, k)
    passages = [f"p{p}" for p in range(30)]
    for q in range(7):
        best = scores[q].reshape(30, 6).max(axis=1)
        order = total_order(best, passages)[:k]
        assert got[f"q{q}"].ids == tuple(passages[i] for i in order)
        assert np.array_equal(got[f"q{q}"].scores, best[order])


@pytest.mark.works_when("dense-x", 1)
def test_a_passage_with_the_fifty_best_units_does_not_crowd_out_the_others() -> None:
    rows = [Unit(f"p0#s{u:03d}", "", "x", "d", ("p0",), 0, 1) for u in range(50)]
    rows += [Unit(f"p{p}#s000", "", "x", "d", (f"p{p}",), 0, 1) for p in range(1, 10)]
    units = Units.of("sentence", rows)
    asked: list[int] = []

    def search(batch: QueryBatch, depth: int) -> Run:
        asked.append(depth)
        ids = units.ids[:depth]
        return Run.from_dict({q: {u: float(100 - i) for i, u in enumerate(ids)} for q in batch.ids})

    run = deepen(search, QueryBatch(("q",), ("",)), units, 5)
    assert len(to_passages(run, units, 5)["q"]) == 5
    assert len(asked) > 1  # it had to go deeper
    everything = deepen(search, QueryBatch(("q",), ("",)), units, 50)
    assert len(to_passages(everything, units, 50)["q"]) == 10  # the index is exhausted


@pytest.mark.works_when("dense-x", 1)
def test_units_that_are_passages_change_nothing(collection: Any) -> None:
    units = units_of(collection, "passage")
    from retrievarium.retrievers import BM25

    run = BM25(collection).search(collection.queries, 5)
    assert to_passages(run, units, 5) == run


def test_reading_never_exceeds_its_words_and_shorter_is_a_prefix() -> None:
    rows = [Unit(f"u{i}", "", " ".join("w" * n), "d", ("p",), 0, 1) for i, n in enumerate((4, 1, 7, 3))]
    units = Units.of("sentence", rows)
    ranking = Run.from_dict({"q": {f"u{i}": 9.0 - i for i in range(4)}})["q"]
    lengths = {}
    for words in range(20):
        read = list(reading(ranking, units, words))
        lengths[words] = [row for row, _, count in read for _ in range(count)]
        assert len(lengths[words]) == min(words, 15)
        assert lengths[words][: len(lengths.get(words - 1, []))] == lengths.get(words - 1, [])


# -- editing, and the map on disk


def test_an_edited_passage_keeps_its_place_and_the_others_theirs(world: Collection) -> None:
    units = units_of(world, "sentence")
    passage = world.passages.ids[3]
    old = units.of_passage(passage)
    new = units.replaced(passage, [old[0].text, "Something else was said."])
    assert [u.text for u in new.of_passage(passage)] == [old[0].text, "Something else was said."]
    assert new.of_passage(passage)[0].start == old[0].start
    other = world.passages.ids[4]
    assert new.of_passage(other) == units.of_passage(other)
    assert len(new) == len(units) - len(old) + 2
    assert list(new.by_passage) == list(units.by_passage)
    with pytest.raises(InputError):
        units_of(world, "document").replaced(passage, ["a"])


def test_the_map_says_which_unit_belongs_to_which_passage(world: Collection, tmp_path: Path) -> None:
    units = units_of(world, "document")
    lines = units.save_map(tmp_path / "map.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[0].split("\t") == ["unit", "passages", "start", "stop", "words", "text"]
    cells = lines[1].split("\t")
    assert cells[1].split() == list(units.passages[0])
    assert int(cells[4]) == len(cells[5].split())
    assert len(lines) == len(units) + 1


def test_units_of_nothing_are_refused() -> None:
    with pytest.raises(InputError):
        Units("sentence", pa.table({}))
