"""Training from the page: start, watch, refresh, cancel, resume, search with the result; a split made on the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from .conftest import IDLE

Visit = Callable[..., Any]
# smoke, made long enough to be watched on a quick machine
TRAIN = "/train?c=tiny&tb=smoke&t-dpr-negatives=0&t-dpr-steps=240&t-dpr-batch=4"
LONG = 180_000  # a busy machine loads torch, and trains for half a minute
STEP = re.compile(r"training, ([\d,]+) of 240")


def params(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def seen(page: Any, text: str | re.Pattern[str]) -> Any:
    """Wait for a text; returns its element. While a page is drawn anew, what it showed may stand there twice."""
    found = page.locator(".stMain").get_by_text(text).first
    found.wait_for(timeout=LONG)
    return found


def step(page: Any, least: int) -> int:
    """Wait until the live line has come to a step; returns the step it shows."""
    page.wait_for_function(
        """least => { const t = document.querySelector('.stMain .rv-sentence ~ *, .stMain')?.innerText || '';
                      const m = t.match(/training, ([\\d,]+) of 240/);
                      return m && parseInt(m[1].replace(',', '')) >= least; }""",
        arg=least,
        timeout=LONG,
    )
    found = STEP.search(page.locator(".stMain").inner_text())
    assert found
    return int(found[1].replace(",", ""))


@pytest.mark.timeout(600)
def test_start_watch_refresh_cancel_resume_and_search(visit: Visit) -> None:
    page = visit(TRAIN)
    seen(page, re.compile("Takes about"))  # said before anything starts
    assert page.get_by_role("spinbutton", name="steps").first.input_value() == "240"
    seen(page, "Nothing was trained here yet")
    page.get_by_role("button", name="Train", exact=True).first.click()
    page.get_by_role("heading", name="Train dpr on tiny (smoke, batch 4, negatives 0, steps 240)").first.wait_for()
    before = step(page, 20)
    tiles = page.locator(".stMain .rv-figures")
    for name in ("loss", "gradient norm", "dev RR@10 of 120"):
        tiles.get_by_text(name, exact=True).first.wait_for()
    page.locator(".js-plotly-plot").first.wait_for()
    seen(page, re.compile("(seconds?|minutes) left"))
    job = params(page)["tj"]

    page.reload()  # nothing is lost
    assert step(page, before) >= before
    assert params(page)["tj"] == job

    page.locator(".stMain").get_by_role("button", name="Cancel").first.click()
    stopped = seen(page, re.compile(r"Stopped at step [\d,]+ of 240 of training"))
    at = int(re.findall(r"step ([\d,]+)", stopped.inner_text())[0].replace(",", ""))
    assert before <= at < 240
    seen(page, f"A checkpoint is kept (step {at} of training")

    other = visit(f"/train?c=tiny&tj={job[0]}")  # another profile finds it by its link
    seen(other, re.compile(r"Stopped at step"))
    other.locator(".st-key-train-resume button").first.click()
    assert step(other, at) >= at  # it goes on, it does not begin anew
    seen(other, re.compile(r"dpr_smoke_s0_\w+ is trained on tiny"))
    other.locator(".stMain .js-plotly-plot").first.wait_for()
    curve = other.evaluate("() => document.querySelector('.stMain .js-plotly-plot').data[0].x.slice(0, 2)")
    assert curve == [10, 20]  # the curve is whole, the part before the stop included

    other.wait_for_selector(IDLE)
    other.get_by_role("link", name=re.compile("Search with dpr_smoke")).first.click()
    other.locator("section.rv-col").nth(1).locator(".rv-rank").first.wait_for(timeout=LONG)
    heads = other.locator(".rv-head h3").all_inner_texts()
    assert [h.split("\n")[-1].strip("●◆■ ")[:9] for h in heads] == ["bm25", "dpr_smoke", "bm25 + dp"]
    assert params(other)["r"][1].startswith("dpr_smoke_s0_")

    page.reload()
    page.wait_for_selector(IDLE)
    seen(page, "This very model is trained")  # asked for again, it is a load


def test_a_collection_without_a_train_split_is_divided_here(visit: Visit) -> None:
    page = visit("/train?c=rivers")
    seen(page, "rivers has no train split yet")
    page.get_by_role("textbox", name="Name").fill("rivers-two")
    page.get_by_role("button", name="Split", exact=True).first.click()
    seen(page, re.compile("Test judgements stay sealed"))
    page.wait_for_function("() => new URL(location).searchParams.get('c') === 'rivers-two'")
    seen(page, re.compile("Takes about"))


def test_a_link_to_an_unknown_training_says_so(visit: Visit) -> None:
    page = visit("/train?c=tiny&tj=00000000000000000000-abcdef")
    seen(page, "The link names a training that this workspace does not know")
