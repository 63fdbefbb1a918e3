"""The granularity bench: limits, what is kept, and its figures computed again by other code."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import WordEncoder

from retrievarium.analysis.unit_bench import GRID, granularity, question_groups
from retrievarium.analysis.unit_export import export_bench
from retrievarium.analysis.unit_shelf import kept_benches
from retrievarium.contracts import Cancelled, InputError, MissingError, Run
from retrievarium.data import Collection, World
from retrievarium.evaluation import evaluate, has_answer, mean_intervals
from retrievarium.evaluation.granularity import answer_in_words, first_answer_word
from retrievarium.evaluation.significance import bootstrap_interval
from retrievarium.retrievers import BM25, by_units
from retrievarium.units import Units, units_of
from retrievarium.units.table import Unit

ROOT = Path(__file__).resolve().parents[2]
ALL = ("document", "passage", "block", "sentence", "oracle", "rules", "random cuts")


@pytest.fixture(scope="module")
def world() -> Collection:
    return World(3, 150, train_questions=20).collection()


def _words() -> dict[str, Any]:
    return {"words": WordEncoder()}


@pytest.mark.works_when("dense-x", 1)
def test_the_passage_index_gives_plain_measures(world: Collection) -> None:
    bench = granularity(world, ["bm25"], ["passage", "sentence"])
    plain = evaluate(BM25(world).search(world.queries, 100), world.qrels, ["R@5", "R@20", "Answer@5"], world)
    row = bench.row("bm25", "passage")
    assert row["R@5"] == pytest.approx(plain["R@5"], abs=1e-6)
    assert row["R@20"] == pytest.approx(plain["R@20"], abs=1e-6)
    assert row["Answer@5"] == pytest.approx(plain["Answer@5"], abs=1e-6)
    assert bench.row("bm25", "sentence")["R@5 gain"] == pytest.approx(
        bench.row("bm25", "sentence")["R@5"] - row["R@5"], abs=1e-5
    )


@pytest.mark.works_when("dense-x", 4)
def test_one_fact_a_passage_makes_all_figures_the_same() -> None:
    dials = {"facts_low": 1, "facts_high": 1, "words_low": 0, "pronouns": 0, "train_questions": 20}
    dials |= {"gold_full": 100, "gold_short": 0, "gold_pronoun": 0}
    alone = World(3, 120, **dials).collection()
    bench = granularity(alone, ["bm25", "words"], ["passage", "sentence", "rules"], encoders=_words())
    for name in ("bm25", "words"):
        rows = [bench.row(name, unit) for unit in ("passage", "sentence", "proposition (rules)")]
        for measure in bench.measures:
            assert len({row[measure] for row in rows}) == 1
        runs = [bench.cells[name, row["unit"]].passage_run for row in rows]
        assert runs[0] == runs[1] == runs[2]
        assert len({row["bytes"] for row in rows if name == "words"}) <= 1
    assert 0 < bench.row("words", "passage")["R@5"] < 1  # there was something to tell apart


@pytest.mark.works_when("dense-x", 5)
def test_one_encoder_serves_all_indexes_and_the_bill_is_told(world: Collection) -> None:
    bench = granularity(world, ["words"], ALL, encoders=_words())
    assert {cell.encoder for cell in bench.cells.values()} == {WordEncoder().fingerprint}
    for row in bench.rows:
        cell = bench.cells["words", row["unit"]]
        assert row["units"] == len(cell.units)
        assert row["bytes"] == len(cell.units) * 32 * 4
        assert row["build_seconds"] >= 0
        assert row["milliseconds"] > 0
    assert bench.row("words", "sentence")["units"] > bench.row("words", "passage")["units"]


@pytest.mark.works_when("dense-x", 3)
def test_answers_within_words_against_cut_texts(world: Collection) -> None:
    """Against the definition: cut what is retrieved at l words and look for the answer in each unit's part."""
    units = units_of(world, "sentence")
    run = by_units(world, units, "bm25").search_units(world.queries, 5, 200)
    answers = dict(list(world.queries.answers.items())[:40])
    needed = first_answer_word(run, units, answers, 200)
    curve = answer_in_words(needed, range(0, 201))
    assert curve[0] == 0
    assert (np.diff(curve) >= 0).all()
    assert 0 < curve[-1] < 1
    for query, wanted in answers.items():
        for limit in (0, 7, 20, 60, 200):
            left, hit = limit, False
            for unit in run[query].ids:
                words = units[unit].text.split()[: max(0, left)]
                left -= len(units[unit].text.split())
                hit |= has_answer(" ".join(words), wanted)
            assert hit == (needed[query] <= limit)
    covered = {
        q: any(has_answer(units[u].text, a) for u in run[q].ids) for q, a in answers.items()
    }  # at infinity the curve is the coverage
    unlimited = first_answer_word(run, units, answers, 10**9)
    assert {q: math.isfinite(v) for q, v in unlimited.items()} == covered


