"""Propositions by truth, by rules and at random; and what they get wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrievarium.contracts import InputError
from retrievarium.data import Collection, World
from retrievarium.units import Oracle, RandomCuts, Rules, annotation_sheet, decomposition_report, units_of
from retrievarium.units.clauses import split_clauses
from retrievarium.units.naming import Names
from retrievarium.units.resolving import Resolver
from retrievarium.units.truth import Truth


@pytest.fixture(scope="module")
def world() -> Collection:
    return World(3, 200, train_questions=20).collection()


# -- the oracle


@pytest.mark.works_when("dense-x", 2)
def test_oracle_propositions_state_one_fact_each_and_all_of_their_passage(world: Collection) -> None:
    units, truth = Oracle().units(world), Truth(world)
    names = dict(zip(*(world.tables["entities"].column(c).to_pylist() for c in ("id", "name")), strict=True))
    facts = {row["id"]: row for row in world.tables["facts"].to_pylist()}
    for row in range(len(units)):
        unit = units.at(row)
        assert len(unit.facts) == 1
        assert len(unit.passages) == 1
        fact = facts[unit.facts[0]]
        assert names[fact["subject"]].lower() in unit.text.lower()
        assert fact["value"].lower() in unit.text.lower()
    for passage in world.passages.ids:
        told = {f for u in units.of_passage(passage) for f in u.facts}
        assert told & truth.facts_of(passage) == truth.facts_of(passage) or not truth.facts_of(passage)
    report = decomposition_report(units, world)
    assert report.unfaithful == 0
    assert report.missed_facts == 0
    assert report.not_standalone < 0.01


@pytest.mark.works_when("dense-x", 2)
def test_sentences_fail_to_name_their_subject_as_often_as_the_world_says(world: Collection) -> None:
    """The report reads texts; the World counts the forms it wrote. A full name may stand in the sentence for another
    reason, so the two differ by a little."""
    report = decomposition_report(units_of(world, "sentence"), world)
    forms: dict[tuple[str, int], list[str]] = {}
    for row in world.tables["propositions"].to_pylist():
        forms.setdefault((row["passage_id"], row["sentence"]), []).append(row["form"])
    named = sum(any(form != "full" for form in told) for told in forms.values()) / len(forms)
    assert report.units == len(forms)
    assert report.not_standalone == pytest.approx(named, abs=0.03)
    assert report.unfaithful == 0
    assert report.missed_facts == pytest.approx(0, abs=0.005)


def test_the_oracle_needs_a_collection_that_knows(collection: Collection) -> None:
    with pytest.raises(InputError, match="propositions"):
        Oracle().units(collection)


# -- rules


def test_rules_name_most_subjects_and_split_most_sentences(world: Collection) -> None:
    sentences = decomposition_report(units_of(world, "sentence"), world)
    rules = decomposition_report(Rules().units(world), world)
    assert rules.not_standalone < 0.4 * sentences.not_standalone
    assert rules.not_minimal < 0.4 * sentences.not_minimal
    assert rules.unfaithful < 0.06
    assert rules.missed_facts == pytest.approx(0, abs=0.01)


def test_each_half_of_the_rules_does_its_part(world: Collection) -> None:
    whole = decomposition_report(Rules().units(world), world)
    unsplit = decomposition_report(Rules(split=False).units(world), world)
    unnamed = decomposition_report(Rules(resolve=False).units(world), world)
    assert unsplit.not_minimal > whole.not_minimal
    assert unnamed.not_standalone > whole.not_standalone
    assert unnamed.unfaithful == 0  # what is not replaced cannot be replaced by the wrong one


@pytest.mark.parametrize(
    ("sentence", "clauses"),
    [
        (
            "The ship is called after Ann Bell, who was employed by Coal & Tin.",
            ["The ship is called after Ann Bell.", "Ann Bell was employed by Coal & Tin."],
        ),
        ("Ann Bell was born here and died in Rome.", ["Ann Bell was born here.", "Ann Bell died in Rome."]),
        ("The town grew fast; it had nine mills.", ["The town grew fast.", "It had nine mills."]),
        ("He sold bread and wine.", ["He sold bread and wine."]),
        ("In 1733, the river froze, and trade stopped.", None),
    ],
)  # fmt: skip
def test_clauses(sentence: str, clauses: list[str] | None) -> None:
    names = Names(["Ann Bell", "Coal & Tin"])
    found = split_clauses(sentence, names.find(sentence))
    if clauses is not None:
        assert [c.text for c in found] == clauses
    for clause in found:
        assert 0 <= clause.start < clause.stop <= len(sentence)


def test_pronouns_and_short_names_are_replaced() -> None:
    names = Names(["Ann Bell", "Hauwen"]).learn(
        ["Ann Bell", "Hauwen"], ["She wrote to the ship Hauwen. She left.", "It sank. It was the ship Hauwen."]
    )
    resolver = Resolver(names, "Ann Bell")
    said = []
    for sentence in (
        "Bell was born in Cork.",
        "She sailed on the ship Hauwen.",
        "The ship was lost.",
        "It is said that nobody saw it.",
    ):
        resolver.mentions(sentence)
        said.append(resolver.resolve(sentence))
    assert said[:3] == ["Ann Bell was born in Cork.", "Ann Bell sailed on the ship Hauwen.", "Hauwen was lost."]
    assert said[3].startswith("It is said that")  # an empty it stands for nobody


def test_rules_leave_other_languages_whole(collection: Collection) -> None:
    german = collection.replace(meta={**collection.meta, "language": "de"})
    units = Rules().units(german)
    for row in range(len(units)):
        unit = units.at(row)
        assert unit.text == german.passages[unit.passage].text[unit.start : unit.stop]


def test_kept_units_are_read_back(world: Collection) -> None:
    assert Rules().units(world).table.equals(Rules().units(world).table)
    assert Rules(split=False).units(world).table != Rules().units(world).table


# -- the placebo


def test_random_cuts_are_as_many_and_as_long(world: Collection) -> None:
    rules = Rules().units(world)
    cuts = RandomCuts(rules).units(world)
    assert len(cuts) == len(rules)
    for passage in world.passages.ids[:40]:
        words = len(world.passages[passage].text.split())
        wanted = sorted(min(int(rules.words[r]), words) for r in rules.by_passage[passage])
        assert sorted(int(cuts.words[r]) for r in cuts.by_passage[passage]) == wanted
        for unit in cuts.of_passage(passage):
            assert unit.text == world.passages[passage].text[unit.start : unit.stop]
    assert RandomCuts(rules, seed=1).units(world).texts != cuts.texts
    report = decomposition_report(cuts, world)
    assert report.missed_facts is not None
    assert report.missed_facts > 0.1  # they cut through facts


@pytest.mark.works_when("dense-x", 4)
def test_one_fact_a_passage_makes_all_units_the_same() -> None:
    dials = {"facts_low": 1, "facts_high": 1, "words_low": 0, "pronouns": 0}
    dials |= {"gold_full": 100, "gold_short": 0, "gold_pronoun": 0, "train_questions": 20}
    alone = World(3, 150, **dials).collection()
    passages = units_of(alone, "passage").collection(alone).passages.joined
    assert units_of(alone, "sentence").collection(alone).passages.joined == passages
    assert Rules().units(alone).collection(alone).passages.joined == passages


# -- where nobody knows


def test_people_judge_where_nobody_knows(collection: Collection, tmp_path: Path) -> None:
    units = Rules().units(collection)
    with pytest.raises(InputError, match="annotation_sheet"):
        decomposition_report(units, collection)
    path = annotation_sheet(units, collection, tmp_path / "sheet.jsonl", passages=4)
    with pytest.raises(InputError, match="judged"):
        decomposition_report(units, collection, path)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 4
    for line in lines:
        line["missed"] = 1
        for number, unit in enumerate(line["units"]):
            unit |= {"unfaithful": False, "not_minimal": number == 0, "not_standalone": False}
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    report = decomposition_report(units, collection, path)
    judged = sum(len(line["units"]) for line in lines)
    assert report.how == "annotated"
    assert report.units == judged
    assert report.not_minimal == 4 / judged
    assert report.missed_facts == 4 / (judged + 4)
    lines[0]["units"][0]["text"] = "something else"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    with pytest.raises(InputError, match="new sheet"):
        decomposition_report(units, collection, path)
