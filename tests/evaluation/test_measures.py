"""Measures: equal to trec_eval on the stored file, and on counts made by hand."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

from retrievarium.contracts import InputError, Run
from retrievarium.evaluation import evaluate, measure_name

SHARED = {
    "nDCG@10": "ndcg_cut_10",
    "nDCG": "ndcg",
    "RR": "recip_rank",
    "R@5": "recall_5",
    "P@5": "P_5",
    "AP@100": "map_cut_100",
    "AP": "map",
    "Success@5": "success_5",
    "Rprec": "Rprec",
}


def trec_eval(path: Path, qrels: dict[str, dict[str, int]]) -> dict[str, dict[str, float]]:
    """What pytrec_eval makes of a run file: scores as it reads them, ties as it breaks them."""
    run: dict[str, dict[str, float]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        query, _, doc, _, score, _ = line.split(" ")
        run.setdefault(query, {})[doc] = float(score)
    return pytrec_eval.RelevanceEvaluator(qrels, set(SHARED.values())).evaluate(run)


# float64 scores that are equal or neighbours as float32, and ids whose order by characters and by bytes differs
_BASE = 0.1
SCORES = st.sampled_from(
    [
        _BASE,
        _BASE + 1e-10,
        _BASE + 2e-9,
        float(np.nextafter(np.float32(_BASE), np.float32(1))),
        0.0,
        -0.0,
        2.5,
        -3.0,
        1e-40,
    ]
)
IDS = st.sampled_from(
    ["a", "A", "b", "10", "9", "2", "é", "e", "z", "Ω", "\uffee", "\U0001d400", "aa", "a-", "ä", "日本"]
)
LISTS = st.dictionaries(IDS, SCORES, min_size=1, max_size=14)


@settings(max_examples=150, deadline=None)
@given(
    lists=st.dictionaries(st.sampled_from(["q1", "q2", "q3"]), LISTS, min_size=1),
    qrels=st.dictionaries(
        st.sampled_from(["q1", "q2", "q3", "q4"]), st.dictionaries(IDS, st.integers(0, 3), min_size=1), min_size=1
    ),
)
def test_a_stored_run_scores_the_same_in_trec_eval(
    tmp_path_factory: pytest.TempPathFactory, lists: dict, qrels: dict
) -> None:
    run = Run.from_dict(lists)
    path = run.save(tmp_path_factory.mktemp("runs") / "run.trec")
    theirs = trec_eval(path, qrels)
    for stored in (run, Run.load(path)):
        ours = evaluate(stored, qrels, list(SHARED))
        for name, other in SHARED.items():
            for query in qrels:
                expected = theirs[query][other] if query in theirs else 0.0
                assert ours.per_query[name][query] == pytest.approx(expected, abs=1e-9), (name, query)


def test_the_tie_rule_decides_near_ties() -> None:
    """Guard for the test above: with ties broken the other way the score would be another."""
    run = Run.from_dict({"q": {"a": 0.1 + 1e-10, "b": 0.1}})  # equal as float32, so b comes first
    assert run["q"].ids == ("b", "a")
    assert evaluate(run, {"q": {"a": 1}}, ["RR"])["RR"] == 0.5
    assert evaluate(run, {"q": {"b": 1}}, ["RR"])["RR"] == 1.0


def test_ndcg_by_hand() -> None:
    run = Run.from_dict({"q": {"x": 3.0, "y": 2.0, "z": 1.0}})
    told = evaluate(run, {"q": {"y": 3, "z": 1, "w": 2}}, ["nDCG@10"])
    gained = 3 / math.log2(3) + 1 / math.log2(4)
    ideal = 3 / math.log2(2) + 2 / math.log2(3) + 1 / math.log2(4)
    assert told["nDCG@10"] == pytest.approx(gained / ideal, abs=1e-9)


def test_grades_are_kept() -> None:
    run = Run.from_dict({"q": {"x": 2.0, "y": 1.0}})
    flat = evaluate(run, {"q": {"x": 1, "y": 1}}, ["nDCG@10"])
    graded = evaluate(run, {"q": {"x": 1, "y": 3}}, ["nDCG@10", "RR(rel=2)", "RR"])
    assert flat["nDCG@10"] == 1.0
    assert graded["nDCG@10"] < 1.0
    assert (graded["RR"], graded["RR(rel=2)"]) == (1.0, 0.5)


def test_a_query_without_results_counts_zero_and_is_named() -> None:
    run = Run.from_rankings(["q1", "q2"], [(["a"], np.ones(1)), ([], np.empty(0))])
    told = evaluate(run, {"q1": {"a": 1}, "q2": {"a": 1}, "q3": {"a": 1}}, ["RR", "nDCG@10", "Judged@10"])
    assert told["RR"] == pytest.approx(1 / 3)
    assert told["nDCG@10"] == pytest.approx(1 / 3)
    assert told.per_query["RR"] == {"q1": 1.0, "q2": 0.0, "q3": 0.0}
    assert set(told.missing) == {"q2", "q3"}
    assert told.queries == 3


def test_queries_without_judgements_are_left_out_and_named() -> None:
    run = Run.from_dict({"q1": {"a": 1.0}, "other": {"a": 1.0}})
    told = evaluate(run, {"q1": {"a": 1}}, ["RR"])
    assert told["RR"] == 1.0
    assert told.unjudged == ("other",)
    assert "1 unjudged" in repr(told)


def test_a_run_that_found_nothing_at_all_scores_zero() -> None:
    empty = Run.from_rankings(["q1"], [([], np.empty(0))])
    assert evaluate(empty, {"q1": {"a": 1}}, ["nDCG@10", "AP"]).means == {"nDCG@10": 0.0, "AP": 0.0}


def test_no_judgements_is_an_error() -> None:
    with pytest.raises(InputError, match="no judgements"):
        evaluate(Run.from_dict({"q": {"a": 1.0}}), {}, ["RR"])


def test_success_is_not_recall() -> None:
    run = Run.from_dict({"q": {"a": 2.0, "b": 1.0}})
    told = evaluate(run, {"q": {"a": 1, "c": 1, "d": 1, "e": 1}}, ["Success@2", "R@2"])
    assert (told["Success@2"], told["R@2"]) == (1.0, 0.25)


def test_judged_share() -> None:
    run = Run.from_dict({"q": {"a": 4.0, "b": 3.0, "c": 2.0, "d": 1.0}})
    assert evaluate(run, {"q": {"a": 0, "d": 1}}, ["Judged@4"])["Judged@4"] == 0.5


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("MRR@10", "RR@10"),
        ("mrr", "RR"),
        ("recall@20", "R@20"),
        ("ndcg_10", "nDCG@10"),
        ("NDCG@10", "nDCG@10"),
        ("map", "AP"),
        ("MAP@100", "AP@100"),
        ("precision@5", "P@5"),
        ("hit@1", "Success@1"),
        ("HitRate@3", "Success@3"),
        ("top-20", "Answer@20"),
        ("answer@5", "Answer@5"),
        (" nDCG@010 ", "nDCG@10"),
        ("RR(rel=2)@10", "RR(rel=2)@10"),
        ("Rprec", "Rprec"),
    ],
)
def test_synonyms(written: str, canonical: str) -> None:
    assert measure_name(written) == canonical
    assert measure_name(canonical) == canonical


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "foo@10",
        "nDCG@",
        "nDCG@0",
        "nDCG@-1",
        "nDCG(cutoff=0)",
        "P@0",
        "R",
        "P",
        "Success",
        "Answer",
        "Answer@0",
        "nDCG@99999999999999999999",
        "Answer@" + "9" * 5000,
        "P@5.5",
        "P(rel=0)@5",
        "P(rel=True)@5",
        "nDCG(dcg='exp-log2')@10",
        "Compat(p=0.8)",
        "ERR@10",
        "__import__('os').getcwd()",
        "(" * 3000,
        "nDCG@10@5",
        "RR(foo=1)",
    ],
)
def test_what_is_no_measure_is_refused_in_one_sentence(wrong: str) -> None:
    with pytest.raises(InputError, match="measure") as told:
        measure_name(wrong)
    assert len(str(told.value)) < 500


def test_a_cutoff_of_zero_does_not_end_the_process() -> None:
    """trec_eval aborts on it: what reaches it must be checked before."""
    code = (
        "from retrievarium import Run, evaluate, InputError\n"
        "try: evaluate(Run.from_dict({'q': {'a': 1.0}}), {'q': {'a': 1}}, ['nDCG@0'])\n"
        "except InputError: print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "refused"), done.stderr


def test_evaluation_is_a_mapping_that_understands_synonyms() -> None:
    told = evaluate(Run.from_dict({"q": {"a": 1.0}}), {"q": {"a": 1}}, ["MRR@10", "recall@20"])
    assert list(told) == ["RR@10", "R@20"]
    assert told["MRR@10"] == told["RR@10"] == 1.0
    assert len(told) == 2


def test_answer_at_k(collection: Any) -> None:
    run = Run.from_dict(
        {
            "e1": {"p1": 3.0, "p9": 2.0},  # "Rhine" stands in p9 alone: rank 2
            "e2": {"p6": 1.0},  # "Bela Bartok" against Béla Bartók
            "e3": {"p7": 2.0, "p8": 1.0},
            "e4": {"p3": 1.0},
        }
    )
    told = evaluate(run, collection.qrels, ["Answer@1", "Answer@2"], collection)
    assert told.per_query["Answer@1"] == {"e1": 0.0, "e2": 1.0, "e3": 0.0, "e4": 1.0, "e5": 0.0}
    assert told["Answer@2"] == pytest.approx(4 / 5)


def test_answer_needs_a_collection_with_answers(collection: Any) -> None:
    run = Run.from_dict({"e1": {"p9": 1.0}})
    with pytest.raises(InputError, match="pass collection"):
        evaluate(run, collection.qrels, ["Answer@1"])
    plain = collection.replace(queries=collection.all_queries.table.drop_columns(["answers"]))
    with pytest.raises(InputError, match="needs answers"):
        evaluate(run, plain.qrels, ["Answer@1"], plain)


def test_answer_names_a_passage_that_the_collection_lacks(collection: Any) -> None:
    run = Run.from_dict({"e1": {"elsewhere": 1.0}})
    assert evaluate(run, collection.qrels, ["nDCG@10"], collection)["nDCG@10"] == 0.0
    with pytest.raises(InputError, match="'elsewhere'"):
        evaluate(run, collection.qrels, ["Answer@1"], collection)
