"""Papers and Claims: what they show, what they refuse, and what a click does."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from retrievarium.workspace import Jobs

from .conftest import shown

Opened = Callable[..., Any]


@pytest.fixture(autouse=True)
def _no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are queued, and none is launched."""
    monkeypatch.setattr(Jobs, "_launch", lambda self, job: None)


# -- papers


def test_papers_open_on_a_built_one_with_all_that_is_known_of_it(opened: Opened) -> None:
    app = opened("papers")
    told = shown(app)
    assert not app.exception
    assert "119 papers are listed" in told
    assert "Dense Passage Retrieval for Open-Domain Question Answering" in told
    assert "A dual encoder trained on question-passage pairs" in told  # the claim
    assert "rv-chip" in told
    assert "rv-formula" in told
    assert "loss = -(1/B)" in told
    assert "95% interval over seeds and Worlds" in told
    code = [c.value for c in app.code]
    assert any("def contrast(" in c for c in code)
    assert "jupyter lab notebooks/01-foundations/010-dpr.ipynb" in code
    assert len(app.get("image")) == 1  # the picture that its lesson draws


def test_every_built_paper_and_every_claim_has_its_view(opened: Opened) -> None:
    from retrievarium.methods import claims, methods

    app = opened("papers", pk="dpr")
    for key, known in methods().items():
        if known.paper is not None:
            app.session_state["pk"] = key
            app.run()
            assert not app.exception, key
            assert known.source.read_text(encoding="utf-8").rstrip() in [c.value for c in app.code]
            assert "rv-formula" in shown(app), f"{key}: no formula stands in its file's docstring"
    app = opened("claims", ck="dpr")
    for key, claim in claims().items():
        app.session_state["ck"] = key
        app.run()
        assert not app.exception, key
        assert f"<blockquote>{html.escape(claim.says, quote=True)}" in shown(app)


def test_every_paper_is_in_one_tab_and_one_chapter(opened: Opened) -> None:
    import board
    from components import paper_list

    rows = board.papers()
    tabs = paper_list.tabs(rows)
    assert next(iter(tabs)) == "Text retrieval"
    assert sorted(r["number"] for own in tabs.values() for r in own) == list(range(1, 120))
    assert all(r["tier"] != "A" for name, own in list(tabs.items())[1:] for r in own)
    assert {r["chapter_number"] for r in tabs["Text retrieval"]} == set(range(1, 13))


def test_a_planned_paper_is_shown_as_planned(opened: Opened) -> None:
    app = opened("papers", pk="condenser")
    told = shown(app)
    assert "Planned, not built yet" in told
    assert not app.code
    app.button(key="needs-dpr").click().run()
    assert app.session_state["pk"] == "dpr"
    assert any("def contrast(" in c.value for c in app.code)


def test_a_link_opens_a_paper_in_its_own_tab(opened: Opened) -> None:
    app = opened("papers", pk="3t")
    assert app.session_state["pg"] == "Across modalities"
    assert "Three Towers" in shown(app)
    assert "paper-dpr" not in [b.key for b in app.button]


def test_filters_and_search_leave_what_they_say(opened: Opened) -> None:
    app = opened("papers", pf="built")
    papers = [b.key for b in app.button if b.key.startswith("paper-")]
    assert "paper-dpr" in papers
    assert "paper-condenser" not in papers
    app = opened("papers")
    app.text_input(key="paper-find").set_value("rocketqa").run()
    assert [b.key for b in app.button if b.key.startswith("paper-")] == ["paper-rocketqa"]
    app.text_input(key="paper-find").set_value("no such words").run()
    assert "No paper is like this here" in shown(app)


def test_unknown_values_in_a_link_fall_back(opened: Opened) -> None:
    app = opened("papers", pk="nobody", pg="Nowhere", pf="wonderful")
    assert not app.exception
    assert "Dense Passage Retrieval" in shown(app)
    app = opened("claims", ck="nobody", cf="wonderful")
    assert not app.exception
    assert "A dual encoder" in shown(app)


