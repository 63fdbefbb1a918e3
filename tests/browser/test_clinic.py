"""From a number to its questions, to a tag, to a file and back; judging and predicting by key. In a real browser."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .conftest import IDLE

Visit = Callable[..., Any]
TINY = "c=tiny&r=bm25&r=bm25+%25+2"
RIVERS = "c=rivers&r=bm25&r=bm25+%25+2"


def params(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def press(page: Any, key: str, until: str) -> None:
    """A key, and what the page must show then."""
    page.wait_for_selector(IDLE)
    page.keyboard.press(key)
    page.locator(".stMain").get_by_text(until).first.wait_for()
    page.wait_for_selector(IDLE)


def test_a_number_opens_exactly_its_questions_and_a_tag_outlives_a_reload(visit: Visit, tmp_path: Path) -> None:
    page = visit(f"/entities?{TINY}")
    row = page.locator("table.rv-clinic tr", has_text="all failures")
    row.wait_for(timeout=120_000)
    count = row.locator("a.rv-open").first.inner_text()
    row.locator("a.rv-open").first.click()
    page.get_by_role("heading", name=f"missed in the top 1, bm25: {count} questions").wait_for()
    page.get_by_text(f"1 of {count}, lowest nDCG@10").wait_for()
    page.wait_for_selector(IDLE)
    # tag the failure by key, write a note, say what one thinks of the rule
    page.get_by_role("textbox", name="Annotating as").fill("ada")
    page.get_by_role("textbox", name="Annotating as").press("Enter")
    page.wait_for_selector(IDLE)
    page.get_by_role("heading", name="Why did it fail?").click()
    page.keyboard.press("5")
    tag = page.locator(".st-key-tag-5 button")
    page.wait_for_function("() => document.querySelector('.st-key-tag-5 button')?.getAttribute('kind') === 'primary'")
    page.wait_for_selector(IDLE)
    page.get_by_role("textbox", name="Note").fill("=the name is new")
    page.get_by_role("textbox", name="Note").press("Enter")
    page.wait_for_selector(IDLE)
    page.reload()
    page.get_by_role("heading", name=f"missed in the top 1, bm25: {count} questions").wait_for()
    tag.wait_for()
    assert tag.get_attribute("kind") == "primary"
    assert page.get_by_role("textbox", name="Note").input_value() == "=the name is new"
    assert page.get_by_role("textbox", name="Annotating as").input_value() == "ada"
    assert params(page)["eo"] == ["m||bm25"]
    # on to Compare and back
    link = page.get_by_role("link", name="Step through them in Compare")
    asked = parse_qs(urlsplit(link.get_attribute("href")).query)["cg"][0]
    assert asked.count("~") == int(count) - 1
    link.click()
    page.locator(".rv-card .rv-rank").first.wait_for()
    page.get_by_text(f"1 of {count}").first.wait_for()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Entities").click()  # the same state is still there
    page.get_by_role("heading", name=f"missed in the top 1, bm25: {count} questions").wait_for()
    page.get_by_role("button", name="Back to the tables").click()
    page.get_by_role("heading", name="Annotations").wait_for()
    # export, wipe, import: identical
    before = _export(page, tmp_path / "before.csv")
    assert {r["kind"] for r in before} >= {"tag", "note"}
    page.get_by_role("button", name="Wipe", exact=True).click()
    page.get_by_text("I have what I need").click()
    page.get_by_role("button", name="Wipe them").click()
    page.get_by_text("annotations are gone").wait_for()
    page.get_by_text("Nobody has annotated yet").wait_for()
    page.wait_for_selector(IDLE)
    page.get_by_role("button", name="Bring annotations in").click()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(str(tmp_path / "before.csv"))
    take = page.get_by_role("button", name="Take them")
    page.wait_for_function("() => !document.querySelector('.st-key-annotations-take button')?.disabled")
    take.click()
    page.get_by_text(f"{len(before)} added").wait_for()
    page.wait_for_selector(IDLE)
    page.keyboard.press("Escape")
    assert _export(page, tmp_path / "after.csv") == before
    assert (tmp_path / "after.csv").read_bytes() == (tmp_path / "before.csv").read_bytes()


def _export(page: Any, path: Path) -> list[dict[str, str]]:
    page.wait_for_selector(IDLE)
    with page.expect_download() as caught:
        page.locator(".st-key-annotations-csv button").click()
    caught.value.save_as(path)
    with path.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


def test_judge_by_key_reload_and_measure_by_the_grades(visit: Visit) -> None:
    page = visit(f"/judge?{RIVERS}&jd=3&jn=10&jo=the+collection%27s+order")
    page.get_by_text("0 of").first.wait_for()
    page.get_by_text("result 1 of").first.wait_for()
    names = page.locator(".stMain").inner_text()
    assert "bm25 % 2" not in names.split("Use these grades")[0]  # nobody is named
    page.locator(".st-key-grade-0 button").wait_for()
    press(page, "3", "1 of")
    press(page, "0", "2 of")
    press(page, "2", "3 of")
    where = page.locator(".rv-question").inner_text()
    page.reload()
    page.get_by_text("3 of").first.wait_for()
    page.wait_for_selector(IDLE)
    assert page.locator(".rv-question").inner_text() == where  # taken up where it was left
    page.get_by_role("textbox", name="Name of the split").fill("mine")
    page.get_by_role("textbox", name="Name of the split").press("Enter")
    page.wait_for_selector(IDLE)
    page.get_by_role("button", name="Make the split").click()
    page.get_by_text("rivers has the split mine").wait_for()
    page.get_by_role("link", name="Compare on rivers by mine").click()
    page.get_by_text("Mean over").wait_for()
    assert params(page)["s"] == ["mine"]


def test_results_stay_hidden_until_the_class_has_voted(visit: Visit) -> None:
    page = visit(f"/predict?{RIVERS}&q=q3")
    page.locator(".rv-large", has_text="where does the river Oder flow").wait_for()
    page.get_by_text("0 votes").wait_for()
    assert page.get_by_role("button", name="Show the results").is_disabled()
    press(page, "1", "1 vote.")
    press(page, "2", "2 votes.")
    assert page.locator(".rv-card").count() == 0
    page.reload()  # no vote is lost
    page.get_by_text("2 votes.").wait_for()
    page.locator(".st-key-p-reveal button:not([disabled])").wait_for()
    press(page, "s", "were right")
    page.locator(".rv-card .rv-rank").first.wait_for()
    assert page.locator(".rv-votes b").all_inner_texts() == ["1", "1", "0"]
    press(page, "x", "0 votes")
    assert page.locator(".rv-card").count() == 0
