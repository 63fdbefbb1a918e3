"""The extractive reader: spans, windows, learning, saving; and EM within words."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from retrievarium.data import Collection
from retrievarium.encoders import Backbone, train_wordpiece
from retrievarium.evaluation import em_at_words, exact_match
from retrievarium.evaluation.granularity import read_text
from retrievarium.generation import SpanReader, train_reader
from retrievarium.generation.reader import ReadingBatches, best_span, span_nll
from retrievarium.units import Units
from retrievarium.units.table import Unit


def test_the_best_span_is_brute_forces() -> None:
    scores = np.random.default_rng(0).normal(size=(40, 2))
    value, start, stop = best_span(scores, 6)
    every = {(i, j): scores[i, 0] + scores[j, 1] for i, j in itertools.product(range(40), repeat=2) if 0 <= j - i < 6}
    assert (start, stop) == max(every, key=lambda k: every[k])
    assert value == pytest.approx(max(every.values()))


def test_the_loss_is_the_mean_of_both_ends() -> None:
    scores, places = torch.randn(3, 7, 2), torch.tensor([[1, 2], [0, 0], [4, 6]])
    ends = [torch.nn.functional.cross_entropy(scores[:, :, e], places[:, e]) for e in (0, 1)]
    torch.testing.assert_close(span_nll(scores, places), sum(ends) / 2)


COLOURS = ("red", "blue", "green", "white", "black")
NAMES = ("Ann", "Bob", "Cid", "Dora", "Eve", "Fay", "Gus", "Hal")


@pytest.fixture(scope="module")
def flats() -> Collection:
    """Who has which colour: eight texts, three facts each."""
    rng = np.random.default_rng(1)
    drawn = [[str(c) for c in rng.permutation(COLOURS)[:3]] for _ in NAMES]
    texts = [f"{n} has a {a} hat. The door is {b}. The cat is {c}." for n, (a, b, c) in zip(NAMES, drawn, strict=True)]
    asked = [
        (f"t{i}-{k}", f"what is the {thing} of {NAMES[i]}", drawn[i][k], f"p{i}")
        for i in range(len(NAMES))
        for k, thing in enumerate(("hat", "door", "cat"))
    ]
    ids, questions, answers, passages = zip(*asked, strict=True)
    return Collection(
        "flats",
        pa.table({"id": [f"p{i}" for i in range(8)], "title": list(NAMES), "text": texts}),
        pa.table({"id": ids, "text": questions, "answers": pa.array([[a] for a in answers])}),
        {"train": pa.table({"query_id": ids, "passage_id": passages, "grade": pa.array([1] * len(ids), pa.int32())})},
        meta={"language": "en"},
    )


def _reader(flats: Collection, steps: int) -> SpanReader:
    tokenizer = train_wordpiece([*flats.passages.joined, *flats.all_queries.texts], 200)
    backbone = Backbone(tokenizer, 2, 64, 2, 48, dropout=0.0, seed=2)
    return train_reader(flats, backbone, steps, batch=24, lr=1e-3, max_length=48)


def test_batches_point_at_the_answer(flats: Collection) -> None:
    reader = _reader(flats, 0)
    batch = ReadingBatches(reader, flats, 8, 0)(3)
    said = []
    for row, (start, stop) in zip(range(len(batch.passages)), batch.places, strict=True):
        said.append(reader.backbone.tokenizer.decode(batch.passages[row][start : stop + 1]))
    assert len([s for s in said if s in COLOURS]) >= 6
    assert all(s in COLOURS or s == "[CLS]" for s in said)


def test_it_learns_to_read(flats: Collection, tmp_path: Path) -> None:
    reader = _reader(flats, 300)
    texts = dict(zip(flats.passages.ids, flats.passages.texts, strict=True))
    asked = flats.train.queries
    given = [texts[next(iter(flats.train.qrels.relevant(q)))] for q in asked.ids]
    said = reader.many(asked.texts, given)
    right = np.mean([exact_match(s, asked.answers[q]) for q, s in zip(asked.ids, said, strict=True)])
    assert right > 0.7  # a guess among the colours of a text is right in a third
    assert [reader(q, t) for q, t in zip(asked.texts[:3], given[:3], strict=True)] == said[:3]
    again = SpanReader.load(reader.save(tmp_path / "reader"))
    assert again.fingerprint == reader.fingerprint
    assert again.many(asked.texts, given) == said
    far = "nothing here at all " * 30 + given[0]
    assert len(reader.windows(asked.texts[0], far)) > 3  # a long text is read in windows
    assert reader(asked.texts[0], "") == ""


def test_exact_match_forgives_articles_case_and_punctuation() -> None:
    assert exact_match("The Béla Bartók!", ["bela bartok"])
    assert not exact_match("Bartók", ["Béla Bartók"])
    assert not exact_match("", [""])


def test_em_is_what_a_reader_says_from_so_many_words() -> None:
    rows = [Unit("a", "", "one two three", "d", ("p",), 0, 1), Unit("b", "", "four five", "d", ("p",), 0, 1)]
    units = Units.of("sentence", rows)
    from retrievarium.contracts import Run

    run = Run.from_dict({"q": {"a": 2.0, "b": 1.0}})
    assert [read_text(run["q"], units, n) for n in (0, 2, 3, 4, 9)] == [
        "", "one two", "one two three", "one two three four", "one two three four five",
    ]  # fmt: skip

    def last_word(question: str, text: str) -> str:
        return text.split()[-1] if text else ""

    wanted: dict[str, Any] = {"q": ["the four"], "missing": ["x"]}
    found = [em_at_words(run, units, last_word, {"q": "?", "missing": "?"}, wanted, n) for n in (3, 4, 5)]
    assert [f["q"] for f in found] == [0, 1, 0]
    assert found[1]["missing"] == 0
