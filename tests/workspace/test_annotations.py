"""Annotations: kept, exported, wiped, brought back identical; wrong rows refused by file, line and field."""

from __future__ import annotations

import re
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from retrievarium.contracts import InputError
from retrievarium.workspace import (
    Annotation,
    Annotations,
    Taken,
    html_report,
    read_annotations,
    report,
    tags_of,
    to_csv,
    to_jsonl,
)

GRADE = Annotation("c1", "grade", "q1", passage="p1", annotator="ada", value="2")
ODD = ["=SUM(A1)", "'quoted'", "-3", "line one\nline two", 'a "b", c', " \t tab", "\r\nreturn", "Ωé 中文 🐦", "@x"]


def _filled(ws: Any) -> Any:
    kept = ws.annotations
    kept.put(GRADE)
    kept.put(replace(GRADE, annotator="bo", value="0"))
    for n, text in enumerate(ODD):
        kept.put(Annotation("c1", "note", f"q{n}", system="bm25 + minilm", annotator="ada", value=text))
    kept.put(Annotation("c1", "tag", "q1", system="bm25", label="look-alike name", annotator="ada", value="yes"))
    kept.put(Annotation("c1", "tag", "q1", system="bm25", label="near duplicate", annotator="ada", value="yes"))
    kept.put(Annotation("c1", "verdict", "=q", system="=x", label="near duplicate", annotator="bo", value="disagree"))
    kept.put(replace(GRADE, collection="c2"))
    return kept


@pytest.mark.parametrize(("suffix", "write"), [(".csv", to_csv), (".jsonl", to_jsonl)])
def test_export_wipe_import_is_identical(ws: Any, tmp_path: Path, suffix: str, write: Any) -> None:
    kept = _filled(ws)
    before = kept.all(collection="c1")
    assert len(before) == 5 + len(ODD)
    path = tmp_path / f"mine{suffix}"
    path.write_text(write(before), encoding="utf-8", newline="")
    assert kept.wipe("c1") == len(before)
    assert kept.all(collection="c1") == []
    assert len(kept.all(collection="c2")) == 1  # another collection's stay
    assert kept.take(read_annotations(path)) == Taken(added=len(before))
    assert kept.all(collection="c1") == before  # values, times and order
    assert kept.take(read_annotations(path)) == Taken(kept=len(before))


def test_a_wipe_may_spare_other_queries(ws: Any) -> None:
    kept = _filled(ws)
    n = len(kept.all(collection="c1"))
    about = len(kept.all(collection="c1", query="q1"))
    assert kept.wipe("c1", ["q1", "never asked"]) == about > 0
    assert len(kept.all(collection="c1")) == n - about
    assert len(kept.all(collection="c2")) == 1


def test_a_spreadsheet_gets_no_formula() -> None:
    cells = to_csv([replace(GRADE, kind="note", passage="", value=t) for t in ODD])
    assert not re.search(r'(^|,)"?[=+@]', cells, flags=re.M)


def test_a_later_statement_takes_the_place_of_an_earlier(ws: Any) -> None:
    kept = ws.annotations
    kept.put(GRADE)
    later = kept.put(replace(GRADE, value="3"))
    assert kept.all() == [later]
    older = replace(GRADE, value="1", at="2020-01-01T00:00:00+00:00")
    newer = replace(GRADE, value="0", at="2120-01-01T00:00:00+00:00")
    assert kept.take([older]) == Taken(kept=1)
    assert kept.take([newer]) == Taken(replaced=1)
    assert kept.all()[0].value == "0"
    assert kept.withdraw(GRADE)
    assert not kept.withdraw(GRADE)


WRONG = [
    ("grade,q1,p1,,,ada,7,", "field 'value'", "7"),
    ("grade,q1,,,,ada,1,", "field 'passage'", "empty"),
    ("grade,q1,p1,,,,1,", "field 'annotator'", "empty"),
    ("vote,q1,p1,,,ada,1,", "field 'kind'", "vote"),
    ("verdict,q1,,bm25,near duplicate,ada,maybe,", "field 'value'", "maybe"),
    ("grade,q1,p1,,,ada,1,yesterday", "field 'at'", "yesterday"),
    ("grade,q1,p1,,,ada,1,2026-01-01T00:00:00", "field 'at'", "no time"),
    ("grade,q1,p1,,,ada,1", "line 3", "8 cells"),
    ("grade,q0,p0,,,ada,1,", "line 3", "same statement as in line 2"),
]


