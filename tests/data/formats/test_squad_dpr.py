"""SQuAD, DPR and Tevatron: what becomes a passage, a query, a judgement, and what does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrievarium.contracts import InputError
from retrievarium.data.formats.dpr import write_retrieval
from retrievarium.data.imports import import_collection, read_collection
from retrievarium.workspace import Workspace


def squad(title: str, context: str, *questions: dict) -> dict:
    return {"title": title, "paragraphs": [{"context": context, "qas": list(questions)}]}


ASKED = {"id": "a", "question": " Where? ", "answers": [{"text": "Cork", "answer_start": 0}, {"text": "Cork"}]}
NEVER = {"id": "b", "question": "Why?", "answers": [], "is_impossible": True, "plausible_answers": [{"text": "x"}]}


def dump(path: Path, value: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


def test_squad(tmp_path: Path) -> None:
    file = dump(
        tmp_path / "dev-v2.0.json", {"version": "v2.0", "data": [squad("Cork_(city)", "Cork lies low.", ASKED, NEVER)]}
    )
    collection, report = read_collection(file)
    assert report.format == "squad"
    assert collection.passages["000-000"].title == "Cork (city)"
    assert collection.default_split == "dev"
    query = collection.all_queries["a"]
    assert (query.text, query.answers, query.entity) == ("Where?", ("Cork",), "Cork (city)")
    assert collection.all_queries["b"].kind == "unanswerable"
    assert collection.qrels.to_dict() == {"a": {"000-000": 1}}
    assert "1 questions" in str(report.notes[0])


def test_squad_folder_has_a_split_a_file(tmp_path: Path) -> None:
    dump(tmp_path / "train-v1.1.json", {"data": [squad("T", "one", {**ASKED, "id": "t"})]})
    dump(tmp_path / "dev-v1.1.json", {"data": [squad("D", "two", ASKED)]})
    collection, _ = read_collection(tmp_path)
    assert set(collection.splits) == {"train", "dev"}
    assert collection.passages.ids == ("dev-000-000", "train-000-000")
    assert collection.train.qrels.to_dict() == {"t": {"train-000-000": 1}}
    assert collection.queries.ids == ("a",)


CONTEXT = {"title": "Cork", "text": "A city.", "passage_id": "7"}
TRAINING = [
    {
        "question": "which city",
        "answers": ["Cork"],
        "positive_ctxs": [CONTEXT, CONTEXT],
        "negative_ctxs": [{"title": "", "text": "none", "psg_id": 9}],
        "hard_negative_ctxs": [{"title": "Oak", "text": "bark"}],
    },
    {"question": "nothing", "answers": [], "positive_ctxs": [], "negative_ctxs": [], "hard_negative_ctxs": [CONTEXT]},
]


def test_dpr_training_keeps_negatives_apart(tmp_path: Path) -> None:
    collection, report = read_collection(dump(tmp_path / "biencoder-nq-train.json", TRAINING))
    assert report.format == "dpr-training"
    assert len(collection.passages) == 3
    assert {"7", "9"} < set(collection.passages.ids)
    assert collection.train.qrels.to_dict() == {"train-0": {"7": 1}}
    negatives = collection.tables["negatives"].to_pylist()
    assert [(n["query_id"], n["kind"]) for n in negatives] == [
        ("train-0", "hard"),
        ("train-0", "random"),
        ("train-1", "hard"),
    ]
    assert any("1 questions have no positive" in str(w) for w in report.warnings)


RETRIEVED = [
    {
        "question": "which city",
        "answers": ["Cork"],
        "ctxs": [
            {"id": "7", "title": "Cork", "text": "A city.", "score": "81.5", "has_answer": False},
            {"id": "8", "title": "Oak", "text": "bark", "score": 80.25, "has_answer": True},
        ],
    }
]


def test_dpr_retrieval_makes_a_run_and_no_judgements(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "ws")
    file = dump(tmp_path / "nq-test.json", RETRIEVED)
    collection, report = import_collection(file, "nq", ws=ws)
    assert collection.splits == ()
    assert report.runs["nq-test"].to_dict() == {"test-0": {"7": 81.5, "8": 80.25}}
    assert collection.tables["run"].to_pylist()[1] == {
        "query_id": "test-0",
        "passage_id": "8",
        "score": 80.25,
        "has_answer": True,
    }
    assert any("no judgements" in str(w) for w in report.warnings)


def test_dpr_retrieval_round_trip(tmp_path: Path) -> None:
    collection, report = read_collection(dump(tmp_path / "nq-test.json", RETRIEVED))
    run = report.runs["nq-test"]
    out = write_retrieval(
        run, collection, tmp_path / "again-test.json", has_answer=lambda text, answers: "bark" in text
    )
    written = json.loads(out.read_text(encoding="utf-8"))
    assert [c["has_answer"] for c in written[0]["ctxs"]] == [False, True]
    again, second = read_collection(out)
    assert second.runs["again-test"] == run
    assert again.passages.table.equals(collection.passages.table)


def test_psgs(tmp_path: Path) -> None:
    text = 'id\ttext\ttitle\n1\t"Aaron ( or ; ""Ahärôn"") is"\tAaron\n2\tplain\tB\n'
    (tmp_path / "psgs_w100.tsv").write_text(text, encoding="utf-8")
    collection, report = read_collection(tmp_path)
    assert report.format == "dpr-passages"
    assert collection.passages.texts == ('Aaron ( or ; "Ahärôn") is', "plain")
    assert collection.passages.titles == ("Aaron", "B")
    assert len(collection.queries) == 0


def lines(path: Path, *rows: dict) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return path


def test_tevatron_whole_passages(tmp_path: Path) -> None:
    one = {"docid": "d1", "title": "t", "text": "x"}
    file = lines(
        tmp_path / "train.jsonl",
        {
            "query_id": "q1",
            "query": "?",
            "positive_passages": [one],
            "negative_passages": [{"docid": "d2", "text": "y"}],
        },
        {"query_id": "q2", "query": "!", "positive_passages": [one], "negative_passages": []},
    )
    collection, report = read_collection(file)
    assert report.format == "tevatron"
    assert collection.passages.ids == ("d1", "d2")
    assert collection.train.qrels.to_dict() == {"q1": {"d1": 1}, "q2": {"d1": 1}}
    assert collection.tables["negatives"].to_pylist() == [{"query_id": "q1", "passage_id": "d2"}]


def test_tevatron_by_id(tmp_path: Path) -> None:
    lines(tmp_path / "corpus.v2.jsonl", {"docid": "d1", "document_text": "x"}, {"docid": "d2", "document_text": "y"})
    lines(
        tmp_path / "test.jsonl",
        {"query_id": "q", "query_text": "?", "positive_document_ids": ["d2"], "negative_document_ids": ["d1"]},
    )
    collection, _ = read_collection(tmp_path)
    assert collection.test.qrels.to_dict() == {"q": {"d2": 1}}


def test_two_articles_cannot_share_a_question_id(tmp_path: Path) -> None:
    file = dump(tmp_path / "s.json", {"data": [squad("A", "one", ASKED), squad("B", "two", ASKED)]})
    with pytest.raises(InputError, match="question 2: the query id 'a' was already used in question 1"):
        read_collection(file)
