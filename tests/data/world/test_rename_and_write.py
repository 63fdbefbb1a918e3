"""Renaming, writing, streaming."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrievarium.contracts import InputError
from retrievarium.data.collection import Collection
from retrievarium.data.world import World, stream
from retrievarium.data.world.lexical import BM25Scorer, Terms


def test_bm25_does_not_notice_a_renaming(world: World, arm_a: Collection) -> None:
    tokens = sorted({t for e in world.book.plan.cast.described for t in e.name.tokens if not t.endswith("ite")})
    mapping = {token: f"zq{number}" for number, token in enumerate(tokens)}
    renamed = world.rename(mapping)
    assert renamed.passages.texts != arm_a.passages.texts
    before, after = (BM25Scorer(Terms(list(c.passages.joined)), 0.9, 0.4) for c in (arm_a, renamed))
    for old, new in zip(arm_a.queries.texts[:60], renamed.queries.texts[:60], strict=True):
        assert after.scores(new).tolist() == pytest.approx(before.scores(old).tolist(), abs=1e-5)
    assert renamed.qrels.to_dict() == arm_a.qrels.to_dict()
    swapped = world.rename({tokens[0]: tokens[1], tokens[1]: tokens[0]})
    assert swapped.fingerprint != arm_a.fingerprint


def test_a_renaming_must_be_one_to_one(world: World) -> None:
    tokens = sorted(world.book.plan.cast.described[0].name.tokens + world.book.plan.cast.described[1].name.tokens)
    with pytest.raises(InputError, match="same new name"):
        world.rename({tokens[0]: "zq", tokens[1]: "zq"})
    with pytest.raises(InputError, match="already stands"):
        world.rename({tokens[0]: "question"})


def test_a_folder_in_beir_layout_with_truth(tmp_path: Path) -> None:
    world = World(4, 150)
    folder = world.write(tmp_path / "out")
    collection = world.collection()
    corpus = [json.loads(line) for line in (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["_id"] for row in corpus] == list(collection.passages.ids)
    assert set(corpus[0]) == {"_id", "title", "text", "metadata"}
    lines = (folder / "qrels" / "test.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "query-id\tcorpus-id\tscore"
    assert len(lines) == 1 + collection.qrels.table.num_rows
    truth = {path.stem for path in (folder / "truth").iterdir()}
    assert truth >= {"entities", "aliases", "facts", "propositions", "exposure", "slices", "causes", "mentions"}
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    world.write(folder)
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_stream_has_distinct_ids_and_names_block_by_block() -> None:
    blocks = list(stream(4, 450, block=200))
    assert [world.size for world in blocks] == [200, 200, 100]
    ids = [i for world in blocks for i in world.collection().passages.ids]
    assert len(set(ids)) == len(ids) == 500
    first, second = ({p.title for p in world.book.passages} for world in blocks[:2])
    assert len(first & second) < len(first) // 10
