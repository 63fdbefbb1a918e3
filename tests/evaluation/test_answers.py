"""The answer label: a sequence of tokens, case and accents aside."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrievarium.evaluation import answer_spans, has_answer
from retrievarium.evaluation.answers import answer_words


@pytest.mark.parametrize(
    ("text", "answer", "held"),
    [
        ("Béla Bartók collected songs", "Bela Bartok", True),
        ("Bela Bartok collected songs", "Béla Bartók", True),
        ("B\u0065\u0301la", "béla", True),  # combining accent
        ("the CITY of Cork", "the city of cork", True),
        ("Corky", "Cork", False),  # token borders
        ("uncork", "cork", False),
        ("It weighs 12,5 kg.", "12,5", True),
        ("It weighs 112,5 kg.", "12,5", False),
        ("It weighs 12,53 kg.", "12,5", False),
        ("in 1905.", "1905", True),
        ("born in 19051", "1905", False),
        ("U.S. Navy", "U.S.", True),
        ("US Navy", "U.S.", False),
        ("rock 'n' roll", "rock 'n' roll", True),
        ("the river\n\tLee", "river Lee", True),
        ("river of the Lee", "river Lee", False),
        ("a snake_case name", "snake", True),  # an underscore is no letter
        ("Straße", "STRASSE", True),
        ("İstanbul", "istanbul", True),
        ("Ελλάς", "ΕΛΛΆΣ", True),
        ("", "x", False),
        ("x", "", False),
        ("x", " ", False),
        ("日本 東京", "東京", True),
    ],
)
def test_has_answer(text: str, answer: str, held: bool) -> None:
    assert has_answer(text, [answer]) is held
    assert bool(answer_spans(text, [answer])) is held


def test_any_answer_will_do() -> None:
    assert has_answer("a planet", ["star", "planet"])
    assert not has_answer("a planet", [])


def test_spans_are_cut_from_the_original_text() -> None:
    text = "It was Béla  Bartók, the Béla."
    spans = answer_spans(text, ["bela bartok", "BELA"])
    assert [text[a:b] for a, b in spans] == ["Béla  Bartók", "Béla"]


def test_spans_count_original_characters_where_folding_makes_more_of_one() -> None:
    text = "ﬁne Straße x"  # the ligature and ß become two letters each
    assert [text[a:b] for a, b in answer_spans(text, ["strasse", "x"])] == ["Straße", "x"]
    decomposed = "Bartó\u0301k x"
    assert [decomposed[a:b] for a, b in answer_spans(decomposed, ["x"])] == ["x"]


def test_overlapping_answers_give_the_longest_and_no_overlap() -> None:
    text = "New York City"
    assert [text[a:b] for a, b in answer_spans(text, ["York City", "New York", "New York City"])] == ["New York City"]


WORDS = st.text(alphabet="aAéÉe\u0301ßΣςİ_1 .,-日", max_size=25)


@given(WORDS, st.lists(WORDS, max_size=3))
def test_label_spans_and_lookup_agree(text: str, answers: list[str]) -> None:
    held = has_answer(text, answers)
    spans = answer_spans(text, answers)
    assert held == bool(spans)
    with_tokens = [a for a in answers if answer_words(a).strip()]
    assert held == any(answer_words(a) in answer_words(text) for a in with_tokens)
    assert all(0 <= a < b <= len(text) for a, b in spans)
    assert all(one[1] <= two[0] for one, two in itertools.pairwise(spans))
    assert all(has_answer(text[a:b], answers) for a, b in spans)


@given(WORDS)
def test_a_text_holds_itself(text: str) -> None:
    assert has_answer(text, [text]) == bool(answer_words(text).strip())


@given(st.text(alphabet="abcXYZ_ .,-'19\n", max_size=30), st.text(alphabet="abcXYZ_ .1", max_size=6))
def test_the_short_way_for_ascii_equals_the_long_one(text: str, answer: str) -> None:
    """A combining accent at the end sends the whole text the long way and changes nothing else."""
    marked = text + " é"
    assert has_answer(text, [answer]) == has_answer(marked, [answer])
    assert answer_spans(text, [answer]) == answer_spans(marked, [answer])
