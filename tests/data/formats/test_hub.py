"""Hugging Face data sets and ir_datasets ids, read from local files by the real libraries."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrievarium.contracts import InputError
from retrievarium.data.imports import read_collection


def lines(path: Path, *rows: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


CARD = """---
configs:
- config_name: corpus
  data_files:
  - split: corpus
    path: corpus.jsonl
- config_name: queries
  data_files:
  - split: queries
    path: queries.jsonl
- config_name: default
  data_files:
  - split: test
    path: qrels/test.jsonl
  - split: validation
    path: qrels/dev.jsonl
---
"""


@pytest.mark.usefixtures("offline")
def test_three_configs(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    lines(folder / "corpus.jsonl", {"_id": "d1", "title": "T", "text": "x"}, {"_id": "d2", "title": "", "text": "y"})
    lines(folder / "queries.jsonl", {"_id": "q1", "text": "?"}, {"_id": "q2", "text": "!"})
    lines(folder / "qrels" / "test.jsonl", {"query-id": "q1", "corpus-id": "d1", "score": 1})
    lines(folder / "qrels" / "dev.jsonl", {"query-id": "q2", "corpus-id": "d2", "score": 2})
    (folder / "README.md").write_text(CARD)
    collection, report = read_collection(f"hf:{folder}")
    assert report.format == "hf"
    assert collection.passages.ids == ("d1", "d2")
    assert set(collection.splits) == {"test", "dev"}
    assert collection.dev.qrels.to_dict() == {"q2": {"d2": 2}}


@pytest.mark.usefixtures("offline")
def test_questions_with_their_context(tmp_path: Path) -> None:
    answers = {"text": ["x"], "answer_start": [0]}
    lines(
        tmp_path / "set" / "train.jsonl",
        {"id": "1", "title": "A_b", "context": "c", "question": "?", "answers": answers},
        {"id": "2", "title": "A_b", "context": "c", "question": "!", "answers": answers},
    )
    collection, _ = read_collection(f"hf:{tmp_path / 'set'}")
    assert collection.passages.titles == ("A b",)
    assert collection.train.qrels.to_dict() == {"1": {"p00000": 1}, "2": {"p00000": 1}}
    assert set(collection.meta) == {"source", "format"}


@pytest.mark.usefixtures("offline")
def test_one_table_by_mapping(tmp_path: Path) -> None:
    lines(tmp_path / "set" / "train.jsonl", {"nr": 1, "words": "x"}, {"nr": 2, "words": "y"})
    with pytest.raises(InputError, match="not clear which column is the id"):
        read_collection(f"hf:{tmp_path / 'set'}")
    collection, _ = read_collection(f"hf:{tmp_path / 'set'}", mapping={"id": "nr", "text": "words"})
    assert collection.passages.texts == ("x", "y")


@pytest.mark.usefixtures("offline")
def test_an_unknown_hub_id() -> None:
    with pytest.raises(InputError, match="cannot be found") as caught:
        read_collection("hf:nobody/nothing-here")
    assert caught.value.path == "hf:nobody/nothing-here"


@pytest.fixture
def catalogue(tmp_path: Path) -> str:
    """A data set of local files, registered as the catalogue's own are."""
    ir_datasets = pytest.importorskip("ir_datasets")
    (tmp_path / "docs.tsv").write_text("d1\tfirst text\nd2\tsecond text\n")
    (tmp_path / "queries.tsv").write_text("q1\twhich\nq2\twho\n")
    (tmp_path / "qrels").write_text("q1 0 d1 1\nq2 0 d2 2\n")
    name = f"retrievarium-{tmp_path.name}"
    whole = ir_datasets.create_dataset(docs_tsv=str(tmp_path / "docs.tsv"))
    test = ir_datasets.create_dataset(
        docs_tsv=str(tmp_path / "docs.tsv"),
        queries_tsv=str(tmp_path / "queries.tsv"),
        qrels_trec=str(tmp_path / "qrels"),
    )
    ir_datasets.registry.register(name, whole)
    ir_datasets.registry.register(f"{name}/test", test)
    return name


def test_ir_datasets(catalogue: str) -> None:
    collection, report = read_collection(f"irds:{catalogue}/test")
    assert report.format == "irds"
    assert collection.passages.texts == ("first text", "second text")
    assert collection.qrels.to_dict() == {"q1": {"d1": 1}, "q2": {"d2": 2}}
    whole, _ = read_collection(f"irds:{catalogue}")
    assert whole.fingerprint == collection.fingerprint


def test_an_unknown_catalogue_id() -> None:
    pytest.importorskip("ir_datasets")
    with pytest.raises(InputError, match="has no data set"):
        read_collection("irds:no/such/thing")
