"""Runs: one order, whatever the order they come in; files that read back; wrong files refused with the line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrievarium.contracts import InputError, Run

names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=5)
values = st.floats(width=32, allow_nan=False) | st.sampled_from([0.0, -0.0, 1.0, 0.1])
rankings = st.dictionaries(names, values, max_size=8)


@given(st.dictionaries(names, rankings, max_size=4), st.randoms())
def test_the_order_depends_on_scores_and_ids_alone(lists: dict[str, dict[str, float]], random) -> None:  # type: ignore[no-untyped-def]
    run = Run.from_dict(lists)
    mixed = {}
    for query, ranking in lists.items():
        items = list(ranking.items())
        random.shuffle(items)
        mixed[query] = dict(items)
    assert Run.from_dict(mixed) == run
    for query, ranking in run:
        keyed = [(float(np.float32(s)), p.encode()) for p, s in lists[query].items()]
        assert [p.encode() for p in ranking.ids] == [p for _, p in sorted(keyed, reverse=True)]


def test_scores_that_differ_only_beyond_float32_tie() -> None:
    assert Run.from_dict({"q": {"a": 1.0 + 1e-9, "b": 1.0}})["q"].ids == ("b", "a")


def test_ids_are_ordered_as_bytes() -> None:
    ids = ["a", "B", "ä", "z", "aa", "10", "9"]
    run = Run.from_dict({"q": dict.fromkeys(ids, 1.0)})
    assert run["q"].ids == tuple(sorted(ids, key=lambda i: i.encode(), reverse=True))


def test_what_the_caller_holds_is_left_alone() -> None:
    ids, scores = np.array(["a", "b"], dtype=object), np.array([1, 2], dtype=np.float32)
    run = Run(["q"], np.array([0, 2]), ids, scores)
    assert run["q"].ids == ("b", "a")
    assert ids.tolist() == ["a", "b"]
    assert scores.tolist() == [1, 2]


def test_parts_of_a_run() -> None:
    lists = {"q1": {"a": 3.0, "b": 2.0, "c": 1.0}, "q2": {}, "q3": {"d": 1.0}}
    run = Run.from_dict(lists)
    assert run.to_dict() == lists
    assert len(run) == 3
    assert "q2" in run
    assert "q9" not in run
    assert run["q1"].rank_of("c") == 3
    assert run["q1"].rank_of("z") is None
    assert run.top(2).to_dict() == {"q1": {"a": 3.0, "b": 2.0}, "q2": {}, "q3": {"d": 1.0}}
    assert run.select(["q3", "q1"]).query_ids == ("q3", "q1")
    with pytest.raises(KeyError):
        run.select(["q9"])
    assert run.surrogate()["q1"] == {"a": 3.0, "b": 2.0, "c": 1.0}
    assert Run.from_dict({}).top(3).to_dict() == {}
    assert run != run.top(1)
    assert run.fingerprint != run.top(1).fingerprint
    assert run.fingerprint == Run.from_dict(lists).fingerprint


def test_surrogate_scores_fall_strictly_within_ties() -> None:
    surrogate = Run.from_dict({"q": dict.fromkeys("abcd", 1.0)}).surrogate()["q"]
    assert surrogate == {"d": 4.0, "c": 3.0, "b": 2.0, "a": 1.0}


def test_wrong_arrays() -> None:
    with pytest.raises(ValueError, match="offsets"):
        Run(["q"], np.array([0]), np.array(["a"]), np.array([1.0]))
    with pytest.raises(InputError, match="twice"):
        Run(["q", "q"], np.array([0, 0, 0]), np.array([]), np.array([]))
    with pytest.raises(InputError, match="twice"):
        Run(["q"], np.array([0, 2]), np.array(["a", "a"]), np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="NaN"):
        Run.from_dict({"q": {"a": float("nan")}})


@pytest.mark.parametrize(
    ("content", "line", "field", "words"),
    [
        (b"q Q0 d 1 2.0 t\nq Q0 e 2 t\n", 2, None, "5 columns"),
        (b"q Q0 d 1 high t\n", 1, "score", "not a number"),
        (b"q Q0 d 1 nan t\n", 1, "score", "not a number"),
        (b"q Q0 d 1 2 t\n\nq Q0 d 2 1 t\n", 3, "docid", "stands twice"),
        (b"q Q0 d\xe9 1 2 t\n", 1, None, "not UTF-8"),
        (b"q Q0 d\x00 1 2 t\n", 1, None, "NUL"),
        (b"q Q0 d 1 2 t\n" + b"x" * 100_000, 2, None, "64 KiB"),
        (b"\n\n", None, None, "no results"),
    ],
)
def test_wrong_files(tmp_path: Path, content: bytes, line: int | None, field: str | None, words: str) -> None:
    path = tmp_path / "run"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        Run.load(path)
    assert (caught.value.path, caught.value.line, caught.value.field) == (str(path), line, field)


def test_ranks_from_zero_any_order_a_mark_and_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "run"
    path.write_bytes(b"\xef\xbb\xbfq2 Q0 a 0 1 t\r\nq1 Q0 a 0 1 t\r\nq2 Q0 b 1 2 t\r\n")
    assert Run.load(path).to_dict() == {"q2": {"b": 2.0, "a": 1.0}, "q1": {"a": 1.0}}
    with pytest.raises(InputError, match="no such file"):
        Run.load(tmp_path / "gone")


def test_ids_with_white_space_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    for run in (Run.from_dict({"a b": {"d": 1.0}}), Run.from_dict({"q": {"d\u00a0e": 1.0}})):
        with pytest.raises(InputError, match="cannot stand in a TREC run"):
            run.save(tmp_path / "run")
    assert not list(tmp_path.iterdir())


def test_ranks_and_scores_in_the_file(tmp_path: Path) -> None:
    path = Run.from_dict({"q": {"a": 0.1, "b": 1e-30}}).save(tmp_path / "run", tag="mine")
    first, second = path.read_text().splitlines()
    assert first == "q Q0 a 1 0.1 mine"
    assert np.float32(second.split()[4]) == np.float32(1e-30)
