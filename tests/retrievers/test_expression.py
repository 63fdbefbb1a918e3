"""Retrievers written as text: what each operator does, what binds first, and that nothing is ever executed."""

from __future__ import annotations

import contextlib
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrievarium.contracts import InputError, MissingError, QueryBatch, Run
from retrievarium.retrievers import BaseRetriever, Cascade, Cut, LinearFusion, RankFusion, parse_retriever


class Named(BaseRetriever):
    def __init__(self, name: str) -> None:
        self.name = name

    def search(self, queries: Any, k: int = 100) -> Run:
        raise AssertionError("parsing must not search")

    def rescore(self, queries: QueryBatch, candidates: Run) -> Run:
        raise AssertionError("parsing must not search")


KNOWN = {"bm25", "minilm", "dpr", "sentence-transformers/x", "./my folder"}


def resolve(name: str) -> BaseRetriever:
    if name not in KNOWN:
        raise MissingError(f"there is no retriever {name!r}")
    return Named(name)


def parse(text: str) -> BaseRetriever:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a SyntaxWarning would be printed over somebody's output
        return parse_retriever(text, resolve)


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("bm25", Named, "bm25"),
        ("  bm25 ", Named, "bm25"),
        ("'sentence-transformers/x'", Named, "sentence-transformers/x"),
        ('"./my folder"', Named, "./my folder"),
        ("bm25 + minilm", RankFusion, "bm25 + minilm"),
        ("bm25+minilm+dpr", RankFusion, "bm25 + minilm + dpr"),
        ("bm25 + (minilm + dpr)", RankFusion, "bm25 + minilm + dpr"),
        ("0.3 * bm25 + 0.7 * minilm", LinearFusion, "0.3 bm25 + 0.7 minilm"),
        ("bm25 * .3 + minilm * 7e-1", LinearFusion, "0.3 bm25 + 0.7 minilm"),
        ("2 * bm25 + -1 * minilm", LinearFusion, "2 bm25 + -1 minilm"),
        ("0.5 * (bm25 + minilm)", LinearFusion, "0.5 (bm25 + minilm)"),
        ("2 * (0.1 * bm25 + 0.2 * minilm)", LinearFusion, "0.2 bm25 + 0.4 minilm"),
        ("bm25 % 100", Cut, "bm25 % 100"),
        ("bm25 >> minilm", Cascade, "bm25 >> minilm"),
        # what binds first: % and * before +, + before >>
        ("bm25 % 100 >> minilm", Cascade, "bm25 % 100 >> minilm"),
        ("bm25 + minilm % 5", RankFusion, "bm25 + (minilm % 5)"),
        ("(bm25 + minilm) % 5", Cut, "(bm25 + minilm) % 5"),
        ("bm25 + dpr >> minilm", Cascade, "bm25 + dpr >> minilm"),
        ("bm25 + (dpr >> minilm)", RankFusion, "bm25 + (dpr >> minilm)"),
        ("bm25 >> dpr >> minilm", Cascade, "bm25 >> dpr >> minilm"),
        ("0.5 * bm25 % 9", Cut, "0.5 bm25 % 9"),
        ("0.5 * (bm25 % 9) + 0.5 * dpr", LinearFusion, "0.5 (bm25 % 9) + 0.5 dpr"),
    ],
)
def test_expressions(text: str, kind: type, name: str) -> None:
    told = parse(text)
    assert isinstance(told, kind)
    assert told.name == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "bm25 +",
        "bm25 minilm",
        "bm25 - minilm",
        "bm25 / 2",
        "bm25 ** 2",
        "bm25 // 2",
        "bm25 & minilm",
        "bm25 << minilm",
        "bm25 @ minilm",
        "-bm25",
        "~bm25",
        "not bm25",
        "bm25 and minilm",
        "bm25 if 1 else minilm",
        "bm25 < minilm",
        "3",
        "3 * 4",
        "3 + bm25",
        "0.3 * 0.7",
        "bm25 * minilm",
        "bm25 % minilm",
        "bm25 % 2.5",
        "bm25 % True",
        "bm25 % 0",
        "bm25 % -1",
        "True * bm25",
        "1j * bm25",
        "None",
        "...",
        "bm25 >> 3",
        "b'bm25'",
        "f'{bm25}'",
        "f'bm25'",
        "[bm25]",
        "(bm25, minilm)",
        "{bm25}",
        "{'a': bm25}",
        "bm25[0]",
        "bm25.name",
        "bm25.__class__.__mro__",
        "bm25()",
        "__import__('os').system('true')",
        "open('/etc/passwd')",
        "lambda: bm25",
        "[x for x in bm25]",
        "(yield)",
        "await bm25",
        "x := bm25",
        "(x := bm25)",
        "bm25; minilm",
        "bm25\nminilm",
        "import os",
        "bm25 # comment\n+",
        "*bm25",
        "bm25 + \0minilm",
        "bm25 + \ud800",
        "'bm25",
        "0777 * bm25",
        "1_ * bm25",
    ],
)
def test_anything_else_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(InputError) as told:
        parse(text)
    assert len(str(told.value)) < 900


@pytest.mark.parametrize(
    "text",
    [
        "1" + "0" * 400 + " * bm25",
        "1e999 * bm25",
        "-1e999 * bm25",
        "1e300 * bm25 + 1e300 * minilm",
        "1e7 * bm25",
        "(" * 240 + "bm25" + ")" * 240,
        "(" * 90 + "bm25" + ")" * 90 + " - bm25",
        "-" * 490 + "1 - bm25",
        "-" * 480 + "bm25",
        "~" * 480 + "bm25",
        "not " * 120 + "bm25",
        "[" * 240 + "]" * 240,
        "bm25 + " * 70 + "1",
        "bm25 if bm25 else " * 25 + "bm25",
        "bm25" + ".a" * 240,
        "bm25" + "()" * 240,
        "bm25 + minilm + " * 100,
        "x" * 501,
        "'" + "x" * 10_000_000 + "'",
    ],
)
def test_large_and_deep_input_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse(text)


def test_the_longest_allowed_is_parsed() -> None:
    """Guard: depth alone is no reason to refuse."""
    assert len(parse("+".join(["bm25"] * 100)).parts) == 100  # type: ignore[attr-defined]
    assert parse("(" * 60 + "bm25" + ")" * 60).name == "bm25"
    assert parse("bm25 % " + "9" * 300).name.startswith("bm25 % 999")


def test_an_unknown_name_is_told_by_the_resolver() -> None:
    with pytest.raises(MissingError, match="no retriever 'splade'"):
        parse("bm25 + splade")


def test_mixtures_are_refused_as_in_python() -> None:
    with pytest.raises(InputError, match="mixes weighted and unweighted"):
        parse("0.3 * bm25 + minilm")


@given(st.text(alphabet="bm25 +*%>()'\"-.0123456789[]{}:,\\\n=lambda_f~@!<&|^", max_size=40))
def test_whatever_is_typed_gives_a_retriever_or_an_input_error(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(InputError):
            assert isinstance(parse_retriever(text, resolve), BaseRetriever)
