"""CSV, TSV, JSON lines and Parquet with a column mapping."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrievarium.contracts import InputError
from retrievarium.data import Collection
from retrievarium.data.collection import qrels_table
from retrievarium.data.formats.writing import KINDS, write_tables
from retrievarium.data.imports import read_collection


def test_common_names_are_found(tmp_path: Path) -> None:
    file = tmp_path / "docs.csv"
    file.write_text("docno;Headline;Body;lang;shelf\n1;One;first text;en;A\n2;Two;second text;de;\n", encoding="utf-8")
    collection, report = read_collection(file)
    assert report.format == "table"
    assert collection.passages["1"].joined == "One first text"
    assert collection.passages.column("language") == ["en", "de"]
    assert json.loads(collection.passages["1"].fields["metadata"]) == {"shelf": "A"}


def test_a_mapping_names_columns_and_further_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('nr,words,shelf\n1,"two\nlines",A\n2,more,B\n', encoding="utf-8")
    (tmp_path / "b.jsonl").write_text('{"nr": 5, "asked": "?", "answers": ["x"], "level": 3}\n')
    pq.write_table(pa.table({"nr": [5], "hit": [1], "how": [2.0]}), tmp_path / "c.parquet")
    flat = {
        "id": "nr",
        "text": "words",
        "category": "shelf",
        "queries": "b.jsonl",
        "queries.id": "nr",
        "queries.text": "asked",
        "qrels": "c.parquet",
        "qrels.query_id": "nr",
        "qrels.passage_id": "hit",
        "qrels.grade": "how",
    }
    nested = {
        **{k: v for k, v in flat.items() if "." not in k and k not in ("queries", "qrels")},
        "queries": {"file": "b.jsonl", "id": "nr", "text": "asked"},
        "qrels": {"file": "c.parquet", "query_id": "nr", "passage_id": "hit", "grade": "how"},
    }
    collection, _ = read_collection(tmp_path / "a.csv", mapping=flat)
    assert collection.passages["1"].text == "two\nlines"
    assert collection.passages.column("category") == ["A", "B"]
    assert collection.queries["5"].answers == ("x",)
    assert collection.queries["5"].metadata == {"level": 3}
    assert collection.qrels.to_dict() == {"5": {"1": 2}}
    assert read_collection(tmp_path / "a.csv", mapping=nested)[0].fingerprint == collection.fingerprint


def test_rows_without_an_id_are_numbered(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("text\nx\ny\n")
    collection, report = read_collection(tmp_path / "a.tsv")
    assert collection.passages.ids == ("1", "2")
    assert "numbered" in str(report.notes[0])


def test_a_file_without_header(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text('d1\t"quoted" word\nd2\tlast\n')
    mapping = {"header": False, "quotes": False, "id": "1", "text": "2"}
    assert read_collection(tmp_path / "a.tsv", mapping=mapping)[0].passages.texts == ('"quoted" word', "last")


def test_json_lines_may_leave_optional_fields_out(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": 1, "text": "x"}\n{"id": 2, "title": "T", "text": "y", "n": null}\n')
    collection, _ = read_collection(tmp_path / "a.jsonl")
    assert collection.passages.titles == ("", "T")


def test_a_parquet_row_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": ["a", "b"], "text": ["x", None]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="null") as caught:
        read_collection(tmp_path / "a.parquet")
    assert (caught.value.line, caught.value.field) == (2, "text")


def test_a_missing_qrels_file(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("id\ttext\n1\tx\n")
    with pytest.raises(InputError, match="no such file"):
        read_collection(tmp_path / "a.tsv", mapping={"qrels": "gone.tsv"})


clean = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=10)
ids = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), min_size=1, max_size=5).filter(
    lambda s: not s.isspace()
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.sampled_from(KINDS))
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, kind: str) -> None:
    passages = data.draw(st.lists(ids, min_size=1, max_size=4, unique=True))
    queries = data.draw(st.lists(ids, min_size=1, max_size=3, unique=True))
    collection = Collection(
        "made",
        pa.table(
            {
                "id": passages,
                "title": [data.draw(clean) for _ in passages],
                "text": [data.draw(clean) for _ in passages],
            }
        ),
        pa.table(
            {
                "id": queries,
                "text": [data.draw(clean) for _ in queries],
                "answers": [
                    data.draw(st.lists(clean.filter(bool), min_size=1, max_size=2, unique=True)) for _ in queries
                ],
                "popularity": pa.array([data.draw(st.integers(0, 10**9)) for _ in queries], pa.int64()),
            }
        ),
        {"test": qrels_table([(q, p, data.draw(st.integers(0, 3))) for q in queries for p in passages])},
    )
    folder = write_tables(collection, tmp_path_factory.mktemp("t") / "out", kind)
    again, _ = read_collection(folder, "table")
    assert again.fingerprint == collection.fingerprint


def test_writing_never_overwrites(tmp_path: Path) -> None:
    collection = Collection(
        "x",
        pa.table({"id": ["a"], "title": [""], "text": ["t"]}),
        pa.table({"id": ["q"], "text": ["t"]}),
    )
    with pytest.raises(InputError, match="exists"):
        write_tables(collection, tmp_path)
    with pytest.raises(InputError, match="no kind"):
        write_tables(collection, tmp_path / "new", "xlsx")
