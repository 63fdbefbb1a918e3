"""The Granularity page: it opens on a question, offers a bench, shows what was measured, and searches an edit again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .test_pages import until

PAGE = {"c": "small", "ge": "bm25", "gu": ["passage", "sentence", "rules"]}


def test_a_question_is_looked_at_through_all_units(opened: Callable[..., Any]) -> None:
    app = opened("granularity", **PAGE, q="e3")
    told = until(app, "rv-u-passage")
    assert "machine that lifts concrete" in told
    assert "A tower crane lifts steel" in told
    assert "propositions (rules)" in told
    assert "rv-won" in told
    assert "★ relevant" in told
    assert "Rank of the relevant passage with bm25, by unit: passage 1" in told
    assert "not measured with bm25 yet" in told  # the offer
    assert not app.exception


def test_what_was_measured_is_shown_with_its_gains(opened: Callable[..., Any]) -> None:
    from retrievarium.analysis import granularity
    from retrievarium.data import load_collection

    granularity(load_collection("small"), ["bm25"], ["passage", "sentence", "rules"])
    app = opened("granularity", **PAGE, q="e3")
    told = until(app, "At equal reading")
    assert "Answer@100w" in told
    assert "EM@l: untestable here" in told
    assert "Nobody knows the facts" in told
    assert "not measured" not in told
    assert "better ·" in told
    assert "The bill" in told
    assert not app.exception


def test_an_edit_is_searched_again(opened: Callable[..., Any]) -> None:
    app = opened("granularity", **PAGE, q="e5", gp="p4")
    told = until(app, "Cork is a city")
    assert "stands at rank" not in told
    app.text_area(key="unit-text-p4").set_value("A xylophone was built in Cork.\nCork has a river.")
    next(b for b in app.button if b.label == "Search again").click().run()
    told = until(app, "The passage stands at rank 1")
    assert "below" in told  # nothing was found before
    assert "changed" in told


def test_a_question_of_ones_own_and_a_collection_without_judgements(opened: Callable[..., Any]) -> None:
    from retrievarium.data import load_collection
    from retrievarium.data.library import save_collection

    save_collection(load_collection("small").replace(qrels={}, name="bare"), "bare")
    app = opened("granularity", **{**PAGE, "c": "bare"}, ask="tall bird that dances")
    told = until(app, "rv-u-passage")
    assert "nobody has judged it" in told
    assert "no judgements" in told
    assert "★ relevant</span>" not in told


def test_hostile_text_stays_text(opened: Callable[..., Any]) -> None:
    import pyarrow as pa

    from retrievarium.data import Collection
    from retrievarium.data.library import save_collection

    bad = "<script>alert(1)</script> was <b>bold</b>. It was </span> closed."
    hostile = Collection(
        "hostile",
        pa.table({"id": ["a", "b"], "title": ["<i>T</i>", "U"], "text": [bad, "Nothing was bold here."]}),
        pa.table({"id": ["q"], "text": ["what was <u>bold</u>"]}),
        {"test": pa.table({"query_id": ["q"], "passage_id": ["a"], "grade": pa.array([1], pa.int32())})},
    )
    save_collection(hostile, "hostile")
    app = opened("granularity", **{**PAGE, "c": "hostile"})
    told = until(app, "rv-u-passage")
    for tag in ("<script>alert", "<b>bold", "<u>bold", "<i>T"):
        assert tag not in told
    assert "&lt;script&gt;" in told
