"""Whatever may be called queries, and what may not."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from retrievarium.contracts import InputError, QueryBatch, as_queries


def test_what_is_read() -> None:
    assert as_queries("who") == QueryBatch(("q1",), ("who",))
    assert as_queries(["a", "b"]).ids == ("q1", "q2")
    assert as_queries({"x": "a", 7: "b"}) == QueryBatch(("x", "7"), ("a", "b"))
    assert as_queries(SimpleNamespace(ids=["i"], texts=["t"])) == QueryBatch(("i",), ("t",))
    assert len(as_queries([])) == 0
    batch = as_queries("who")
    assert as_queries(batch) is batch


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (7, "cannot read queries from a int"),
        (["a", None], "NoneType, not a text"),
        ({"x": 3}, "int, not a text"),
        (b"who", "int, not a text"),
        ({1: "a", "1": "b"}, "same id"),
        (SimpleNamespace(ids=["i", "j"], texts=["t"]), "2 query ids and 1 texts"),
    ],
)
def test_what_is_refused(wrong: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        as_queries(wrong)
