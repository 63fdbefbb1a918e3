"""Entities, Judge and Predict: every number opens its queries, the code gives the same numbers, odd states are said."""

from __future__ import annotations

import contextlib
import io
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from retrievarium.data import World, load_collection, log_collection, save_collection
from retrievarium.workspace import Annotation

from .conftest import shown

Opened = Callable[..., Any]
BM25 = {"r": ["bm25", "bm25 % 2"]}


def until(app: Any, text: str, seconds: float = 60) -> str:
    """Run the page again until a text stands there: what a browser's polling does."""
    deadline = time.monotonic() + seconds
    while text not in (told := shown(app)) and time.monotonic() < deadline:
        time.sleep(0.1)
        app.run()
    assert text in told
    return told


@pytest.fixture(scope="module")
def tiny_world() -> Any:
    return World(3, 120).collection()


@pytest.fixture
def tiny(tiny_world: Any, ws: Any) -> Any:
    save_collection(tiny_world, "tiny", ws)
    return load_collection("tiny", ws)


def _links(told: str) -> dict[str, str]:
    """Words of each linked number by what it opens."""
    found = re.findall(r"data-rv=\"\{&quot;eo&quot;: &quot;(.*?)&quot;.*?>(.*?)</a>", told)
    return dict(found)


def test_every_number_opens_as_many_questions_as_it_says(tiny: Any, opened: Opened) -> None:
    app = opened("entities", c="tiny", **BM25)
    told = until(app, "all failures")
    assert not app.exception
    links = _links(told)
    counts = dict(re.findall(r"<tr><td>([^<]*)</td><td class=\"rv-num\">([\d,]+)</td>", told))
    tried = 0
    for key, words in list(links.items()):
        kind, name, system = key.split("|")
        if system != "bm25":
            continue
        n = words if kind in "tum" else counts.get(name, str(len(tiny.queries)))
        if kind != "a" and tried > 8:
            continue
        tried += 1
        app.session_state["eo"] = key
        app.run()
        heading = until(app, f", bm25: {n} question")
        assert re.search(rf"<h2>[^<]*, bm25: {n} questions?</h2>", heading)
    assert {k.split("|")[0] for k in links} >= {"a", "g", "p", "t", "m"}
    assert tried > 8


def test_the_page_answers_in_a_sentence_and_says_what_training_has_shown(tiny: Any, opened: Opened) -> None:
    told = until(opened("entities", c="tiny", **BM25), "all failures")
    assert re.search(r"Over 1 group by relation, bm25(| % 2) has the highest macro nDCG@10: 0\.\d{3}", told)
    assert "Exact: read off the truth tables" in told
    assert "seen entity, unseen pattern" in told
    assert "mentions in the exposure text" in told


def test_a_collection_that_knows_nothing_says_so(small: Any, opened: Opened) -> None:
    told = until(opened("entities", c="small", **BM25), "all failures")
    assert "not defined here: no training set" not in told  # it has one, which names no entity
    assert "the training questions name no entity" in told
    assert "Nothing says how popular an entity is" in told
    assert "unknown here: nothing says how popular an entity is" in told
    assert "question word" in told
    assert "No picture yet" in told


def test_without_judgements_the_page_leads_to_the_judge(collection: Any, ws: Any, opened: Opened) -> None:
    save_collection(log_collection(collection, {"moon": 3, "river": 1}, "asked"), "asked", ws)
    app = opened("entities", c="asked", **BM25)
    assert not app.exception
    assert "asked has no judgements" in shown(app)


def test_a_damaged_link_is_no_error(tiny: Any, opened: Opened) -> None:
    app = opened("entities", c="tiny", eo="g|no such|bm25", eq="nobody", **BM25)
    until(app, "Nothing here bears that name")
    app = opened("entities", c="tiny", eo="<script>", **BM25)
    told = until(app, "Nothing here bears that name")
    assert "<script>" not in told