def test_titles_are_no_markdown() -> None:
    from components.paper_list import plain

    assert plain("a*b_c [x](y) $z$ :smile:") == r"a\*b\_c \[x\]\(y\) \$z\$ \:smile\:"


def test_a_docstring_falls_into_text_and_formulas() -> None:
    from components.paper_view import parts

    told = parts("First line\ngoes on.\n\n    a = b\n      + c\n\nLast.")
    assert told == [("text", "First line goes on."), ("formula", "a = b\n  + c"), ("text", "Last.")]


# -- claims


def test_the_board_says_its_headline_its_states_and_which_interval(opened: Opened) -> None:
    from retrievarium.claims import board

    app = opened("claims")
    told = shown(app)
    assert not app.exception
    assert board()["headline"] in told
    assert "trained again with other seeds on other Worlds" in told
    assert "Compare&#x27;s interval is another one" in told or "Compare's interval is another one" in told
    for part in ("Arms", "By word overlap", "Preconditions", "What these numbers do not say", "Measure it"):
        assert f"<h2>{part}</h2>" in told
    assert "lowest fifth" in told
    assert "paraphrase" in told  # by slice
    assert len(app.get("plotly_chart")) == 2  # forest and overlap, each with its table


def test_a_step_to_a_verdict_is_started_with_its_hours(opened: Opened, ws: Any) -> None:
    app = opened("claims", ck="dpr")
    assert "Takes about" in shown(app)
    app.button(key="claim-step-0").click().run()
    job = ws.jobs.find(claim="dpr")
    assert job.config["argv"][:5] == ["claims", "run", "dpr", "--claim", "dpr"]
    assert "--seeds" in job.config["argv"]
    assert "claim-cancel" in [b.key for b in app.button]
    app.button(key="claim-cancel").click().run()
    assert ws.jobs.find(claim="dpr").status().state == "cancelled"
    assert "Finished seeds are kept" in shown(app)


def test_own_seeds_are_checked_before_they_run(opened: Opened, ws: Any) -> None:
    app = opened("claims", ck="dpr")
    app.text_input(key="claim-seeds").set_value("5-7,101").run()
    assert "are mixed" in shown(app)
    assert "claim-go" not in [b.key for b in app.button]
    app.text_input(key="claim-seeds").set_value("5-7").run()
    app.selectbox(key="claim-budget").set_value("smoke").run()
    app.button(key="claim-go").click().run()
    argv = ws.jobs.find(claim="dpr").config["argv"]
    assert argv[argv.index("--seeds") + 1] == "5-7"
    assert argv[argv.index("--budget") + 1] == "smoke"


def test_a_broken_record_is_a_sentence_with_its_file(opened: Opened, ws: Any) -> None:
    folder = ws.root / "claims"
    folder.mkdir(parents=True)
    (folder / "dpr.json").write_text('{"format": 1, "claim": "dpr"', encoding="utf-8")
    for page in ("claims", "papers"):
        app = opened(page)
        assert not app.exception
        told = shown(app)
        assert "A record of the claims cannot be read" in told
        assert "dpr.json" in told


def test_nothing_measured_says_so(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrievarium.claims.records.shipped", lambda *parts: Path("/nowhere"))
    app = opened("claims")
    told = shown(app)
    assert not app.exception
    assert "No seed is measured yet" in told
    assert "not yet measured" in told
    assert "First three seeds" in told


@pytest.mark.parametrize(
    ("seeds", "text"), [([101, 102, 103, 110], "101-103,110"), ([5], "5"), ([], ""), ([3, 1, 2], "1-3")]
)
def test_seeds_as_a_command_takes_them(seeds: list[int], text: str) -> None:
    from components.verdicts import ranges

    assert ranges(seeds) == text
