"""People's grades as a split, and query logs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from retrievarium.contracts import InputError
from retrievarium.data import (
    grades,
    judged_collection,
    load_collection,
    log_collection,
    query_counts,
    read_query_log,
    save_collection,
)
from retrievarium.evaluation import evaluate
from retrievarium.retrievers import BM25
from retrievarium.workspace import Annotation


def _grade(query: str, passage: str, value: int, who: str = "ada", about: str = "t") -> Annotation:
    return Annotation(about, "grade", query, passage=passage, annotator=who, value=str(value))


def test_several_judges_become_the_lower_median() -> None:
    rows = [_grade("q", "p", v, who) for v, who in ((3, "a"), (0, "b"), (1, "c"))]
    rows += [_grade("q", "r", v, who) for v, who in ((3, "a"), (1, "b"))]
    assert grades(rows) == {"q": {"p": 1, "r": 1}}
    assert grades(rows, "a") == {"q": {"p": 3, "r": 3}}
    assert grades(rows, "nobody") == {}


def test_grades_are_a_split_that_measures_and_keeps_the_others(collection: Any, ws: Any) -> None:
    about = collection.text_fingerprint
    rows = [_grade("e1", "p9", 3, about=about), _grade("e1", "p1", 0, about=about), _grade("e9", "p1", 3, about=about)]
    rows.append(_grade("e2", "p6", 1, about="other texts"))
    told = judged_collection(collection, rows)
    assert told.splits == (*collection.splits, "judged")
    assert told.default_split == "test"
    assert told.split_named("judged").qrels.to_dict() == {"e1": {"p9": 3, "p1": 0}}
    run = BM25(told, keep=False).search(told.split_named("judged").queries, 5)
    assert evaluate(run, told.split_named("judged").qrels, ["RR@10"])["RR@10"] == 1.0
    assert told.text_fingerprint == about  # vectors and annotations stay valid
    save_collection(told, "mine", ws)
    again = judged_collection(load_collection("mine", ws), [*rows, _grade("e3", "p8", 2, about=about)])
    assert set(again.split_named("judged").qrels.query_ids) == {"e1", "e3"}
    with pytest.raises(InputError, match="no grades"):
        judged_collection(collection, rows[-1:])
    with pytest.raises(InputError, match="name a split"):
        judged_collection(collection, rows, "a/b")


def test_a_log_is_counted(tmp_path: Path) -> None:
    plain = tmp_path / "log.txt"
    plain.write_text("Black  Forest\nrhine\nblack forest\nBlack Forest\n\n", encoding="utf-8")
    assert read_query_log(plain) == {"Black Forest": 3, "rhine": 1}
    table = tmp_path / "log.csv"
    table.write_text('count,query\n5,"a, b"\n2,A\n1,"a, B"\n', encoding="utf-8")
    assert read_query_log(table) == {"a, b": 6, "A": 2}
    tabs = tmp_path / "log.tsv"
    tabs.write_text('query\tfreq\n"quoted\t3\n', encoding="utf-8")
    assert read_query_log(tabs) == {'"quoted': 3}


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.csv", "query,count\nx,1\ny,many\n", "a.csv, line 3, field 'count'"),
        ("a.csv", "query,count\nx,0\n", "line 2, field 'count'"),
        ("a.csv", "query,count\n,4\n", "line 2, field 'query'"),
        ("a.csv", "query,count\nsmith, john,4\n", "line 2: 3 cells"),
        ("a.csv", "words,count\nx,4\n", "line 1, field 'query'"),
        ("a.txt", "x" * 1_001, "line 1, field 'query'"),
        ("a.txt", "\n", "holds no query"),
    ],
)
def test_a_wrong_log_is_refused_by_line(tmp_path: Path, name: str, text: str, told: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=told.replace(".", r"\.")):
        read_query_log(path)


def test_a_log_over_a_collection_is_searched_and_judged(collection: Any) -> None:
    told = log_collection(collection, {"Black Forest": 3, "moon": 9}, "asked")
    first, second = told.all_queries.ids
    assert told.all_queries.texts == ("moon", "Black Forest")
    assert query_counts(told) == {first: 9, second: 3}
    assert query_counts(collection) == {}
    assert told.splits == ()
    assert told.text_fingerprint == collection.text_fingerprint
    run = BM25(told, keep=False).search(told.all_queries, 3)
    assert run[second].ids[0] == "p1"
    judged = judged_collection(told, [_grade(second, "p1", 2, about=told.text_fingerprint)])
    assert judged.default_split == "judged"


def test_another_log_shares_the_grades_of_equal_queries_alone(collection: Any) -> None:
    one = log_collection(collection, {"Black Forest": 3, "moon": 9}, "one")
    two = log_collection(collection, {"steel": 12, "black  forest": 1}, "two")
    assert set(one.all_queries.ids) & set(two.all_queries.ids) == {one.all_queries.ids[1]}
    assert two.all_queries.ids[1] == one.all_queries.ids[1]