def test_the_code_gives_the_numbers_of_the_page(tiny: Any, opened: Opened) -> None:
    app = opened("entities", c="tiny", **BM25)
    told = until(app, "all failures")
    macro = re.findall(r"\|\|bm25[^>]*>(0\.\d{3})</a>", told)[0]
    code = next(c.value for c in app.code if "break_down" in c.value)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "copied", "exec"), {})
    found = re.search(r"^bm25 macro (\d\.\d+)", out.getvalue(), flags=re.M)
    assert found is not None
    assert f"{float(found[1]):.3f}" == macro
    # the questions that a number opened
    app.session_state["eo"] = next(k for k in _links(told) if k.startswith("m|"))
    app.run()
    until(app, "Why did it fail?")
    code = next(c.value for c in app.code if "queries = [" in c.value)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "copied", "exec"), {})
    n = int(re.search(r": ([\d,]+) questions", shown(app))[1].replace(",", ""))  # type: ignore[index]
    assert f"bm25 {n} " in out.getvalue()


def test_the_files_hold_every_number(tiny: Any, opened: Opened) -> None:
    import clinic
    import state
    import whole
    from components import clinic_take

    chosen = state.Selection("tiny", ("bm25", "bm25 % 2"), split="test")
    deadline = time.monotonic() + 60
    while (found := whole.overall(tiny, chosen)).overall is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found.overall is not None
    look = clinic.clinic_task(tiny, chosen, found.overall, "relation").result()
    ward = clinic.ward_task(tiny, chosen, found.overall, 1).result()
    rows = [*clinic_take.rows(look), *clinic_take.tag_rows(ward)]
    assert {r[2] for r in rows} == {"bm25", "bm25 % 2"}
    assert {"relation", "mentions in the exposure text", "training has shown", "failures by rule"} <= {
        r[0] for r in rows
    }
    missed = sum(int(str(r[3])) for r in rows if r[0] == "failures by rule" and r[2] == "bm25")
    assert missed == len(ward.tagged["bm25"])
    page = clinic_take.html(chosen, look, ward)
    assert page.startswith("<!doctype html>")
    assert "https://" not in re.sub(r"<script.*?</script>", "", page, flags=re.S)  # opens without a network
    assert f"{look.tables['bm25'].macro.mean:.4f}" in page


def test_tags_are_toggled_and_a_stale_key_changes_nothing(tiny: Any, ws: Any, opened: Opened) -> None:
    app = opened("entities", c="tiny", eo="m||bm25", **BM25)
    until(app, "Why did it fail?")
    first = app.session_state["annotated"]
    app.button(key="tag-4").click().run()
    rows = ws.annotations.all(kind="tag")
    assert [(r.query, r.label) for r in rows] == [(first[0], "right document, wrong passage")]
    app.button(key="tag-4").click().run()
    assert ws.annotations.all(kind="tag") == []
    app.button(key="case-next").click().run()
    assert app.session_state["annotated"] != first
    from components import annotator

    app.session_state["annotated"] = ("", "")  # the page has moved on and shows nothing yet
    row = Annotation(tiny.text_fingerprint, "tag", first[0], system="bm25", label="x", annotator="me", value="yes")
    assert annotator.keep(row) is False
    assert ws.annotations.all(kind="tag") == []


# -- judging


def test_grades_become_a_split_that_every_page_measures_by(small: Any, ws: Any, opened: Opened) -> None:
    app = opened("judge", c="small", jo="the collection's order", jd="3", jn="10", s="test", **BM25)
    until(app, "in no order")
    for grade in (3, 0, 2):
        app.button(key=f"grade-{grade}").click().run()
    rows = ws.annotations.all(kind="grade")
    assert sorted(r.value for r in rows) == ["0", "2", "3"]
    app.button(key="judge-back").click().run()
    assert "Graded already" in shown(app)
    app.button(key="judge-make").click().run()
    until(app, "small has the split judged")
    there = load_collection("small", ws)
    assert there.splits == ("train", "dev", "test", "judged")
    assert sum(len(v) for v in there.split_named("judged").qrels.to_dict().values()) == 3
    code = next(c.value for c in app.code if "judged_collection" in c.value)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "copied", "exec"), {})
    assert "bm25 " in out.getvalue()
    # a split of the collection's own is never replaced
    app.text_input(key="judge-split").set_value("test").run()
    app.button(key="judge-make").click().run()
    assert "has a split 'test' of its own" in shown(app).replace("&#x27;", "'")


