"""An edited passage against retrievers built from scratch over the edited collection; ready edits of questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as some

from retrievarium.analysis.why import Edit, edited, edited_collection, presets
from retrievarium.contracts import InputError, Run
from retrievarium.data import Collection
from retrievarium.encoders import Backbone, MLMHead, lexical_towers, multi_vector_towers, train_wordpiece
from retrievarium.encoders.cross import CrossEncoder
from retrievarium.retrievers import (
    BM25,
    Average,
    Dense,
    Feedback,
    FrozenRun,
    HyDE,
    LateInteraction,
    Rerank,
    Sparse,
    fuse_linear,
)

EDITS = [
    Edit("p9", "Rhine", "The Danube, the river Danube and the planet Mercury; xylophone."),
    Edit("p2", "", "sea"),
    Edit("p6", "Béla Bartók", "who collected river songs in the North " + "river " * 40),
    Edit("p4", "Cork", ""),
]


class Writer:
    name = "writer"

    def generate(self, prompts: Any, n: int, *_: Any) -> list[list[str]]:
        return [["a river in the north"] * n for _ in prompts]


def fresh(collection: Collection, edit: Edit) -> Collection:
    """The edited collection, put together the slow way."""
    table = collection.passages.table.to_pylist()
    rows = [{**r, "title": edit.title, "text": edit.text} if r["id"] == edit.passage else r for r in table]
    return Collection(
        "fresh",
        pa.Table.from_pylist(rows),
        collection.all_queries.table,
        {s: collection.split_named(s).qrels.table for s in collection.splits},
        meta=collection.meta,
    )


def learned(collection: Collection) -> tuple[Any, Any, Any]:
    """A lexical encoder, a many-vector encoder and a cross-encoder, made from the unedited texts."""
    import torch

    tokenizer = train_wordpiece([*collection.passages.joined, *collection.all_queries.texts], 300)
    backbone = Backbone(tokenizer, layers=1, dim=16, heads=2, max_length=64, seed=3)
    head = MLMHead(16, backbone.model.config.vocab_size, seed=4)
    with torch.no_grad():
        for parameter in [*backbone.parameters(), *head.parameters()]:
            if parameter.ndim > 1:
                parameter.mul_(8)
        head.bias.normal_(-3, 1, generator=torch.Generator().manual_seed(2))
    return lexical_towers(backbone, head), multi_vector_towers(backbone, dim=8), CrossEncoder(backbone)


def makers(collection: Collection, encoder: Any, dot: Any) -> dict[str, Callable[[Collection], Any]]:
    lexical, multi, cross = learned(collection)

    def bm25(c: Collection) -> BM25:
        return BM25(c, keep=False)

    return {
        "bm25": bm25,
        "bm25 (k1 = 0)": lambda c: BM25(c, k1=0.0, keep=False),
        "bm25 (b = 1)": lambda c: BM25(c, k1=1.5, b=1.0, keep=False),
        "dense": lambda c: Dense(c, encoder),
        "dot": lambda c: Dense(c, dot),
        "sparse": lambda c: Sparse(c, lexical),
        "late": lambda c: LateInteraction(c, multi),
        "rank fusion": lambda c: bm25(c) + Dense(c, encoder),
        "linear fusion": lambda c: 0.3 * bm25(c) + 0.7 * Dense(c, encoder),
        "cascade": lambda c: (bm25(c) % 3) >> Dense(c, dot),
        "pairs": lambda c: bm25(c) >> Rerank(cross, c),
        "feedback": lambda c: Feedback(Dense(c, encoder), Average(), 2),
        "invented": lambda c: HyDE(Dense(c, dot), Writer(), 2),
    }


def test_an_edit_gives_what_building_anew_gives(collection: Any, encoder: Any, dot_encoder: Any) -> None:
    made = makers(collection, encoder, dot_encoder)
    before = {name: make(collection) for name, make in made.items()}
    moved: dict[str, int] = dict.fromkeys(made, 0)
    for edit in EDITS:
        after = edited(before, collection, edit)
        there = fresh(collection, edit)
        for name, make in made.items():
            expected = make(there).search(collection.all_queries, 9)
            told = after[name].search(collection.all_queries, 9)
            assert after[name].name == before[name].name
            for query in collection.all_queries.ids:
                assert told[query].ids == expected[query].ids, (name, edit, query)
                assert np.allclose(told[query].scores, expected[query].scores, atol=1e-5, rtol=1e-5), (name, query)
            moved[name] += told != before[name].search(collection.all_queries, 9)
    assert all(moved.values()), f"an edit must change something: {moved}"


def test_parts_of_an_edited_passage_add_up_too(collection: Any, encoder: Any) -> None:
    from retrievarium.analysis.why import explainers

    before = {"b": BM25(collection, keep=False), "f": BM25(collection, keep=False) + Dense(collection, encoder)}
    after = edited(before, collection, EDITS[0])
    text = "river Danube Danube xylophone"
    for name, why in explainers(after, text).items():
        for passage, score in after[name].search(text)["q1"]:
            assert why(passage).total == pytest.approx(score, abs=1e-5)
    told = {p.label: p for p in explainers(after, text)["b"]("p9").parts}
    joined = "Rhine " + EDITS[0].text
    assert [joined[a:b] for a, b in told["xylophone"].passage] == ["xylophone"]


@given(some.lists(some.sampled_from(["river", "sea", "xylophone", "Mercury", "the", "bark"]), max_size=30))
def test_bm25_is_counted_again_whatever_the_edit(words: list[str]) -> None:
    rows = [("a", "river sea sea"), ("b", "Mercury river"), ("c", "bark bark bark sea"), ("d", "the Mercury")]
    ids, texts = zip(*rows, strict=True)
    queries = pa.table({"id": ["q"], "text": ["river sea Mercury xylophone bark"]})
    collection = Collection("tiny", pa.table({"id": ids, "title": [""] * 4, "text": texts}), queries)
    edit = Edit("b", "", " ".join(["sea", *words]))
    told = edited({"r": BM25(collection, keep=False)}, collection, edit)["r"].search(collection.all_queries, 4)["q"]
    expected = BM25(fresh(collection, edit), keep=False).search(collection.all_queries, 4)["q"]
    assert told.ids == expected.ids
    assert np.allclose(told.scores, expected.scores, atol=1e-5)


def test_an_edit_that_changes_nothing_changes_no_rank(collection: Any, encoder: Any) -> None:
    same = collection.passages["p7"]
    before = {"b": BM25(collection, keep=False), "d": Dense(collection, encoder)}
    after = edited(before, collection, Edit("p7", same.title, same.text))
    for name, retriever in before.items():
        assert after[name].search(collection.queries, 9) == retriever.search(collection.queries, 9)


def test_only_the_edited_passage_is_encoded_and_parts_are_shared(collection: Any, encoder: Any) -> None:
    read: list[str] = []

    class Counting(type(encoder)):  # type: ignore[misc]
        def encode_passages(self, texts: Any, progress: Any = None) -> Any:
            read.extend(texts)
            return super().encode_passages(texts, progress)

    dense = Dense(collection, Counting()).prepare()
    read.clear()
    both = {"d": dense, "f": dense + BM25(collection, keep=False), "l": fuse_linear((1.0, dense))}
    after = edited(both, collection, EDITS[0])
    for retriever in after.values():
        retriever.search(collection.queries)
    assert read == ["Rhine " + EDITS[0].text]


def test_the_collection_itself_stays(collection: Any) -> None:
    before = collection.passages.text_of("p9")
    there = edited_collection(collection, EDITS[0])
    assert collection.passages.text_of("p9") == before
    assert there.passages.ids == collection.passages.ids
    assert there.fingerprint != collection.fingerprint


def test_finished_lists_cannot_be_edited(collection: Any) -> None:
    with pytest.raises(InputError, match="finished lists"):
        edited({"x": FrozenRun(Run.from_dict({"e1": {"p1": 1.0}}), "mine")}, collection, EDITS[0])


# -- ready edits of a question


@pytest.fixture
def named(collection: Any) -> Any:
    entities = pa.table(
        {
            "id": ["r1", "r2", "c1"],
            "name": ["Danube", "Rhine", "Cork"],
            "type": ["river", "river", "city"],
            "aliases": [["Donau"], [], []],
        }
    )
    return collection.replace(tables={"entities": entities})


def test_four_edits_of_a_question(named: Any) -> None:
    told = {p.key: p.text for p in presets(named, "where does the Danube rise", "r1", "rises in")}
    assert told == {
        "swap": "where does the Rhine rise",
        "drop": "where does the Danube",
        "alias": "where does the Donau rise",
        "typo": "where does the Danbue rise",
    }
    assert told["typo"] != "where does the Danube rise"
    assert sorted(told["typo"] or "") == sorted("where does the Danube rise")
    assert presets(named, "where does the Danube rise", "r1") == presets(named, "where does the Danube rise", "r1")


def test_a_name_is_found_without_being_told(named: Any) -> None:
    told = {p.key: p for p in presets(named, "which sea takes the rhine")}
    assert told["swap"].text == "which sea takes the Danube"
    assert told["alias"].text is None
    assert "no other name" in told["alias"].why


def test_what_is_not_known_is_said(collection: Any) -> None:
    told = {p.key: p for p in presets(collection, "which river rises in the Black Forest")}
    assert told["swap"].text is None
    assert "does not say" in told["swap"].why
    assert told["typo"].text is not None
    assert {p.key: p.text for p in presets(collection, "why")} == dict.fromkeys(("swap", "drop", "alias", "typo"))
