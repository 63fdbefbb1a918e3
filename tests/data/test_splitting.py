"""Splits leak nothing: not a passage, not its twin, not its article, not a question's words."""

from __future__ import annotations

import itertools

import pyarrow as pa
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from retrievarium.contracts import InputError
from retrievarium.data import Collection
from retrievarium.data.collection import qrels_table
from retrievarium.data.splitting import _normal


@st.composite
def judged(draw: st.DrawFn) -> Collection:
    n, m = draw(st.integers(6, 20)), draw(st.integers(8, 24))
    small = st.integers(0, 12)
    passages = pa.table(
        {
            "id": [f"p{i}" for i in range(n)],
            "title": [f"t{draw(small)}" for _ in range(n)],
            "text": [f"text {draw(st.integers(0, 40))}" for _ in range(n)],
        }
    )
    queries = pa.table(
        {
            "id": [f"q{i}" for i in range(m)],
            "text": [f"{draw(st.sampled_from(['what', 'What ', 'who']))} {draw(st.integers(0, 60))}" for _ in range(m)],
            "entity": pa.array([draw(st.none() | small.map(str)) for _ in range(m)], pa.string()),
        }
    )
    rows = {
        (f"q{q}", f"p{draw(st.integers(0, n - 1))}"): draw(st.integers(0, 2))
        for q in range(m)
        for _ in range(draw(st.integers(1, 2)))
    }
    qrels = {"test": qrels_table([(q, p, g) for (q, p), g in rows.items()])}
    if draw(st.booleans()):
        qrels["with_source"] = qrels_table([(q, p, 1) for q, p in rows])
    return Collection("made", passages, queries, qrels)


@settings(max_examples=80, deadline=None)
@given(judged(), st.sampled_from(["random", "article", "entity", "title"]), st.integers(0, 5))
def test_nothing_leaks(collection: Collection, by: str, seed: int) -> None:
    try:
        parts = collection.split(by=by, train=0.5, dev=0.2, seed=seed)
    except InputError:  # everything hangs together; too many of these fail the health check
        reject()
    again = collection.split(by=by, train=0.5, dev=0.2, seed=seed)
    assert again.fingerprint == parts.fingerprint
    source = collection.test
    shares = {s: parts.split_named(s) for s in ("train", "dev", "test") if s in parts.splits}
    got = [q for s in shares.values() for q in s.queries.ids]
    assert sorted(got) == sorted(source.queries.ids)
    assert sum(len(s.qrels) for s in shares.values()) == len(source.qrels)

    def traces(name: str) -> set[tuple[str, str]]:
        split, found = shares[name], set()
        for q in split.queries.ids:
            query = split.queries[q]
            found.add(("words", _normal(query.text)))
            if by == "entity" and query.entity:
                found.add(("entity", query.entity))
            for p in split.qrels.relevant(q):
                passage = parts.passages[p]
                found |= {("passage", p), ("text", _normal(passage.joined))}
                if by in ("article", "title"):
                    found.add(("title", passage.title))
        return found

    for a, b in itertools.combinations(shares, 2):
        assert not traces(a) & traces(b)
    if "with_source" in parts.splits:
        seen = {q for s in ("train", "dev") if s in shares for q in shares[s].queries.ids}
        assert not seen & set(parts.split_named("with_source").qrels.query_ids)
    assert parts.default_split == "test"


def lone(n: int = 100) -> Collection:
    return Collection(
        "made",
        pa.table({"id": [f"p{i}" for i in range(n)], "title": [""] * n, "text": [f"text {i}" for i in range(n)]}),
        pa.table({"id": [f"q{i}" for i in range(n)], "text": [f"ask {i}" for i in range(n)]}),
        {"test": qrels_table([(f"q{i}", f"p{i}", 1) for i in range(n)])},
    )


def test_shares_are_met_and_seeds_differ() -> None:
    parts = lone().split(train=0.6, dev=0.1)
    assert [len(parts.split_named(s)) for s in ("train", "dev", "test")] == [60, 10, 30]
    assert parts.meta["split"] == {"by": "random", "train": 0.6, "dev": 0.1, "seed": 0}
    assert lone().split(seed=1).train.queries.ids != parts.train.queries.ids
    assert "dev" not in lone().split(dev=0).splits
    assert parts.without_test().splits == ("train", "dev")


def test_wrong_wishes() -> None:
    collection = lone(10)
    with pytest.raises(InputError, match="leave nothing for a test"):
        collection.split(train=0.9, dev=0.1)
    with pytest.raises(InputError, match="no article"):
        collection.split(by="article")
    with pytest.raises(InputError, match="column 'mood'"):
        collection.split(by="mood")
    with pytest.raises(InputError, match="needs judgements"):
        collection.replace(qrels={}).split()
    with pytest.raises(InputError, match="already"):
        collection.split().split()
    one = collection.replace(qrels={"test": qrels_table([(f"q{i}", "p0", 1) for i in range(10)])})
    with pytest.raises(InputError, match="would be empty"):
        one.split()