def test_an_answer_needs_all_of_its_words_in_one_unit() -> None:
    rows = [Unit("a", "", "He met Ann", "d", ("p",), 0, 1), Unit("b", "", "Bell and Ann Bell.", "d", ("p",), 0, 1)]
    units = Units.of("sentence", rows)
    run = Run.from_dict({"q": {"a": 2.0, "b": 1.0}})
    assert first_answer_word(run, units, {"q": ["Ann Bell"]}) == {"q": 3 + 4}
    assert first_answer_word(run, units, {"q": ["Ann Bell", "ann"]}) == {"q": 3}
    assert first_answer_word(run, units, {"q": ["Ann Bell"]}, words=6) == {"q": math.inf}


def test_intervals_are_the_plain_bootstrap() -> None:
    values = np.random.default_rng(3).random((3, 70))
    limits = mean_intervals(values, seed=4, resamples=500)
    for row, found in zip(values, limits, strict=True):
        assert found == pytest.approx(bootstrap_interval(row, 4, 500))


def test_figures_are_computed_again_by_other_code(world: Collection, tmp_path: Path) -> None:
    bench = granularity(world, ["bm25", "words"], ALL, encoders=_words())
    folder = export_bench(bench, world, tmp_path / "out")
    script = ROOT / "benchmarks" / "granularity_again.py"
    told = subprocess.run([sys.executable, str(script), str(folder)], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    assert int(told.stdout.split()[0].replace(",", "")) > 14 * 5  # it did compare
    table = folder / "table.csv"
    old = str(bench.row("words", "sentence")["R@5"])
    table.write_text(table.read_text(encoding="utf-8").replace(old, "0.987654"), encoding="utf-8")
    assert subprocess.run([sys.executable, str(script), str(folder)], capture_output=True, check=False).returncode == 1
    read = Run.load(folder / "runs" / "words.sentence.units.trec")
    assert read == bench.cells["words", "sentence"].unit_run


# -- kept, stopped, continued, refused


class _Counting(WordEncoder):
    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def encode_passages(self, texts: Any, progress: Any = None) -> Any:
        self.seen += len(texts)
        return super().encode_passages(texts, progress)


def test_a_stopped_bench_goes_on_and_a_finished_one_is_read(world: Collection) -> None:
    encoder = _Counting()

    def stop(done: int, total: int, what: str, metrics: Mapping[str, float]) -> None:
        if "sentence" in what and "searching" in what:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        granularity(world, ["words"], ["passage", "sentence"], encoders={"words": encoder}, progress=stop)
    after = encoder.seen
    steps: list[tuple[int, int]] = []
    again = granularity(
        world, ["words"], ["passage", "sentence"], encoders={"words": encoder},
        progress=lambda d, t, w, m: steps.append((d, t)),
    )  # fmt: skip
    assert encoder.seen - after <= 25  # the timed sample; the passages' cell and all vectors were there
    assert steps[-1] == (2_000, 2_000)
    before = encoder.seen
    once_more = granularity(world, ["words"], ["passage", "sentence"], encoders={"words": encoder})
    assert encoder.seen == before
    assert once_more.rows == again.rows


def test_slices_are_of_the_questions_and_add_up(world: Collection) -> None:
    bench = granularity(world, ["bm25"], ["passage", "rules"])
    groups = question_groups(world, "test")
    assert "mentions in the exposure text" in groups
    for by, members in groups.items():
        rows = [s for s in bench.slices if s["by"] == by and s["unit"] == "passage"]
        total = sum(s["R@5"] * s["questions"] for s in rows) / sum(s["questions"] for s in rows)
        asked = {q for m in members.values() for q in m}
        values = bench.values["bm25", "passage"]["R@5"]
        assert total == pytest.approx(np.mean([values[q] for q in asked]), abs=1e-5)
    assert len(bench.curves["bm25", "passage"]) == len(GRID)


def test_what_cannot_be_measured_is_said(world: Collection, collection: Collection) -> None:
    assert "EM@l" in granularity(world, ["bm25"], ["passage"]).untestable
    mute = world.replace(queries=world.all_queries.table.drop_columns(["answers"]))
    bench = granularity(mute, ["bm25"], ["passage"])
    assert "answers" in bench.untestable
    assert set(bench.measures) == {"R@5", "R@20"}
    unjudged = world.replace(qrels={})
    with pytest.raises(MissingError, match="judgements"):
        granularity(unjudged, ["bm25"], ["passage"])
    with pytest.raises(InputError, match="twice"):
        granularity(world, ["bm25"], ["passage", "passage"])


def test_a_reader_adds_what_it_answers_from_so_many_words(world: Collection) -> None:
    """A reader that knows all answers finds what stands in the words it is given, and no more."""
    known = {q.text: q.answers for q in world.queries}

    def oracle(question: str, text: str) -> str:
        return next((a for a in known[question] if has_answer(text, [a])), "")

    bench = granularity(world, ["bm25"], ["passage", "sentence"], reader=oracle)
    assert "EM@l" not in bench.untestable
    for row in bench.rows:
        assert row["EM@100w"] <= row["EM@200w"]
        assert row["EM@100w"] == pytest.approx(row["Answer@100w"], abs=0.03)  # words that meet at a border may form one
    assert kept_benches(world, "test") == []
