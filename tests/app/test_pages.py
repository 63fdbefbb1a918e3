"""Every page opens, holds the selection, and says what it must."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import shown

BM25 = {"c": "small", "r": ["bm25", "bm25 % 2"]}


def until(app: Any, text: str, seconds: float = 30) -> str:
    """Run the page again until a text stands there: what a browser's polling does."""
    deadline = time.monotonic() + seconds
    while text not in (told := shown(app)) and time.monotonic() < deadline:
        time.sleep(0.1)
        app.run()
    assert text in told
    return told


@pytest.mark.parametrize("page", ["start", "compare", "collections"])
def test_a_page_opens_without_an_exception(opened: Callable[..., Any], page: str) -> None:
    app = opened(page, **BM25)
    assert not app.exception


def test_start_has_three_doors_and_five_questions(opened: Callable[..., Any]) -> None:
    app = opened()
    told = shown(app)
    for door in ("See retrievers disagree", "Bring your collection", "Read a paper"):
        assert door in told
    assert told.count('class="rv-case"') == 5
    assert "small" in told  # what is at hand


def test_compare_shows_ranks_movement_and_gold(opened: Callable[..., Any]) -> None:
    app = opened("compare", **BM25, q="e4")
    told = until(app, "Mean over 5 judged queries")
    assert "Mercury the planet and the element" in told
    assert "gold, grade 2" in told
    assert "gold, grade 1" in told
    assert "same rank" in told
    assert "bm25 finds it at rank 1" in told
    assert "these 5 queries do not tell bm25 % 2 and bm25 apart" in told.replace("These", "these")
    assert "claims board" in told  # which of the two kinds of interval this is


def test_gold_beyond_the_list_is_named(opened: Callable[..., Any]) -> None:
    app = opened("compare", **BM25, q="e5")
    told = until(app, "not in the top 100")
    assert "Nothing was found" in told
    assert "bm25 has it nowhere in its first 100" in told


def test_a_question_of_ones_own_needs_no_judgement(opened: Callable[..., Any]) -> None:
    app = opened("compare", **BM25, ask="tall bird that dances")
    told = until(app, 'rv-term">dances')
    assert "Nobody has judged this question" in told
    assert "gold, grade" not in told


def test_next_and_previous_step_through_the_queries(opened: Callable[..., Any]) -> None:
    app = opened("compare", **BM25)
    until(app, "most different first")
    first = app.session_state["q"] or "e1"
    app.button(key="step-next").click().run()
    second = app.session_state["q"]
    assert second
    assert second != first
    app.button(key="step-previous").click().run()
    assert app.session_state["q"] == first


def test_queues_lead_to_their_queries(opened: Callable[..., Any]) -> None:
    app = opened("compare", **BM25)
    until(app, "most different first")
    queue = next(s for s in app.selectbox if s.label == "Queries")
    assert queue.options == [
        "Most different rankings: 5",
        "nDCG@10 of bm25 and bm25 % 2 differs most: 5",
        "bm25 % 2 better than bm25 in nDCG@10: 0",
        "bm25 % 2 worse than bm25 in nDCG@10: 0",
        "Only bm25 finds it in its top 5: 0",
        "Only bm25 % 2 finds it in its top 5: 0",
        "Nobody finds it (top 5): 1",
        "Everybody finds it (top 5): 4",
    ]
    queue.set_value("none").run()
    assert app.session_state["q"] == "e5"  # no passage holds its only word
    assert app.session_state["cg"] == "none"  # and it stands in the link
    assert "xylophone" in shown(app)
    app.button(key="queue-all").click().run()
    assert app.session_state["cg"] == ""


def test_an_unknown_retriever_is_a_sentence_not_a_crash(opened: Callable[..., Any]) -> None:
    app = opened("compare", c="small", r=["bm25", "bm26", "bm25 +"], q="e1")
    told = until(app, "there is no retriever")
    assert "is no retriever" in told
    assert not app.exception


def test_what_is_not_ready_is_offered_with_its_time(opened: Callable[..., Any]) -> None:
    app = opened("compare", c="small", r=["bm25", "minilm"], q="e1")
    told = until(app, "its 9 passages are not encoded yet")
    assert "Encode now? It takes about a second" in told
    assert app.button(key="start-minilm").label == "Encode"


def test_training_is_offered_where_there_is_a_train_split(opened: Callable[..., Any]) -> None:
    app = opened("compare", c="small", r=["bm25", "dpr"], q="e1")
    told = until(app, "not trained on this collection yet")
    assert "Train now? It takes about 3 minutes" in told


def test_a_link_to_a_missing_collection_falls_back(opened: Callable[..., Any]) -> None:
    app = opened("compare", c="gone", r=["bm25"])
    assert not app.exception
    assert app.session_state["c"] in ("lookalikes", "world", "small")


