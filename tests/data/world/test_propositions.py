"""Oracle propositions (card 053): one World fact each, subject named, one passage; together the passage's facts."""

from __future__ import annotations

import pytest

from retrievarium.data.collection import Collection
from retrievarium.data.world import World


def test_each_states_one_fact_names_its_subject_and_has_one_passage(arm_a: Collection) -> None:
    facts = {row["id"]: row for row in arm_a.tables["facts"].to_pylist()}
    entities = {row["id"]: row for row in arm_a.tables["entities"].to_pylist()}
    rows = arm_a.tables["propositions"].to_pylist()
    assert len({row["id"] for row in rows}) == len(rows) > 2000
    for row in rows:
        fact = facts[row["fact_id"]]
        assert (row["subject"], row["relation"], row["value"]) == (fact["subject"], fact["relation"], fact["value"])
        assert entities[row["subject"]]["name"].lower() in row["text"].lower()
        assert row["value"].lower() in row["text"].lower()
        assert row["passage_id"] in arm_a.passages


def test_together_they_are_exactly_the_facts_of_the_passage(world: World, arm_a: Collection) -> None:
    told: dict[str, set[str]] = {}
    for row in arm_a.tables["propositions"].to_pylist():
        told.setdefault(row["passage_id"], set()).add(row["fact_id"])
    for page, written in zip(world.book.plan.pages, world.book.passages, strict=True):
        facts = {f"f{number:06d}" for sentence in written.sentences for number in sentence.facts}
        assert told[f"p{page.number:06d}"] == facts


def test_values_stand_in_the_sentence_that_tells_them(arm_a: Collection) -> None:
    sentences = dict(zip(arm_a.passages.ids, arm_a.passages.table.column("sentences").to_pylist(), strict=True))
    for row in arm_a.tables["propositions"].to_pylist():
        assert row["value"].lower() in sentences[row["passage_id"]][row["sentence"]].lower()


def test_sentences_fail_to_name_the_subject_at_the_pronoun_rate(arm_a: Collection) -> None:
    entities = {row["id"]: row for row in arm_a.tables["entities"].to_pylist()}
    sentences = dict(zip(arm_a.passages.ids, arm_a.passages.table.column("sentences").to_pylist(), strict=True))
    rows = arm_a.tables["propositions"].to_pylist()
    without = 0
    for row in rows:
        sentence = sentences[row["passage_id"]][row["sentence"]].lower()
        if row["form"] == "pronoun":
            assert entities[row["subject"]]["name"].lower() not in sentence
            without += 1
        else:
            assert any(token in sentence for token in entities[row["subject"]]["tokens"])
    own = [row for row in rows if entities[row["subject"]]["document"] == row["document"]]
    assert 0.3 <= sum(row["form"] == "pronoun" for row in own) / len(own) <= 0.6
    assert without


@pytest.mark.parametrize("seed", [1, 2])
def test_limit_of_one_fact_no_pronoun_one_sentence(seed: int) -> None:
    dials = {"facts_low": 1, "facts_high": 1, "words_low": 0, "gold_full": 100, "gold_short": 0, "gold_pronoun": 0}
    collection = World(seed, 200, **dials, pronouns=0).collection()
    assert all(len(row) == 1 for row in collection.passages.table.column("sentences").to_pylist())
    propositions = collection.tables["propositions"]
    assert propositions.column("passage_id").to_pylist() == list(collection.passages.ids)
    assert set(propositions.column("form").to_pylist()) == {"full"}
