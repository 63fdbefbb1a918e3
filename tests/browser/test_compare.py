"""From a number to its queries, from a query to its cause, and what an edit moves; in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.sync_api import expect

from .conftest import HOSTILE, IDLE

Visit = Callable[..., Any]
RIVERS = "c=rivers&r=bm25&r=bm25+%25+2"


def params(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def settled(page: Any) -> None:
    page.get_by_text("Mean over").wait_for()
    page.wait_for_selector(IDLE)


def test_the_most_different_query_its_causes_and_an_edit(visit: Visit) -> None:
    upside_down = "-1 * bm25"  # differs from bm25 wherever it can, and needs no model
    page = visit(f"/compare?{urlencode({'c': 'lookalikes', 'r': ['bm25', upside_down]}, doseq=True)}")
    settled(page)
    page.get_by_role("combobox", name="Queries").click()
    page.get_by_role("option", name=re.compile("differs most")).click()
    page.get_by_text(re.compile("^1 of 370, largest difference first")).wait_for()
    page.wait_for_selector(IDLE)
    assert params(page)["cg"] == [f"gap:bm25|{upside_down}"]
    asked = page.locator(".rv-question blockquote").inner_text()
    page.get_by_role("button", name="Why? Gold beside the top result").click()
    why = page.locator(".st-key-why")
    seen = []
    for name in ("bm25", upside_down):  # why for both
        why.get_by_role("radio", name=name, exact=True).click()
        said = why.locator(".rv-whybox .rv-sentence", has_text=re.compile(f"^{re.escape(name)} (puts|does)"))
        said.wait_for()
        seen.append(said.inner_text())
        assert why.locator(".rv-side").count() == 2
        assert why.locator(".rv-asked").first.inner_text() == asked
        assert why.locator("table.rv-parts td.rv-label").count() > 1
    assert seen[0] != seen[1]
    assert params(page)["wr"] == [upside_down]
    # type into the question: every rank follows, the cursor stays
    field = why.locator("textarea").first
    field.press("End")
    for _ in range(6):
        field.press("Backspace")
    field.type(" and then")
    why.locator(".rv-what", has_text=re.compile("of the top 10 changed")).wait_for()
    page.wait_for_function("() => new URL(location).searchParams.get('wq')?.endsWith('and then')")
    assert field.input_value() == asked[:-6] + " and then"
    assert page.locator(".rv-question blockquote").inner_text() == asked
    assert page.locator(".rv-move").count() > 0
    page.reload()  # nothing is lost
    page.locator(".rv-what").wait_for()
    expect(page.locator(".st-key-why textarea").first).to_have_value(asked[:-6] + " and then", timeout=30_000)
    page.get_by_role("button", name="As it was").click()
    page.locator(".rv-what").wait_for(state="detached")
    assert "wq" not in params(page)


def test_a_number_opens_exactly_its_queries_and_there_is_a_way_back(visit: Visit) -> None:
    page = visit(f"/compare?{RIVERS}&q=q3")
    settled(page)
    row = page.locator("table.rv-table tr", has_text="Nobody finds it")
    count = row.locator("a.rv-open")
    assert count.inner_text() == "1"
    address = count.get_attribute("href")
    count.click()
    page.get_by_text("1 of 1, most different first").wait_for()
    page.locator(".rv-question").get_by_text("zzz unheard of").wait_for()
    assert params(page)["cg"] == ["none"]
    page.wait_for_selector(IDLE)
    page.get_by_role("button", name="Back").click()
    page.locator(".rv-question").get_by_text("where does the river Oder flow").wait_for()
    assert "cg" not in params(page)
    other = visit(urlsplit(address).path + "?" + urlsplit(address).query)  # its link opens the same queries
    other.get_by_text("1 of 1, most different first").wait_for()
    other.locator(".rv-question").get_by_text("zzz unheard of").wait_for()


def test_a_card_explains_itself_and_the_link_keeps_it(visit: Visit) -> None:
    page = visit(f"/compare?{RIVERS}&q=q3")
    settled(page)
    card = page.locator("section.rv-col").first.locator(".rv-card").nth(2)
    title = card.locator("h4").inner_text()
    card.get_by_role("link", name="why?").click()
    side = page.locator(".rv-side").first
    side.locator("h4").get_by_text(title, exact=True).wait_for()
    assert "rank 3" in side.locator("header").inner_text()
    assert side.locator(".rv-w.rv-adds").count() > 0
    rows = page.locator(".st-key-why table.rv-parts tbody tr")
    values = rows.locator("td.rv-num:nth-child(2)").all_inner_texts()
    score = float(values[-1])  # the last line is the score, the others add up to it
    assert abs(sum(map(float, values[:-1])) - score) < 0.01
    address = page.url
    other = visit(urlsplit(address).path + "?" + urlsplit(address).query)
    other.locator(".rv-side").first.locator("h4").get_by_text(title, exact=True).wait_for()


def test_an_edited_passage_moves_and_goes_back(visit: Visit) -> None:
    page = visit(f"/compare?{RIVERS}&q=q3&w=gold")
    settled(page)
    page.locator(".rv-pair").wait_for()
    page.get_by_role("button", name="Edit the gold passage").click()
    field = page.get_by_label("What if the gold passage said …")
    field.fill("Nothing that was asked for.")
    page.locator(".rv-what", has_text="edited passage stays at rank 1").wait_for()  # its title still says it
    page.get_by_label("Title of the gold passage").fill("Nothing")
    page.locator(".rv-what", has_text="edited passage 1 → beyond 100").wait_for()
    page.get_by_role("button", name="As it was").click()
    page.locator(".rv-what").wait_for(state="detached")
    assert page.locator("section.rv-col").first.locator(".rv-card").first.locator("h4").inner_text() == "Oder"


def test_a_hostile_passage_is_text_in_every_explanation(visit: Visit) -> None:
    page = visit(f"/compare?{RIVERS}&q=qbad&w=gold")
    settled(page)
    page.locator(".rv-pair").wait_for()
    told = page.locator(".rv-side p.rv-long").first.inner_text()
    assert told.startswith(HOSTILE[:60])
    assert page.locator(".rv-side script, .rv-side img, .rv-lines script, .rv-lines img").count() == 0
    assert page.title() == "Retrievarium"
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