def test_nothing_chosen_is_an_empty_state(opened: Callable[..., Any]) -> None:
    app = opened("compare", c="small")
    app.multiselect(key="r").set_value([]).run()
    assert "No retriever is chosen" in shown(app)


def test_the_browse_table_opens_and_finds(opened: Callable[..., Any]) -> None:
    app = opened("compare", **BM25)
    until(app, "most different first")
    app.session_state["browse-open"] = True
    app.run()
    assert len(app.dataframe) == 1
    assert list(app.dataframe[0].value["query"])
    app.text_input(key="find").set_value("folk songs").run()
    assert list(app.dataframe[0].value["query"]) == ["who collected folk songs"]
    assert "bm25: rank of gold" in app.dataframe[0].value


def test_collections_names_traps_and_shows_samples(opened: Callable[..., Any]) -> None:
    app = opened("collections", c="small")
    told = until(app, 'class="rv-finding')
    told = until(app, "Words in a passage")
    assert "different words" in told
    assert "which river rises in the Black Forest" in told


def test_the_world_form_checks_its_dials(opened: Callable[..., Any]) -> None:
    app = opened("collections", view="Generate a World")
    assert not app.exception
    assert not app.button(key="world-go").disabled
    app.slider(key="dial-ask_full").set_value(90).run()
    assert "add up to 145" in shown(app)
    assert app.button(key="world-go").disabled
    app.button(key="off-all").click().run()
    assert not app.button(key="world-go").disabled
    app.text_input(key="world-name").set_value("../x").run()
    assert "cannot name a collection" in shown(app)


def test_every_dial_is_on_the_form_once(opened: Callable[..., Any]) -> None:
    from retrievarium.data.world import describe

    app = opened("collections", view="Generate a World")
    assert sorted(s.key for s in app.slider) == sorted(f"dial-{d['name']}" for d in describe())


def test_import_by_path_shows_the_error_with_file_and_line(opened: Callable[..., Any], tmp_path: Any) -> None:
    folder = tmp_path / "broken"
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text('{"_id": "a", "text": "one"}\n{"_id": "a", "text": "two"}\n', encoding="utf-8")
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "one"}\n', encoding="utf-8")
    app = opened("collections", view="Bring your own")
    app.segmented_control(key="bring-way").set_value("A path on this machine").run()
    app.text_input(key="bring-path").set_value(str(folder)).run()
    app.button(key="bring-go").click().run()
    told = until(app, "broken was not imported")
    assert "corpus.jsonl, line 2" in told
    assert "Nothing was kept" in told


def test_import_by_path_keeps_a_good_collection(opened: Callable[..., Any], tmp_path: Any, ws: Any) -> None:
    folder = tmp_path / "rivers"
    folder.mkdir()
    (folder / "corpus.jsonl").write_text('{"_id": "a", "text": "the Danube"}\n', encoding="utf-8")
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "Danube"}\n', encoding="utf-8")
    app = opened("collections", view="Bring your own")
    app.segmented_control(key="bring-way").set_value("A path on this machine").run()
    app.text_input(key="bring-path").set_value(str(folder)).run()
    app.button(key="bring-go").click().run()
    until(app, "rivers is in the workspace")
    assert (ws.collections / "rivers" / "collection.json").is_file()


@pytest.mark.parametrize(("query", "told"), [("e1", "puts the gold passage"), ("e2", "found the gold passage alone")])
def test_why_says_what_decides(opened: Callable[..., Any], query: str, told: str) -> None:
    app = opened("compare", **BM25, q=query, w="gold")
    page = until(app, 'class="rv-whybox"')
    assert told in page
    assert "the parts add up to it" in page
    assert "rv-w rv-adds" in page
    until(app, "Mean over 5 judged queries")
    assert not app.exception


def test_an_edited_question_moves_every_rank(opened: Callable[..., Any]) -> None:
    app = opened("compare", **BM25, q="e1", w="gold", wq="bird that dances")
    page = until(app, "of the top 10 changed")
    assert "gold 1 → beyond 100" in page
    assert "river that ends in the North Sea" in page  # the question itself stays
    app.button(key="edits-forget").click().run()
    assert "of the top 10 changed" not in shown(app)
    assert app.session_state["wq"] == ""


def test_an_edited_passage_is_scored_anew(opened: Callable[..., Any]) -> None:
    app = opened("compare", **BM25, q="e2", w="gold", wp="p2", wt="Mercury", wx="who collected folk songs? Mercury did")
    page = until(app, "of the top 10 changed")
    assert "edited passage beyond 100 → " in page
    assert "Mercury did" in page


def test_details_hold_what_a_table_of_means_hides(opened: Callable[..., Any]) -> None:
    app = opened("compare", **BM25)
    until(app, "Mean over 5 judged queries")
    assert "What can these queries show?" in shown(app)
    app.session_state["details-open"] = True
    page = until(app, "effect size")
    assert "unjudged: none to all relevant" in page
    assert "1 to 2" in page  # the two share their places
    assert "ties at 10" in page
