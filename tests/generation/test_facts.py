"""What a text states, and what a writer learns from."""

from __future__ import annotations

from typing import Any

import pytest

from retrievarium.contracts import InputError
from retrievarium.data import World
from retrievarium.evaluation import has_answer
from retrievarium.generation import FactCheck, OracleGenerator, Stated, answering_sentence, writing_pairs


@pytest.fixture(scope="module")
def world() -> Any:
    return World(3, 200).collection()


@pytest.fixture(scope="module")
def check(world: Any) -> FactCheck:
    return FactCheck(world)


def test_true_and_false_values_are_counted(world: Any, check: FactCheck) -> None:
    asked = world.test.queries
    right, wrong = (OracleGenerator(world, rate).generate(list(asked.texts)) for rate in (0.0, 1.0))
    total = Stated()
    for text, answers, good, bad in zip(asked.texts, asked.column("answers"), right, wrong, strict=True):
        told = check(text, [good[0].upper()])
        assert told.true == len(answers), text
        assert check(text, bad).true == 0, text
        assert check(text, [text]) == Stated(), "whom the question names is no answer"
        total += check(text, bad)
    assert total.false == total.stated >= len(asked)
    assert check("What is the capital of Nowhere?", right[0]) == Stated()
    assert check(asked.texts[0], ["", "nothing of the kind"]) == Stated()


def test_a_swapped_text_states_as_much_and_nothing_true(world: Any, check: FactCheck) -> None:
    asked = world.test.queries
    changed = 0
    for text, (good,) in zip(asked.texts, OracleGenerator(world).generate(list(asked.texts)), strict=True):
        swapped = check.swapped(text, good, seed=1)
        before, after = check(text, [good]), check(text, [swapped])
        assert after.true == 0
        assert after.stated == before.stated
        assert swapped == check.swapped(text, good, seed=1)
        changed += swapped != check.swapped(text, good, seed=2)
    assert changed > len(asked) / 2
    assert check.swapped("Who?", "a text") == "a text"


def test_it_refuses_what_it_cannot_know(collection: Any) -> None:
    with pytest.raises(InputError, match="does not tell its facts"):
        FactCheck(collection)


def test_the_sentence_that_answers() -> None:
    text = 'He came late. "Much later," they say. It was founded in 1423 by Ann Bo. The end.'
    assert answering_sentence(text, ("ann bo", "x")) == "It was founded in 1423 by Ann Bo."
    assert answering_sentence(text, ("nowhere",)) == answering_sentence(text, ()) == "He came late."
    assert answering_sentence("No end", ("end",)) == "No end"


def test_pairs_are_questions_and_what_their_passage_says_in_answer(world: Any) -> None:
    prompts, texts = writing_pairs(world, world.train)
    assert prompts == list(world.train.queries.texts)
    answers = [world.all_queries.answers[q] for q in world.train.queries.ids]
    held = [has_answer(text, wanted) for text, wanted in zip(texts, answers, strict=True)]
    assert sum(held) / len(held) > 0.95
    (passage,) = world.train.qrels.relevant(world.train.queries.ids[0])
    whole = world.passages.text_of(passage)
    assert texts[0].startswith(world.passages[passage].title)
    assert len(texts[0]) < len(whole) / 2
    nothing = world.replace(qrels={"train": world.train.qrels.table.slice(0, 0)})
    with pytest.raises(InputError, match="no question with a passage"):
        writing_pairs(nothing, nothing.train)
