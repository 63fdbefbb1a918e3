"""What Compare lets one take along gives the same numbers elsewhere."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest


def _view(**changes: Any) -> Any:
    from components.compare_state import View

    return View(**changes)


def _seen(collection: Any, view: Any, text: str, passages: tuple[str, ...]) -> tuple[Any, Any]:
    """Columns and sides as the page makes them."""
    import reasons
    from components.why_view import Side
    from state import Selection

    chosen = Selection("small", ("bm25", "bm25 % 2"), "e1", split="test", k=3)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        columns = reasons.columns(collection, chosen, view.question or text, view.edit)
        told = reasons.why(collection, columns, view.question or text, {"bm25": passages}, view.edit)
        if not told.waiting and all(c.state == "ready" for c in columns):
            break
    assert not told.failed
    return chosen, (columns, [Side(p, "passage", told.told["bm25", p]) for p in passages])


@pytest.mark.parametrize(
    "changes",
    [
        {"why": "gold"},
        {"why": "gold", "question": 'bird that "dances"\nin the sea'},
        {"why": "gold", "passage": "p9", "title": "Rhine's", "text": "It ends in the sea; a bird."},
    ],
)
def test_the_copied_code_gives_the_numbers_in_view(small: Any, changes: dict[str, str]) -> None:
    from components import compare_take

    view, text = _view(**changes), "river that ends in the North Sea"
    chosen, (columns, sides) = _seen(small, view, text, ("p9", "p1"))
    scope: dict[str, Any] = {}
    copied = compare_take.code(small, chosen, view, text, sides)
    exec(compile(copied, "copied", "exec"), scope)
    for column in columns:
        run = scope["runs"][column.name]
        (query,) = run.query_ids
        assert run[query].ids == column.ranking.ids[:3]
        assert np.allclose(run[query].scores, column.ranking.scores[:3])
    for side in sides:
        told = scope["why"][side.passage]
        assert told.parts == side.told.parts
        assert told.score == side.told.score
    assert any(s.told.score for s in sides)


def test_the_link_opens_the_same_view(small: Any) -> None:
    from urllib.parse import parse_qs, urlsplit

    from components import compare_state
    from state import Selection

    view = _view(queue="better:a|b", why="p9", by="bm25", question="x & y?", passage="p1", title="t", text="z")
    told = parse_qs(urlsplit(compare_state.address(Selection("small", ("bm25",), "e1"), view)).query)
    assert told["cg"] == ["better:a|b"]
    assert (told["w"], told["wr"], told["wq"]) == (["p9"], ["bm25"], ["x & y?"])
    assert (told["wp"], told["wt"], told["wx"]) == (["p1"], ["t"], ["z"])
    long = _view(passage="p1", text="z" * 5_000)
    assert "wx" not in compare_state.address(Selection("small", ("bm25",), "e1"), long)


def test_one_file_holds_question_reasons_and_figures_escaped(small: Any) -> None:
    from components import compare_take
    from components.cards import Asked

    hostile = "<script>alert(1)</script> river in the North Sea"
    chosen, (columns, sides) = _seen(small, _view(why="gold"), hostile, ("p9", "p1"))
    page = compare_take.html(small, chosen, Asked(hostile, "e1", (), {"p9": 2}), columns, sides, None, "<svg></svg>")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "puts the" in page
    assert page.count("<tr>") > 6
    assert "http://" not in page.replace("http://www.w3.org", "")


def _opened(opened: Any, text: str, **params: Any) -> tuple[Any, str]:
    from .conftest import shown

    app, deadline = opened("compare", **params), time.monotonic() + 30
    while text not in shown(app) and time.monotonic() < deadline:
        time.sleep(0.1)
        app.run()
    assert not app.exception
    return app, shown(app)


def test_a_question_of_ones_own_is_explained_by_its_first_two_results(opened: Any) -> None:
    app, page = _opened(opened, 'class="rv-pair"', c="small", r=["bm25", "bm25 % 2"], ask="river in the sea", w="gold")
    assert 'class="rv-pair"' in page
    assert "top result" in page
    assert "result at rank 2" in page
    assert app.button(key="preset-typo").label == "Add a typo"


def test_an_imported_run_says_that_it_gives_no_reasons(opened: Any, small: Any) -> None:
    import sources
    from retrievarium.contracts import Run

    run = Run.from_dict({q: {"p9": 2.0, "p1": 1.0} for q in small.queries.ids})
    sources.keep_run(sources.Checked(run, 5, 0, 0), "other", small)
    told = {"c": "small", "r": ["bm25", "run:other"], "q": "e1", "w": "gold", "wr": "run:other"}
    _, page = _opened(opened, 'class="rv-pair"', **told)
    assert "gives no reasons" in page
    _, page = _opened(opened, "nobody knows what an edit changes", **told, wq="bird that dances")
    assert "nobody knows what an edit changes" in page


def test_a_collection_without_judgements_still_compares_rankings(opened: Any, small: Any, ws: Any) -> None:
    from retrievarium.data import Collection, save_collection

    bare = Collection("bare", small.passages.table, small.all_queries.table, meta={"language": "en"})
    save_collection(bare, "bare", ws)
    _, page = _opened(opened, "How alike they rank", c="bare", r=["bm25", "-1 * bm25"], w="gold")
    assert "How alike they rank" in page
    assert "no measure can be computed" in page
    assert "pair:bm25|-1 * bm25" in page
