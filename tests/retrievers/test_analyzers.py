"""Text to terms: the fast way and the way that keeps positions agree, in every kind of script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrievarium.contracts import InputError
from retrievarium.retrievers import Analyzer, analyzer_for
from retrievarium.retrievers.analyzers import KINDS, english_stop_words

TEXTS = st.text(
    alphabet=st.one_of(
        st.sampled_from("aZzİIıßΣσςéÉ\u0301\u0307_1٣ .,-'\n日本語مرحباÄöü\u064e\U0001d400ﬁǅ"),
        st.characters(codec="utf-8"),
    ),
    max_size=40,
)


@pytest.mark.parametrize("kind", KINDS)
@given(text=TEXTS)
def test_spans_equal_terms(kind: str, text: str) -> None:
    analyzer = Analyzer(kind)
    spans = list(analyzer.spans(text))
    assert [term for term, _, _ in spans] == analyzer.terms(text)
    assert all(text[start:stop].lower() == term for term, start, stop in spans)


@pytest.mark.parametrize("text", ["İstanbul İZMİR", "ΑΣ.Α ΟΔΟΣ", "DŽ ǅabc"])
def test_lower_casing_does_not_move_the_borders_of_words(text: str) -> None:
    """Lower-casing before splitting would cut after the dot of a Turkish I and see other Greek word ends."""
    assert Analyzer("words").terms(text) == [t for t, _, _ in Analyzer("words").spans(text)]
    assert len(Analyzer("words").terms(text)) == 2


def test_english() -> None:
    assert Analyzer("english").terms("The Cat's a 2nd x in U.S. 42") == ["cat", "2nd", "42"]
    assert Analyzer("words").terms("The Cat's a 2nd x") == ["the", "cat", "2nd"]
    assert "the" in english_stop_words()


def test_english_is_what_bm25s_makes_of_it() -> None:
    import bm25s

    text = "The quick brown Fox, isn't it? A state-of-the-art U.S. café costs 3.50 in O'Brien's naïve Zürich"
    theirs = bm25s.tokenize([text], stopwords="en", show_progress=False, return_ids=False)[0]
    assert Analyzer("english").terms(text) == list(theirs)


def test_other_scripts() -> None:
    assert Analyzer("words").terms("Die Donau fließt") == ["die", "donau", "fließt"]
    assert Analyzer("words").terms("ينبع نهر الدانوب") == ["ينبع", "نهر", "الدانوب"]
    assert Analyzer("words").terms("हिन्दी भाषा में") == ["हिन्दी", "भाषा", "में"], "vowel signs belong to the word"
    assert Analyzer("words").terms("كَتَبَ الوَلَدُ") == ["كَتَبَ", "الوَلَدُ"]
    assert Analyzer("words").terms("cafe\u0301 noir") == ["cafe\u0301", "noir"]
    assert Analyzer("pairs").terms("东京是首都。") == ["东京", "京是", "是首", "首都"]
    assert Analyzer("pairs").terms("a BC") == ["a", "bc"]


@pytest.mark.parametrize(
    ("language", "kind"),
    [
        (None, "english"),
        ("en", "english"),
        ("EN-gb", "english"),
        ("de", "words"),
        ("ar", "words"),
        ("zh", "pairs"),
        ("zh-Hant", "pairs"),
        ("ja", "pairs"),
        ("mul", "pairs"),
    ],
)
def test_by_language(language: str | None, kind: str) -> None:
    assert analyzer_for(language).kind == kind


def test_an_unknown_analyzer_is_refused() -> None:
    with pytest.raises(InputError, match="'stemmed' is no analyzer"):
        Analyzer("stemmed")
