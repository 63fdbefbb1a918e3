"""A person's walk through the dashboard, in a real browser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .conftest import HOSTILE, IDLE

Visit = Callable[..., Any]
BM25 = "c=rivers&r=bm25&r=bm25+%25+2"


def params(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def settled(page: Any) -> None:
    """All queries are searched and the page is idle."""
    page.get_by_text("Mean over").wait_for()
    page.wait_for_selector(IDLE)


def test_first_result_is_quick_and_the_page_asks_nobody_else(server: str, chrome: Any) -> None:
    context = chrome.new_context()
    page = context.new_page()
    outside: list[str] = []
    page.on("request", lambda r: None if r.url.startswith((server, "data:", "blob:")) else outside.append(r.url))
    started = time.monotonic()
    page.goto(f"{server}/compare?{BM25}")
    page.locator(".rv-card .rv-rank").first.wait_for()
    assert time.monotonic() - started < 15
    page.wait_for_selector(IDLE)
    assert outside == []
    context.close()


def test_open_a_prepared_question_from_start(visit: Visit) -> None:
    page = visit("/")
    for door in ("See retrievers disagree", "Bring your collection", "Read a paper"):
        page.get_by_role("heading", name=door).wait_for()
    assert page.locator(".rv-case").count() == 5
    page.get_by_role("link", name="Look at it").nth(2).click()
    page.locator(".rv-question blockquote").get_by_text("Computermaus").wait_for()
    page.locator(".rv-card .rv-rank").first.wait_for()
    assert params(page)["q"] == ["inv-q018"]
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Start").click()
    page.get_by_role("link", name="Look at it").nth(3).click()  # a link wins over what was chosen before
    page.locator(".rv-question blockquote").get_by_text("Geordi lmap").wait_for()


def test_search_a_question_of_ones_own(visit: Visit) -> None:
    page = visit(f"/compare?{BM25}")
    box = page.get_by_role("searchbox", name="Ask a question of your own")
    box.fill("city on the Lee")
    box.press("Enter")
    page.get_by_text("Nobody has judged this question").wait_for()
    assert page.locator(".rv-col").first.locator("h4").first.inner_text() == "Cork"
    assert params(page)["ask"] == ["city on the Lee"]
    page.reload()
    page.get_by_text("Nobody has judged this question").wait_for()


def test_compare_columns_movement_and_gold(visit: Visit) -> None:
    page = visit(f"/compare?{BM25}&q=q3")
    settled(page)
    columns = page.locator("section.rv-col")
    assert columns.count() == 2
    assert columns.nth(0).get_by_role("heading", name="bm25").first.is_visible()
    assert columns.nth(0).locator(".rv-badge.rv-relevant").count() == 1
    assert columns.nth(1).get_by_text("same rank").count() == 2
    assert columns.nth(1).get_by_text("lost against bm25").count() == 1
    assert page.locator(".rv-card mark.rv-answer").first.inner_text() == "Oder"
    page.get_by_text("do not tell bm25 % 2 and bm25 apart").wait_for()


def test_click_step_and_scatter(visit: Visit) -> None:
    page = visit(f"/compare?{BM25}&q=q3")
    settled(page)
    question = page.locator(".rv-question blockquote")
    before = question.inner_text()
    page.keyboard.press("j")
    page.wait_for_function("t => document.querySelector('.rv-question blockquote').innerText !== t", arg=before)
    page.wait_for_selector(IDLE)
    after = question.inner_text()
    page.keyboard.press("k")
    page.wait_for_function("t => document.querySelector('.rv-question blockquote').innerText !== t", arg=after)
    # a point of the scatter opens its query: the one without any result lies at 0, 0
    page.wait_for_selector(IDLE)
    plot = page.locator(".st-key-scatter .plotly .nsewdrag").first
    plot.scroll_into_view_if_needed()
    place = page.evaluate(
        """() => {
            const gd = document.querySelector('.st-key-scatter .js-plotly-plot');
            const at = gd.data[0].customdata.indexOf('qnone');
            const box = gd.querySelector('.nsewdrag').getBoundingClientRect();
            const l = gd._fullLayout;
            return [box.x + l.xaxis.l2p(gd.data[0].x[at]), box.y + l.yaxis.l2p(gd.data[0].y[at])];
        }"""
    )
    page.mouse.move(place[0] - 3, place[1])
    page.mouse.move(*place)
    page.mouse.click(*place)
    page.get_by_text("zzz unheard of").first.wait_for()
    assert params(page)["q"] == ["qnone"]
    page.get_by_text("has it nowhere in its first 100").wait_for()


def test_a_walk_through_all_pages_keeps_the_selection(visit: Visit) -> None:
    page = visit(f"/compare?{BM25}&q=q3&k=3")
    settled(page)
    navigation = page.get_by_test_id("stSidebarNav")
    names = [n for n in navigation.get_by_role("link").all_inner_texts() if n.strip()]
    assert len(names) >= 3
    for name in (*names, "Compare"):
        navigation.get_by_role("link", name=re.compile(name.split("\n")[-1])).click()
        page.wait_for_selector(IDLE)
        page.wait_for_function("() => new URL(location).searchParams.get('q') === 'q3'")
        told = params(page)
        assert told["r"] == ["bm25", "bm25 % 2"]
        assert told["c"] == ["rivers"]
        assert told["k"] == ["3"]
    page.locator(".rv-question").get_by_text("where does the river Oder flow").wait_for()


def test_a_copied_link_opens_the_same_state_in_another_profile(visit: Visit) -> None:
    page = visit(f"/compare?{BM25}&q=q5&k=3&m=R%4020")
    settled(page)
    page.get_by_role("button", name="Copy link").click()
    address = page.get_by_test_id("stPopoverBody").locator("code").inner_text()
    other = visit(urlsplit(address).path + "?" + urlsplit(address).query)
    settled(other)
    assert other.locator(".rv-question blockquote").inner_text() == "where does the river Loire flow"
    assert other.locator(".rv-head h3").all_inner_texts() == page.locator(".rv-head h3").all_inner_texts()
    assert other.locator("section.rv-col").first.locator(".rv-card .rv-rank").count() == 3
    assert "R@20" in other.locator("table.rv-table th").all_inner_texts()


def test_a_hostile_passage_is_text(visit: Visit) -> None:
    page = visit(f"/compare?{BM25}&q=qbad")
    settled(page)
    card = page.locator(".rv-card.rv-relevant").first
    card.locator("summary").click()
    told = card.locator("details .rv-text").inner_text()
    assert told.startswith(HOSTILE[:60])
    assert "**bold** _it_ [link](javascript:alert(1)) $x^2$ :smile: `code` # heading" in told
    assert card.locator("h4").inner_text() == "<b>Hostile</b> & title"
    assert page.title() == "Retrievarium"
    assert page.locator(".rv-results script, .rv-results img, .rv-results a:not(.rv-ask), .rv-results b").count() == 0
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert card.evaluate("e => e.scrollWidth <= e.clientWidth + 1")
    # where passages and queries are listed
    page = visit("/collections?c=rivers")
    page.get_by_text("Samples").wait_for()
    page.get_by_text("<script> bold heading").first.wait_for()
    assert page.title() == "Retrievarium"


def test_upload_a_zip_and_search_it(visit: Visit, tmp_path: Path) -> None:
    import zipfile

    archive = tmp_path / "birds.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("birds/corpus.jsonl", '{"_id": "a", "title": "Crane", "text": "a tall bird"}\n')
        out.writestr("birds/queries.jsonl", '{"_id": "q", "text": "tall bird"}\n')
        out.writestr("birds/qrels/test.tsv", "query-id\tcorpus-id\tscore\nq\ta\t1\n")
    page = visit("/collections?view=Bring+your+own")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(str(archive))
    page.get_by_role("button", name="Import").click()
    page.get_by_text("birds is in the workspace").wait_for()
    page.get_by_role("link", name="Compare on birds").click()
    page.locator(".rv-card .rv-rank").first.wait_for()
    page.get_by_text("bm25 finds it at rank 1.").wait_for()
    page.get_by_role("button", name="Encode").wait_for()  # offered, not started
    assert params(page)["c"] == ["birds"]


def test_a_wrong_upload_names_file_and_line(visit: Visit, tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("id,text\na,one\na,two\n", encoding="utf-8")
    page = visit("/collections?view=Bring+your+own")
    page.get_by_role("radio", name="Single files").click()
    page.get_by_text("Passages", exact=True).wait_for()
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(str(table))
    page.get_by_text("passages: text").wait_for()
    page.get_by_role("button", name="Import").click()
    page.get_by_text("mine was not imported").wait_for()
    told = page.get_by_role("alert").inner_text()
    assert "line 3" in told
    assert "csv" in told
    assert "retrievarium-" not in told
    assert "/uploads/" not in told


def test_an_uploaded_run_becomes_a_column(visit: Visit, tmp_path: Path) -> None:
    run = tmp_path / "other.trec"
    run.write_text(
        "".join(f"q{i} Q0 p{(i + 1) % 10} 1 2.0 x\nq{i} Q0 p{i} 2 1.0 x\n" for i in range(10)), encoding="utf-8"
    )
    page = visit(f"/compare?{BM25}&q=q3")
    settled(page)
    page.get_by_text("Add an imported run as a column").click()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(str(run))
    page.get_by_text("The file is a run").wait_for()
    page.get_by_role("button", name="Add the column").click()
    column = page.locator("section.rv-col", has_text="run:other")
    column.locator(".rv-rank").first.wait_for()
    assert column.locator(".rv-rank").all_inner_texts() == ["1", "2"]
    assert params(page)["r"] == ["bm25", "bm25 % 2", "run:other"]
    page.get_by_text("run:other is worse than bm25").wait_for()


def test_dark_and_narrow(visit: Visit) -> None:
    page = visit(f"/compare?{BM25}&q=q3", color_scheme="dark")
    settled(page)
    ground = page.locator(".stApp").evaluate("e => getComputedStyle(e).backgroundColor")
    assert ground == "rgb(17, 22, 29)"  # the theme of app/.streamlit/config.toml, not the default one
    card = page.locator(".rv-card").first.evaluate("e => getComputedStyle(e).backgroundColor")
    assert card == "rgb(21, 27, 35)"
    page.set_viewport_size({"width": 400, "height": 900})
    first, second = (page.locator("section.rv-col").nth(i) for i in (0, 1))
    page.wait_for_function(
        """() => { const c = document.querySelectorAll('section.rv-col');
                   return c[1].getBoundingClientRect().top >= c[0].getBoundingClientRect().bottom - 1; }"""
    )
    assert first.bounding_box()["width"] > 300
    assert second.bounding_box()["x"] == first.bounding_box()["x"]
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_a_foreign_host_name_is_refused(server: str) -> None:
    """DNS rebinding: a page of another name must not reach the server's socket."""
    import http.client

    port = urlsplit(server).port
    assert port is not None
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {
        "Host": "evil.example",
        "Origin": "http://evil.example",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    connection.request("GET", "/_stcore/stream", headers=headers)
    assert connection.getresponse().status in (400, 403)
    connection.close()