def test_two_judges_agree_and_a_log_is_weighted(collection: Any, ws: Any, opened: Opened) -> None:
    asked = {"black forest": 6, "moon": 2, "folk songs": 1, "steel": 1}
    save_collection(log_collection(collection, asked, "asked"), "asked", ws)
    found = load_collection("asked", ws)
    for who, values in (("ada", (2, 0, 1)), ("bo", (2, 0, 3))):
        first, second = found.all_queries.ids[:2]
        for (query, passage), value in zip(((first, "p1"), (first, "p2"), (second, "p2")), values, strict=True):
            told = Annotation(found.text_fingerprint, "grade", query, passage=passage, annotator=who, value=str(value))
            ws.annotations.put(told)
    app = opened("judge", c="asked", **BM25)
    told = until(app, "in no order")
    assert "A query log: 4 queries, asked 10 times; 1 in the head" in told
    assert "ada and bo" in told
    assert "Cohen" in told
    app.toggle(key="judge-show").set_value(True).run()
    told = shown(app)
    assert "weighted by count" in told
    assert "Head: the most asked questions" in told


def test_a_bundled_collection_is_copied_for_its_grades(ws: Any, opened: Opened) -> None:
    import judging

    found = load_collection("lookalikes", ws)
    row = Annotation(
        found.text_fingerprint, "grade", found.queries.ids[0], passage=found.passages.ids[0], annotator="a", value="1"
    )
    assert judging.keep_split(found, [row], "mine", None) == "lookalikes-judged"
    assert judging.keep_split(found, [row], "more", None) == "lookalikes-judged"  # the first split stays
    assert {"mine", "more"} <= set(load_collection("lookalikes-judged", ws).splits)


# -- predicting


def test_nothing_is_shown_before_somebody_voted(small: Any, opened: Opened) -> None:
    app = opened("predict", c="small", q="e4", **BM25)
    told = until(app, "Who has relevant evidence first")
    assert 'class="rv-card' not in told
    assert app.button(key="p-reveal").disabled
    app.button(key="p-vote-1").click().run()
    app.button(key="p-reveal").click().run()
    told = until(app, "1 of 1 were right")
    assert 'class="rv-card' in told
    app.button(key="p-reset").click().run()
    assert 'class="rv-card' not in shown(app)


def test_a_ranking_is_compared_with_each_retriever(small: Any, opened: Opened) -> None:
    app = opened("predict", c="small", q="e1", pm="Rank: which passage first?", **BM25)
    until(app, "Which passage answers best")
    keys = [b.key for b in app.button if str(b.key).startswith("p-place-")]
    for key in keys:
        app.button(key=key).click().run()
    app.button(key="p-reveal").click().run()
    told = until(app, "the class")
    assert "Rank-biased overlap" in told
    assert "✓ relevant" in told


def test_a_hostile_text_stays_text(ws: Any, opened: Opened) -> None:
    from retrievarium.data import Collection

    bad = "<script>alert(1)</script> **b**"
    judged = pa.table({"query_id": ["q"], "passage_id": ["p"], "grade": pa.array([1], pa.int32())})
    passages = pa.table({"id": ["p", "r"], "title": [bad, "Alert"], "text": [bad, "alert one"]})
    queries = pa.table({"id": ["q"], "text": [f"alert {bad}"], "relation": [bad], "entity": [bad]})
    save_collection(Collection("bad", passages, queries, {"test": judged}), "bad", ws)
    for page in ("entities", "judge", "predict"):
        app = opened(page, c="bad", eo="a||bm25", **BM25)
        assert not app.exception
        assert "<script>alert" not in until(app, "alert")


def test_evidence_is_made_once_for_a_file(tmp_path: Path) -> None:
    from components import take

    told = take.csv_text(("a", "b"), [("=1+1", 2.5), ("plain", "-x")])
    assert told == "a,b\n'=1+1,2.5\nplain,'-x\n"
    assert "<b>" not in take.html_table(("<b>",), [("<b>",)])


def test_what_a_class_predicted_is_one_file(small: Any) -> None:
    from columns import Column
    from components import predict_view
    from retrievarium.contracts import Run

    run = Run.from_dict({"q": {"p2": 2.0, "p3": 1.0}})
    told = predict_view.one_file(
        small, [Column("<b>", "ready", run["q"])], "a <question>", {"p3": 1}, {"<b>": 2, "nobody": 0}
    )
    assert "Votes: &lt;b&gt; 2, nobody 0." in told
    assert "a &lt;question&gt;" in told
    assert "<td>2</td><td>p3</td><td>Mercury</td><td>relevant</td>" in told
