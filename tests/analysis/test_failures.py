"""Failure tags: each rule says yes, no and don't know; evidence exact and read off the text; precision of tags."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from retrievarium.analysis import (
    OTHER_FAILURE,
    RULES,
    Failure,
    Sight,
    Tagged,
    TextEvidence,
    WorldEvidence,
    because,
    capitalised_spans,
    counted,
    evidence_for,
    failures,
    lead_type,
    names_alike,
    reads_of,
    said_by_people,
    said_by_truth,
    shingles,
    subject_of,
    tag,
    tag_precision,
)
from retrievarium.contracts import Run
from retrievarium.data import Collection, load_collection
from retrievarium.retrievers import BM25, Dense, FrozenRun
from retrievarium.workspace import Annotation

GOLD = Sight(
    "g", "doc", "Danube", "Danube", "river", True, True, False, 10, shingles("one two three four five six seven")
)
TOP = Sight(
    "t", "else", "Rhine", "Rhine", "river", False, False, False, 10, shingles("quite other words than those in there")
)
BASE = Failure("q", "bm25", TOP, (GOLD,), "Danube", "Danube", "river", 10, False, True, False, False)


def _with(**top: Any) -> Failure:
    return replace(BASE, top=replace(TOP, **top))


YES = {
    "near duplicate": _with(shingles=shingles("one two three four five six eight")),
    "judged incomplete": _with(names_subject=True, tells=True),
    "truncated away": replace(BASE, cut_off=True),
    "right document, wrong passage": _with(document="doc"),
    "right entity, wrong relation": _with(names_subject=True),
    "look-alike name": _with(same_name=True),
    "alias missed": replace(BASE, by_alias=True, name_in_gold=False),
    "popular-entity pull": _with(popularity=40),
    "wrong entity, same type": BASE,
}
NO = {
    "near duplicate": BASE,
    "judged incomplete": replace(_with(names_subject=True, tells=True), judged_top=True),
    "truncated away": BASE,
    "right document, wrong passage": BASE,
    "right entity, wrong relation": _with(names_subject=True, tells=True),  # it answers: nothing is wrong with it
    "look-alike name": _with(same_name=True, names_subject=True),  # it names the right one as well
    "alias missed": replace(BASE, by_alias=True, name_in_gold=True),
    "popular-entity pull": _with(popularity=39),
    "wrong entity, same type": _with(type="bridge"),
}
UNKNOWN = {
    "judged incomplete": _with(names_subject=True, tells=None),
    "truncated away": replace(BASE, cut_off=None),
    "right document, wrong passage": _with(document=None),
    "right entity, wrong relation": _with(names_subject=True, tells=None),
    "look-alike name": _with(about=None),
    "alias missed": replace(BASE, by_alias=None, name_in_gold=None),
    "popular-entity pull": _with(popularity=None),
    "wrong entity, same type": _with(type=None),
}


@pytest.mark.parametrize("name", RULES)
def test_each_rule_says_yes_no_and_unknown(name: str) -> None:
    assert RULES[name](YES[name]) is True
    assert RULES[name](NO[name]) is False
    if name in UNKNOWN:
        assert RULES[name](UNKNOWN[name]) is None
    assert RULES[name].__doc__
    assert because(tag(YES[name]), name)


def test_nothing_retrieved_is_no_ones_fault() -> None:
    told = tag(replace(BASE, top=None))
    assert told.tags == ()
    assert told.first == OTHER_FAILURE
    assert "nothing was retrieved" in because(told, OTHER_FAILURE)


def test_tags_come_in_the_order_of_the_rules_and_count_once() -> None:
    both = tag(_with(document="doc", about="Danube", names_subject=True))
    assert both.tags == ("right document, wrong passage", "right entity, wrong relation")
    assert both.first == "right document, wrong passage"
    other = tag(replace(BASE, query="q2"))
    assert counted([other, both]) == {
        "right document, wrong passage": ["q"],
        "wrong entity, same type": ["q2"],
    }


# -- names in text


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("Who wrote the Bay of Fundy song?", ["Bay of Fundy"]),
        ("What is John Mayne's occupation?", ["John Mayne's"]),
        ("Danube and Rhine", ["Danube and Rhine"]),
        ("In which town was it made", []),
        ("Did the U.S. Navy, or NASA, build Apollo?", ["U.S", "Navy", "NASA", "Apollo"]),
        ("谁写了这本书", []),
    ],
)
def test_capitalised_spans(text: str, spans: list[str]) -> None:
    assert capitalised_spans(text) == spans


def test_the_subject_is_a_title_where_one_is_named() -> None:
    titles = {"danube": "Danube", "black forest": "Black Forest"}
    assert subject_of("Does the Danube rise in the Black Forest of Germany?", titles) == "Danube"
    assert subject_of("Does the Rhine rise in the Alps of Switzerland?", titles) == "Alps of Switzerland"
    assert subject_of("where does it rise?", titles) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Alberto Cavallone (1938 – 1997) was an Italian film director and screenwriter.", "person"),
        ("Richard Roberts is a Welsh forward (born 1983).", "person"),
        ("Stéphane Kox is a Belgian poet.", "person"),
        ("The Oder is a river in Central Europe.", "river"),
        ("Frisco Waterfront is a 1935 film.", "film"),
        ("Olkusz is a town in southern Poland.", "town"),
        ("The Danube rises in the Black Forest.", None),
        ("Do You Believe? may refer to:", None),
    ],
)
def test_what_a_first_sentence_says_a_thing_is(text: str, told: str | None) -> None:
    assert lead_type(text) == told


def test_look_alike_names_share_a_telling_part_or_nearly_all_letters() -> None:
    assert names_alike("Colorado River", "Colorado River (Texas)")
    assert names_alike("Thorium", "Thallium") is False
    assert names_alike("Curium", "Cerium") is False
    assert names_alike("Garfield Thomas", "Garfield Tomas")
    assert names_alike("Amazon River", "Danube River", frozenset({"river"})) is False
    assert names_alike("Amazon River", "Danube River")


# -- the World: exact


@pytest.fixture(scope="module")
def world() -> Any:
    return load_collection("world")


@pytest.fixture(scope="module")
def run(world: Any) -> Run:
    return BM25(world, keep=False).search(world.queries, 10)


@pytest.fixture(scope="module")
def exact(world: Any, run: Run) -> list[Tagged]:
    return [tag(f) for f in failures(run, world, "bm25", 1, lambda text, stop: True)]


def test_the_worlds_tags_are_what_its_tables_say(world: Any, run: Run, exact: list[Tagged]) -> None:
    """Recomputed from the tables row by row."""
    assert isinstance(evidence_for(world), WorldEvidence)
    missed = [q for q in world.queries.ids if not set(run[q].ids[:1]) & set(world.qrels.relevant(q))]
    assert [t.failure.query for t in exact] == missed
    tables = {n: world.tables[n].to_pylist() for n in ("mentions", "propositions", "entities", "siblings", "exposure")}
    tables |= {n: world.tables[n].to_pylist() for n in ("causes", "aliases")}
    entity_of = {e["document"]: e for e in tables["entities"] if e["document"]}
    entity = {e["id"]: e for e in tables["entities"]}
    named = {(m["passage_id"], m["entity"]) for m in tables["mentions"]}
    told = {(p["passage_id"], p["subject"], p["relation"]) for p in tables["propositions"]}
    naming = {c["query_id"]: c["naming"] for c in tables["causes"]}
    introduced = {(a["passage_id"], a["entity"]) for a in tables["aliases"]}
    exposure = {e["entity"]: e["mentions"] for e in tables["exposure"]}
    sibling = {
        (s["entity"], s["relation"], s["passage_id"]) for s in tables["siblings"] if s["kind"] == "same-relation"
    }
    siblings = 0
    for t in exact:
        query, top = world.all_queries[t.failure.query], run[t.failure.query].ids[0]
        article = entity_of[world.passages[top].fields["document"]]
        gold = world.qrels.relevant(query.id)
        here = (top, query.entity) in named
        other = article["id"] != query.entity and not here
        assert ("right entity, wrong relation" in t.tags) == (here and (top, query.entity, query.relation) not in told)
        assert ("right document, wrong passage" in t.tags) == any(
            world.passages[g].fields["document"] == article["document"] for g in gold
        )
        facts = [(s, r) for p, s, r in told if p == top]
        tokens = set(entity[query.entity]["tokens"])
        alike = {e for e in (article["id"], *(s for s, _ in facts)) if set(entity[e]["tokens"]) & tokens}
        assert ("look-alike name" in t.tags) == (other and bool(alike))
        rivals = {s for s, r in facts if r == query.relation and entity[s]["type"] == entity[query.entity]["type"]}
        seen = alike or rivals or {article["id"]}
        if other:
            assert t.failure.top is not None
            assert t.failure.top.about in seen
        kinds = {entity[e]["type"] for e in seen}
        if len(kinds) == 1:
            same = other and kinds == {entity[query.entity]["type"]}
            assert ("wrong entity, same type" in t.tags) == same
        if len(seen) == 1:
            pull = exposure.get(next(iter(seen)), 0) >= 4 * max(1, exposure[query.entity])
            assert ("popular-entity pull" in t.tags) == (other and pull)
        missing = naming[query.id] == "alias" and not any((g, query.entity) in introduced for g in gold)
        assert ("alias missed" in t.tags) == missing
        assert t.unknown == ()
        if other and (query.entity, query.relation, top) in sibling:
            siblings += 1
            assert "look-alike name" in t.tags
    assert siblings > 10


def test_judgements_are_complete_where_the_generator_made_them(exact: list[Tagged]) -> None:
    assert [t for t in exact if "judged incomplete" in t.tags] == []


def test_an_answer_beyond_what_is_read_is_cut_off(world: Any, run: Run) -> None:
    few = [tag(f) for f in failures(run, world, "x", 1, lambda text, stop: stop <= 200)]
    told = {t.failure.query: t for t in few}
    cut = [q for q, t in told.items() if "truncated away" in t.tags]
    assert 0 < len(cut) < len(few)
    for q in cut[:20]:
        for p in world.qrels.relevant(q):
            row, query = world.passages[p], world.all_queries[q]
            at = next(r["sentence"] for r in world.tables["propositions"].to_pylist() if r["passage_id"] == p
                      and (r["subject"], r["relation"]) == (query.entity, query.relation))  # fmt: skip
            sentence = row.fields["sentences"][at]
            assert row.joined.index(sentence) + len(sentence) > 200


def test_the_text_alone_agrees_with_the_tables(world: Any, run: Run, exact: list[Tagged]) -> None:
    """The rules that read titles and answers, measured against truth: the floor each must hold."""
    read = [tag(f) for f in failures(run, world, "bm25", 1, None, TextEvidence(world))]
    told = tag_precision(read, said_by_truth(exact))
    assert {t.failure.query for t in read} == {t.failure.query for t in exact}
    for name, floor in (
        ("right document, wrong passage", 0.99),
        ("right entity, wrong relation", 0.97),
        ("alias missed", 0.97),
        ("wrong entity, same type", 0.7),
        ("look-alike name", 0.25),
    ):
        assert told[name].judged > 10, name
        assert told[name].share >= floor, name
    assert told["truncated away"].judged == 0
    assert all("truncated away" in t.unknown for t in read)  # nobody said how far it reads


# -- a collection with next to nothing


def _bare(**columns: Any) -> Collection:
    passages = pa.table(
        {
            "id": ["a", "b", "c", "d"],
            "title": ["Mercury (planet)", "Mercury (element)", "Venus", "Mercury (planet)"],
            "text": [
                "Mercury is nearest to the Sun.",
                "Mercury is liquid at room temperature.",
                "Venus is hot.",
                "Mercury has no moon at all.",
            ],
        }
    )
    queries = {"id": ["q"], "text": ["How many moons has Mercury?"], **columns}
    judged = pa.table({"query_id": ["q"], "passage_id": ["d"], "grade": pa.array([1], pa.int32())})
    return Collection("bare", passages, pa.table(queries), {"test": judged})


def test_without_entities_the_rules_say_what_they_do_not_know() -> None:
    found = _bare()
    evidence = evidence_for(found)
    assert not evidence.exact
    assert evidence.about_query("q").subject == "Mercury"
    assert "no answers" in evidence.unknown()["right entity, wrong relation"]
    assert "popular" in evidence.unknown()["popular-entity pull"]
    told = tag(failures(Run.from_dict({"q": {"a": 2.0}}), found, "x")[0])
    assert told.tags == ("right document, wrong passage",)
    assert set(told.unknown) >= {"judged incomplete", "truncated away", "right entity, wrong relation"}


def test_answers_bring_the_relation_rules() -> None:
    found = _bare(answers=pa.array([["no moon"]], pa.list_(pa.string())))
    told = tag(failures(Run.from_dict({"q": {"b": 2.0}}), found, "x")[0])
    assert "right entity, wrong relation" in told.tags  # names Mercury, has no answer
    beside = Run.from_dict({"q": {"c": 2.0, "b": 1.0}})
    assert "right entity, wrong relation" not in tag(failures(beside, found, "x")[0]).tags
    assert failures(Run.from_dict({"q": {"c": 2.0, "d": 1.0}}), found, "x", cut=2) == []
    assert len(failures(Run.from_dict({}), found, "x")) == 1  # no results at all is a failure


def test_answers_that_no_relevant_passage_holds_settle_nothing() -> None:
    found = _bare(answers=pa.array([["none whatsoever"]], pa.list_(pa.string())))
    told = tag(failures(Run.from_dict({"q": {"b": 2.0}}), found, "x")[0])
    assert "right entity, wrong relation" in told.unknown
    assert "judged incomplete" in told.unknown


# -- how far a retriever reads


class _Counting:
    max_length = 10

    def count_tokens(self, texts: list[str]) -> list[int]:
        return [len(t.split()) + 2 for t in texts]


def test_how_far_a_retriever_reads(collection: Any, encoder: Any) -> None:
    text = "word " * 20
    bm25 = BM25(collection, keep=False)
    dense = Dense(collection, encoder)
    dense.encoder = _Counting()  # type: ignore[assignment]
    reads = reads_of(dense)
    assert reads is not None
    assert reads(text, 5 * 8 - 1)
    assert not reads(text, 5 * 9)
    for whole in (bm25, bm25 + dense, 0.5 * bm25 + 0.5 * dense, bm25 % 3):
        told = reads_of(whole)
        assert told is not None
        assert told(text, 100)
    cascade = reads_of(bm25 >> dense)
    assert cascade is not None
    assert not cascade(text, 100)
    assert reads_of(FrozenRun(Run.from_dict({"q": {"a": 1.0}}), "x")) is None


# -- what people say


def test_people_are_heard_by_majority_and_ties_say_nothing() -> None:
    def verdict(who: str, value: str, label: str = "look-alike name") -> Annotation:
        return Annotation("c", "verdict", "q", system="s", label=label, annotator=who, value=value)

    key = ("q", "s", "look-alike name")
    assert said_by_people([verdict("a", "agree"), verdict("b", "agree"), verdict("c", "disagree")])[key] is True
    assert key not in said_by_people([verdict("a", "agree"), verdict("b", "disagree")])
    own = Annotation("c", "tag", "q", system="s", label="near duplicate", annotator="a", value="yes")
    told = said_by_people([own])
    assert told["q", "s", "near duplicate"] is True
    assert told[key] is False  # a tagged failure bears no other tag
    assert said_by_people([own, verdict("a", "agree")])[key] is True  # unless that is said as well


def test_precision_counts_what_was_said_alone() -> None:
    first, second = tag(replace(BASE, query="a")), tag(replace(BASE, query="b"))
    told = tag_precision([first, second], {("a", "bm25", "wrong entity, same type"): True})
    assert (told["wrong entity, same type"].right, told["wrong entity, same type"].judged) == (1, 1)
    assert told["near duplicate"].share is None
    assert told["near duplicate"].interval is None
    low, high = told["wrong entity, same type"].interval or (0, 0)
    assert low < 0.5
    assert high == 1.0
