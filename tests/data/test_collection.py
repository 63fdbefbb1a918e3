"""The collection itself: checked on the way in, the same on disk, blind to test judgements while methods are built."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from retrievarium.contracts import InputError, MissingError, RetrievariumError, as_queries
from retrievarium.data import Collection
from retrievarium.data.collection import qrels_table

PASSAGES = pa.table(
    {
        "id": ["a", "b", "c"],
        "title": ["Cork", "", "Oak"],
        "text": ["a city", "no title", "a tree"],
        "language": ["en", "en", None],
        "metadata": [None, '{"n": 1}', None],
    }
)
QUERIES = pa.table(
    {
        "id": ["q1", "q2", "q3", "q4"],
        "text": ["one", "two", "three", "four"],
        "answers": [["x", "y"], None, ["z"], None],
        "metadata": ['{"k": 1}', None, None, None],
    }
)
QRELS = {
    "train": qrels_table([("q1", "a", 1)]),
    "test": qrels_table([("q2", "b", 2), ("q2", "a", 0)]),
    "other": qrels_table([("q2", "c", 1), ("q3", "c", 1)]),
}


def made(**more: object) -> Collection:
    parts: dict = {"passages": PASSAGES, "queries": QUERIES, "qrels": QRELS} | more
    return Collection("made", **parts)


def test_views() -> None:
    collection = made()
    assert collection.passages["a"].joined == collection.passages.text_of("a") == "Cork a city"
    assert collection.passages.joined == ["Cork a city", "no title", "Oak a tree"]
    assert collection.passages["b"].fields["metadata"] == '{"n": 1}'
    assert collection.queries.ids == ("q2",)
    assert collection.all_queries["q1"].answers == ("x", "y")
    assert collection.all_queries["q1"].metadata == {"k": 1}
    assert collection.all_queries.answers == {"q1": ("x", "y"), "q3": ("z",)}
    assert collection.all_queries.select(["q3", "q1"]).texts == ("three", "one")
    assert collection.qrels.judged("q2") == {"b": 2, "a": 0}
    assert collection.qrels.relevant("q2") == {"b": 2}
    assert collection.qrels.relevant("nobody") == {}
    assert len(collection.qrels) == 2
    assert collection.qrels.select(["q9"]).to_dict() == {}
    assert collection.language == "en"
    assert "q2" in collection.qrels
    assert [p.id for p in collection.passages] == ["a", "b", "c"]
    assert as_queries(collection.queries).texts == ("two",)


def test_missing_names_say_what_there_is() -> None:
    collection = made()
    with pytest.raises(MissingError, match="no passage 'z'"):
        _ = collection.passages["z"]
    with pytest.raises(MissingError, match="no query 'z'"):
        collection.all_queries.select(["q1", "z"])
    with pytest.raises(MissingError, match="train"):
        collection.split_named("dev")


def test_default_split() -> None:
    assert made().default_split == "test"
    assert made(meta={"default_split": "train"}).default_split == "train"
    assert made(qrels={"odd": QRELS["test"]}).default_split == "odd"
    two = made(qrels={"odd": QRELS["test"], "even": QRELS["train"]})
    assert two.default_split is None
    assert len(two.queries) == 4
    assert len(two.qrels) == 0
    assert made(qrels={}).default_split is None


def test_without_test_hides_every_judgement_but_train_and_dev() -> None:
    secret = {"facts": pa.table({"x": [1]}), "clicks": pa.table({"x": [2]})}
    collection = made(tables=secret, meta={"training_tables": ["clicks"]}).without_test()
    assert collection.splits == ("train",)
    assert collection.all_queries.ids == ("q1", "q4")
    assert list(collection.tables) == ["clicks"]
    for name in ("test", "other"):
        with pytest.raises(RetrievariumError, match="out of reach"):
            collection.split_named(name)
    with pytest.raises(RetrievariumError, match="out of reach"):
        _ = collection.test
    assert made().test.queries.ids == ("q2",)
    twice = collection.without_test()
    assert twice.all_queries.ids == ("q1", "q4")


def test_fingerprint_follows_content_alone() -> None:
    first = made()
    assert made(meta={"source": "elsewhere"}).replace(name="renamed").fingerprint == first.fingerprint
    chunks = pa.concat_tables([PASSAGES.slice(0, 1), PASSAGES.slice(1)])
    assert made(passages=chunks).fingerprint == first.fingerprint
    others = [
        made(passages=PASSAGES.slice(0, 2), qrels={}),
        made(queries=QUERIES.slice(0, 3)),
        made(qrels={"test": QRELS["test"]}),
        made(qrels={**QRELS, "renamed": QRELS["other"]}),
        made(tables={"t": pa.table({"x": [1]})}),
        made(passages=PASSAGES.drop_columns("language")),
    ]
    assert len({first.fingerprint, *(o.fingerprint for o in others)}) == 7
    assert others[1].text_fingerprint == first.text_fingerprint != others[0].text_fingerprint


def test_cells_do_not_run_together() -> None:
    def one(title: str, text: str) -> Collection:
        return made(passages=pa.table({"id": ["a"], "title": [title], "text": [text]}), qrels={})

    assert one("ab", "c").fingerprint != one("a", "bc").fingerprint


def test_saved_and_opened(tmp_path: Path) -> None:
    collection = made(tables={"facts": pa.table({"x": [[1, 2], None]})}, meta={"language": "en", "n": 1})
    again = Collection.open(collection.save(tmp_path / "c"))
    assert again.fingerprint == collection.fingerprint
    assert again.replace().fingerprint == collection.fingerprint  # computed anew
    assert again.meta == collection.meta
    assert again.passages.table.equals(collection.passages.table)
    assert again.splits == collection.splits
    assert again.tables["facts"].equals(collection.tables["facts"])


def test_a_damaged_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no saved collection"):
        Collection.open(tmp_path)
    folder = made().save(tmp_path / "c")
    (folder / "queries.arrow").write_bytes(b"ARROW1 broken")
    with pytest.raises(InputError, match="missing or damaged") as caught:
        Collection.open(folder)
    assert caught.value.path == str(folder / "queries.arrow")
    (folder / "collection.json").write_text("{")
    with pytest.raises(InputError, match="damaged"):
        Collection.open(folder)
    (folder / "collection.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(InputError, match="format 99"):
        Collection.open(folder)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"passages": PASSAGES.drop_columns("text")}, "lacks the column 'text'"),
        (
            {"passages": pa.table({"id": ["a"], "title": [None], "text": ["x"]}, PASSAGES.select([0, 1, 2]).schema)},
            "empty",
        ),
        ({"passages": pa.concat_tables([PASSAGES, PASSAGES])}, "'a' stands 2 times"),
        ({"queries": pa.table({"id": ["q", ""], "text": ["x", "y"]})}, "empty id"),
        ({"queries": pa.table({"id": ["q\0"], "text": ["x"]})}, "NUL"),
        ({"qrels": {"../../out": QRELS["test"]}}, "cannot name a split"),
        ({"tables": {"a/b": QUERIES}}, "cannot name a table"),
        ({"passages": PASSAGES.slice(0, 0), "queries": QUERIES.slice(0, 0), "qrels": {}}, "empty"),
    ],
)
def test_wrong_tables_are_refused(parts: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        made(**parts)


def test_questions_asked_over_other_passages() -> None:
    alone = made(passages=PASSAGES.slice(0, 0))
    assert alone.qrels.to_dict() == {"q2": {"b": 2, "a": 0}}
    over = alone.over(made(passages=PASSAGES.slice(0, 2), qrels={}, meta={"language": "en"}))
    assert over.passages.ids == ("a", "b")
    assert over.splits == ("train", "test")
    assert over.language == "en"
