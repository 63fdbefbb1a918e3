"""EntityQuestions, NQ-open and PopQA: questions without passages, and questions over another's passages."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from retrievarium.contracts import InputError
from retrievarium.data import Collection
from retrievarium.data.imports import import_collection, read_collection
from retrievarium.data.library import load_collection, save_collection
from retrievarium.data.preflight import preflight
from retrievarium.workspace import Workspace

PASSAGES = Collection(
    "pages",
    pa.table({"id": ["p1"], "title": ["Cork"], "text": ["in Ireland"]}),
    pa.table({"id": pa.array([], pa.string()), "text": pa.array([], pa.string())}),
    meta={"language": "en"},
)


def entity_questions(folder: Path, templates: bool = True) -> Path:
    for split in ("train", "dev", "test"):
        file = folder / split / f"P17.{split}.json"
        file.parent.mkdir(parents=True)
        rows = [{"question": f"Which country is {split} town located in?", "answers": ["Ireland", "Ireland"]}]
        file.write_text(json.dumps(rows), encoding="utf-8")
    if templates:
        (folder / "relation_query_templates.json").write_text('{"P17": "Which country is [X] located in?"}')
    return folder


def test_entity_questions_folder(tmp_path: Path) -> None:
    collection, report = read_collection(entity_questions(tmp_path / "eq"))
    assert report.format == "entity-questions"
    assert collection.all_queries.ids == ("P17-dev-0", "P17-test-0", "P17-train-0")
    query = collection.all_queries["P17-test-0"]
    assert (query.entity, query.relation, query.answers) == ("test town", "P17", ("Ireland",))
    assert collection.all_queries.column("split") == ["dev", "test", "train"]
    assert any("questions only" in str(w) for w in report.warnings)


def test_entity_questions_one_file(tmp_path: Path) -> None:
    folder = entity_questions(tmp_path / "eq", templates=False)
    collection, report = read_collection(folder / "test" / "P17.test.json")
    assert len(collection.all_queries) == 1
    assert collection.all_queries["P17-test-0"].entity is None
    assert any("relation_query_templates" in str(n) for n in report.notes)


def test_questions_only_say_so_where_something_is_searched(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "ws")
    collection, _ = import_collection(entity_questions(tmp_path / "eq"), "eq", ws=ws)
    assert len(load_collection("eq", ws).all_queries) == 3
    with pytest.raises(InputError, match="questions only"):
        _ = collection.passages.joined
    with pytest.raises(InputError, match="questions only"):
        _ = collection.text_fingerprint
    assert preflight(collection)["no-passages"].severity == "stop"


def test_questions_over_passages(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "ws")
    save_collection(PASSAGES, "pages", ws)
    folder = entity_questions(tmp_path / "eq")
    collection, report = read_collection(folder, mapping={"passages": "pages"}, ws=ws)
    assert collection.passages.ids == ("p1",)
    assert collection.language == "en"
    assert not any("questions only" in str(w) for w in report.warnings)
    later = read_collection(folder)[0].over(PASSAGES)
    assert later.passages.ids == ("p1",)
    assert later.fingerprint == collection.fingerprint


def test_nq_open_json_lines(tmp_path: Path) -> None:
    file = tmp_path / "NQ-open.dev.jsonl"
    file.write_text('{"question": "who", "answer": ["a", "b"]}\n{"question": "when", "answer": "1999"}\n')
    collection, report = read_collection(file)
    assert report.format == "nq-open"
    assert [q.answers for q in collection.all_queries] == [("a", "b"), ("1999",)]
    assert collection.all_queries.ids == ("dev-1", "dev-2")


def test_nq_open_as_dpr_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "nq-test.qa.csv"
    file.write_text('who\t[\'it\\\'s\', "b"]\nwhen\t["1999"]\n', encoding="utf-8")
    collection, report = read_collection(file)
    assert report.format == "nq-open"
    assert [q.answers for q in collection.all_queries] == [("it's", "b"), ("1999",)]


def test_popqa(tmp_path: Path) -> None:
    head = "id\tsubj\tprop\tobj\tsubj_id\ts_pop\to_pop\tquestion\tpossible_answers\n"
    row = '42\tGeorge\toccupation\tpolitician\t1\t142\t25\tWhat is G\'s job?\t"[""politician"", ""pol""]"\n'
    (tmp_path / "popQA.tsv").write_text(head + row, encoding="utf-8")
    collection, report = read_collection(tmp_path / "popQA.tsv")
    assert report.format == "popqa"
    query = collection.all_queries["popqa-42"]
    assert (query.entity, query.relation, query.popularity) == ("George", "occupation", 142)
    assert query.answers == ("politician", "pol")
    assert query.metadata["o_pop"] == "25"