@pytest.mark.parametrize(("row", "where", "what"), WRONG)
def test_a_wrong_row_is_refused_by_line_and_field(ws: Any, tmp_path: Path, row: str, where: str, what: str) -> None:
    path = tmp_path / "mine.csv"
    head = "collection,kind,query,passage,system,label,annotator,value,at\n"
    path.write_text(f"{head}c1,grade,q0,p0,,,ada,1,\nc1,{row}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        ws.annotations.take(read_annotations(path))
    told = str(caught.value)
    assert told.startswith("mine.csv, line 3")
    assert where in told
    assert what in told
    assert ws.annotations.all() == []  # all or none


def test_lines_are_counted_through_notes_of_several_lines(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    note = replace(GRADE, kind="note", passage="", value="one\ntwo\nthree")
    path.write_text(to_csv([note, replace(GRADE, value="9")]), encoding="utf-8", newline="")
    with pytest.raises(InputError, match=r"mine\.csv, line 5, field 'value'"):
        read_annotations(path)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{oops", "line 1: this is no JSON"),
        ("[1]", "line 1: this is no object"),
        ('{"collection": "c"}', "line 1, field 'kind': the field is missing"),
        (to_jsonl([GRADE]).replace('"2"', "2"), "line 1, field 'value': this is no text"),
        ("[" * 100_000, "line 1: this is no JSON"),
    ],
)
def test_a_wrong_json_line_is_refused(tmp_path: Path, line: str, told: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(told)):
        read_annotations(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(InputError, match="no file of annotations"):
        read_annotations(tmp_path / "mine.txt")
    (tmp_path / "mine.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not UTF-8"):
        read_annotations(tmp_path / "mine.csv")
    with pytest.raises(InputError, match="no field 'who'"):
        Annotations(tmp_path / "a.sqlite").all(who="ada")


def test_what_no_file_could_carry_is_not_kept(ws: Any) -> None:
    for value in ("a\x00b", "\ud800", "x" * 10_001):
        with pytest.raises(InputError, match="field 'value'"):
            ws.annotations.put(replace(GRADE, kind="note", value=value))
    assert ws.annotations.all() == []


def test_several_writers_lose_nothing(ws: Any) -> None:
    def write(who: str) -> None:
        for n in range(20):
            ws.annotations.put(replace(GRADE, query=f"q{n}", annotator=who))

    threads = [threading.Thread(target=write, args=(w,)) for w in ("ada", "bo", "cy")]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(ws.annotations.all()) == 60
    assert ws.annotations.annotators("c1") == ("ada", "bo", "cy")
    with sqlite3.connect(ws.root / "annotations.sqlite") as plain:  # anybody can read it
        assert plain.execute("SELECT count(*) FROM annotation").fetchone() == (60,)


def test_tags_by_query_and_system(ws: Any) -> None:
    rows = _filled(ws).all(collection="c1")
    assert tags_of(rows) == {("q1", "bm25"): {"look-alike name", "near duplicate"}}
    assert tags_of(rows, "bo") == {}


def test_reports_say_who_said_what_and_escape_it(ws: Any) -> None:
    rows = _filled(ws).all(collection="c1")
    rows.append(Annotation("c1", "note", "q99", annotator="<b>", value="<script>", at="2026-01-01T00:00:00+00:00"))
    page = html_report(rows, "a < b", {"q1": "who & why"})
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "who &amp; why" in page
    text = report(rows, "Mine", {"q1": "who *and* why"})
    assert "## who \\*and\\* why" in text
    assert "- ada of bm25: look\\-alike name" in text
    assert "Tags: look-alike name 1, near duplicate 1." in text
    assert "bo of =x: disagrees with the rule: near duplicate" in text
