"""Each trap, planted in a small collection, is named with the right figures; a clean collection raises nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from retrievarium.data import Collection, preflight, statistics
from retrievarium.data.checks.findings import share
from retrievarium.data.checks.texts import guess_language, near_pairs, script_of, windows
from retrievarium.data.collection import qrels_table
from retrievarium.data.preflight import Preflight

LONG = "the river rises in the hills of the north and flows through the town to the sea where it is wide"


def made(
    passages: Sequence[tuple[str, str, str]],
    queries: Sequence[tuple[str, str]] = (("q1", "where does the river rise"),),
    qrels: dict[str, list[tuple[str, str, int]]] | None = None,
    answers: list[list[str]] | None = None,
    language: list[str] | None = None,
    **meta: Any,
) -> Collection:
    columns: dict[str, Any] = {
        n: pa.array([p[i] for p in passages], pa.string()) for i, n in enumerate(("id", "title", "text"))
    }
    if language:
        columns["language"] = language
    asked: dict[str, Any] = {n: pa.array([q[i] for q in queries], pa.string()) for i, n in enumerate(("id", "text"))}
    if answers:
        asked["answers"] = pa.array(answers, pa.list_(pa.string()))
    if qrels is None:
        qrels = {"test": [("q1", passages[0][0], 1)]}
    return Collection(
        "made", pa.table(columns), pa.table(asked), {s: qrels_table(r) for s, r in qrels.items()}, meta=meta
    )


def look(*args: Any, **more: Any) -> Preflight:
    return preflight(made(*args, **more))


def test_equal_texts_tie_and_may_tear_judgements() -> None:
    twins = [("a", "T", LONG), ("b", "t", LONG.upper() + " "), ("c", "", "another text of its own")]
    found = look(twins)["twins"]
    assert found.severity == "warning"
    assert found.examples == ("a=b",)
    assert "1 passage repeats" in found.sentence
    assert "In 1 group one is judged" in found.sentence
    assert look(twins, qrels={"test": [("q1", "c", 1)]})["twins"].severity == "note"
    assert look(twins[:1])["twins"].severity == "ok"


def test_almost_equal_passages() -> None:
    found = look([("a", "", LONG), ("b", "", LONG + " again"), ("c", "", LONG[::-1])])["near"]
    assert found.severity == "note"
    assert "1 pair" in found.sentence
    assert found.examples[0].startswith("a~b")


def test_empty_title_only_and_short() -> None:
    found = look([("a", "", ""), ("b", "Title", " "), ("c", "x", "tiny"), ("d", "", LONG)])
    assert (found["empty"].severity, found["empty"].examples) == ("warning", ("a",))
    assert "1 of them is judged" in found["empty"].sentence
    assert found["title-only"].examples == ("b",)
    assert found["short"].examples == ("c",)


def test_titles() -> None:
    assert "None of the 1 passage" in look([("a", "", LONG)])["titles"].sentence
    again = look([("a", "The River", LONG), ("b", "Cork", "Cork is a city with a river"), ("c", "", "x" * 30)])[
        "titles"
    ]
    assert "1 of 3 passages have no title" in again.sentence
    assert "2 (66.7%) begin their text with their title" in again.sentence
    assert look([("a", "Oak", LONG)])["titles"].severity == "ok"


def test_damaged_characters() -> None:
    texts = ["caf\u00c3\u00a9", "lost \ufffd", "\ufeffmark", "bell \x07", "a &amp; b <br> c"]
    found = look([(str(i), "", f"{t} {LONG}") for i, t in enumerate(texts)], qrels={})["encoding"]
    assert found.severity == "warning"
    for words in ("Latin-1", "replacement", "byte order", "control", "HTML"):
        assert words in found.sentence
    assert look([("a", "", "Ça va, São Paulo, naïve, 5 °C « ok »")])["encoding"].severity == "ok"


@pytest.mark.parametrize(
    ("text", "language", "severity", "words"),
    [
        (LONG, None, "ok", "small words are English"),
        (LONG, "en", "ok", "says its language is 'en'"),
        (LONG, "de", "warning", "small words are those of 'en'"),
        ("Der Fluss und die Stadt sind in den Bergen, und das ist nicht auf der Karte", None, "warning", "'de'"),
        ("黑豹队的防守只丢了分在联赛中排名第六", "zh", "note", "without blanks"),
        ("黑豹队的防守只丢了分在联赛中排名第六", None, "warning", "does not say its language"),
        ("لم يتخلى فريق بانثرز سوى عن نقطة", "ar", "note", "right to left"),
    ],
)
def test_language(text: str, language: str | None, severity: str, words: str) -> None:
    found = look([("a", "", text)], language=[language] if language else None, queries=[("q1", text[:9])])["language"]
    assert found.severity == severity
    assert words in found.sentence


def test_several_languages_and_queries_of_another_script() -> None:
    passages = [("a", "", LONG), ("b", "", "黑豹队的防守")]
    assert "2 languages" in look(passages, language=["en", "zh"])["language"].sentence
    found = look(passages[:1], queries=[("q1", "黑豹队的防守")])["language"]
    assert found.severity == "warning"
    assert "100% of the queries are in Han script" in found.sentence


class Counter:
    name, max_length = "counter", 10

    def count_tokens(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([len(t.split()) for t in texts])


def test_truncation_counts_with_the_encoder_or_estimates() -> None:
    passages = [("a", "", "w " * 25), ("b", "", "w " * 10), ("c", "", "w " * 400)]
    found = preflight(made(passages), Counter())["truncation"]
    assert found.severity == "warning"
    assert "counter reads 10 tokens" in found.sentence
    assert "2 passages (66.7%)" in found.sentence
    assert "93.1% of all tokens" in found.sentence  # 405 of 435
    assert found.examples[0] == "c (400 tokens)"
    guess = look(passages)["truncation"]
    assert "estimate" in guess.sentence
    assert "1 passage (33.3%)" in guess.sentence


def test_unknown_ids_and_unjudged_queries() -> None:
    queries = [("q1", "one of them"), ("q2", "two of them"), ("q3", "three of them")]
    found = look(
        [("a", "", LONG)],
        queries,
        {"test": [("q1", "a", 1), ("q1", "gone", 1), ("q2", "a", 0), ("q9", "a", 1)]},
    )
    assert set(found["unknown-ids"].examples) == {"gone (test)", "q9 (test)"}
    assert found["unjudged"].examples == ("q3",)
    assert found["no-relevant"].examples == ("q2 (test)",)
    assert look([("a", "", LONG)], queries, {})["unjudged"].severity == "warning"


def test_grades() -> None:
    passages = [(c, "", f"{c} {LONG}") for c in "abc"]
    graded = look(passages, qrels={"test": [("q1", "a", 3), ("q1", "b", 1), ("q1", "c", -2)]})
    assert "grade 3: 1" in graded["grades"].sentence
    assert "1 judgements are below 0" in graded["negative-grades"].sentence
    assert "binary" in look(passages)["grades"].sentence


def test_a_grade_that_is_a_mark() -> None:
    passages = [(c, "", f"{c} {LONG}") for c in "abcd"]
    queries = [("q1", "one"), ("q2", "two")]
    rows = [(q, p, g) for q in ("q1", "q2") for p, g in zip("abc", (1, 2, 0), strict=True)]
    found = look(passages, queries, {"test": rows})
    assert found["zero-marker"].examples == ("query q1: c", "query q2: c")
    more = look(passages, queries, {"test": [*rows, ("q1", "d", 0)]})
    assert "zero-marker" not in more
    assert "3 of 7" in more["zero-grades"].sentence


def test_two_qrels_files() -> None:
    qrels = {"test": [("q1", "a", 0)], "other": [("q1", "a", 4)]}
    found = look([("a", "", LONG)], qrels=qrels)["files-test-other"]
    assert found.severity == "warning"
    assert found.examples == ("query q1, passage a: 0 in test, 4 in other",)
    shared = look([("a", "", LONG)], qrels={"train": [("q1", "a", 1)], "test": [("q1", "a", 1)]})
    assert shared["overlap-train-test"].severity == "stop"
    assert shared.worst == "stop"
    assert shared.findings[0].severity == "stop"


def test_splits() -> None:
    passages = [("a", "", LONG), ("b", "", "b " + LONG)]
    found = look(passages)["splits"]
    assert found.severity == "warning"
    assert "nothing to train on" in found.sentence
    assert 'collection.split(by="random"' in found.advice
    queries = [("q1", "same words"), ("q2", "Same  words"), ("q3", "other")]
    three = look(passages, queries, {"train": [("q1", "a", 1)], "dev": [("q3", "b", 1)], "test": [("q2", "b", 1)]})
    assert three["splits"].severity == "ok"
    assert three["repeated-train-test"].examples == ("q2",)


def test_judged_share_and_ceilings() -> None:
    passages = [(f"p{i:03d}", "", f"{i} {LONG}") for i in range(50)]
    found = look(passages, qrels={"test": [("q1", f"p{i:03d}", 1) for i in range(40)]})
    assert "40.00 judged passages on average (at most 40) of 50" in found["judged-share"].sentence
    assert "ceiling over all queries is 0.500" in found["many-relevant"].sentence
    assert "40%" in found["small"].sentence
    assert found["few-queries"].sentence.startswith("1 query is judged")


def test_the_query_in_the_collection() -> None:
    query = "where does the river rise in the hills"
    own = look([("q1", "", query), ("b", "", LONG)], [("q1", query)])["self-retrieval"]
    assert own.severity == "warning"
    apart = look([("q1", "", LONG), ("b", "", "b " + LONG)], [("q1", "what is the name of it")])["self-retrieval"]
    assert apart.severity == "note"
    assert "numbered apart" in apart.sentence
    inside = look([("a", "", f"They ask {query} every year"), ("b", "", LONG)], [("q1", query)])["verbatim"]
    assert inside.examples == ("q1 in a",)
    titled = look([("a", "Cork", LONG)], [("q1", "cork")])["verbatim"]
    assert "exactly a title" in titled.sentence


def test_repeated_and_empty_queries() -> None:
    found = look(
        [("a", "", LONG), ("b", "", "b " + LONG)],
        [("q1", "Who"), ("q2", "who "), ("q3", " ")],
        {"test": [("q1", "a", 1), ("q2", "b", 1), ("q3", "a", 1)]},
    )
    assert found["repeated-queries"].examples == ("q1=q2",)
    assert "in 1 case the relevant passages differ" in found["repeated-queries"].sentence
    assert found["empty-queries"].examples == ("q3",)


def test_answers() -> None:
    queries = [("q1", "one"), ("q2", "two")]
    found = look([("a", "", LONG)], queries, {"test": [("q1", "a", 1), ("q2", "a", 1)]}, [["The  SEA"], ["desert"]])
    assert found["answers"].examples == ("q2",)
    assert "for 1 of 2 (50%)" in found["answers"].sentence


def test_a_passage_list_alone_can_be_looked_at() -> None:
    found = preflight(made([("a", "", LONG)], queries=[], qrels={}))
    assert found["unjudged"].severity == "note"
    assert json.loads(json.dumps(found.to_dict()))["worst"] == found.worst


def test_likeness_equals_a_plain_count() -> None:
    rng = np.random.default_rng(0)
    words = [f"word{i}" for i in range(50)]
    base = [" ".join(rng.choice(words, 60)) for _ in range(20)]
    texts = base + [t + " tail" * int(rng.integers(1, 4)) for t in base[:8]]
    grams = [{t[i : i + 16] for i in range(len(t) - 15)} for t in texts]
    expected = {
        (i, j)
        for i in range(len(texts))
        for j in range(i + 1, len(texts))
        if len(grams[i] & grams[j]) / len(grams[i] | grams[j]) >= 0.8
    }
    assert len(expected) >= 8
    assert {(i, j) for i, j, _ in near_pairs([windows(t) for t in texts])} == expected


def test_scripts_and_small_words() -> None:
    assert [script_of(t) for t in ("abc", "Ωμέγα", "река", "東京", "かな", "123", "")] == [
        "Latin", "Greek", "Cyrillic", "Han", "Kana", "none", "none",
    ]  # fmt: skip
    assert guess_language([LONG]) == "en"
    assert guess_language(["la ciudad de los ríos y el mar que es para una con las"]) == "es"
    assert guess_language(["zorb quux"]) is None


def test_shares_never_round_to_none_or_all() -> None:
    assert [share(0, 10), share(1, 5000), share(4999, 5000), share(5, 5), share(1, 3)] == [
        "0%", "under 0.1%", "over 99.9%", "100%", "33.3%",
    ]  # fmt: skip


def test_statistics() -> None:
    collection = made([("a", "T", "one two"), ("b", "", "one")], language=["en", "de"])
    table = collection.all_queries.table.append_column("popularity", pa.array([100], pa.int64()))
    told = json.loads(json.dumps(statistics(collection.replace(queries=table))))
    assert told["counts"] == {"passages": 2, "queries": 1, "qrels.test": 1}
    assert told["passages"]["words"]["mean"] == 2.0
    assert sum(told["passages"]["words"]["histogram"]["counts"]) == 2
    assert told["vocabulary"]["words"] == 4
    assert told["vocabulary"]["distinct"] == 3
    assert told["judgements"]["test"]["grades"] == {"1": 1}
    assert told["popularity"]["known"] == 1
    assert told["languages"] == {"en": 1, "de": 1}
