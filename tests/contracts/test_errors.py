"""Errors are one sentence that names the place and says what to do."""

from __future__ import annotations

from retrievarium.contracts import Cancelled, InputError, MissingError, RetrievariumError


def test_the_sentence() -> None:
    error = InputError("it is torn", path="f.tsv", line=3, field="score", expected="a number", fix="write one")
    assert str(error) == "f.tsv, line 3, field 'score': it is torn. Expected a number. To mend it: write one."
    assert (error.path, error.line, error.field) == ("f.tsv", 3, "score")
    assert str(InputError("why?")) == "why?"
    assert str(InputError("no", line=2)) == "line 2: no."
    assert str(InputError("no", field="x")) == "field 'x': no."


def test_the_family() -> None:
    assert issubclass(MissingError, InputError)
    assert issubclass(InputError, RetrievariumError)
    assert issubclass(Cancelled, RetrievariumError)
    assert not issubclass(Cancelled, InputError)
