"""The Map in a real browser: what a lasso selects, what a link carries, what a person waits for."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

from .conftest import IDLE

Visit = Callable[..., Any]
MAP = "/map?c=lookalikes&q=bir-q001"
_POINTS = """() => {
  const gd = document.querySelector('.js-plotly-plot'), box = gd.getBoundingClientRect(), l = gd._fullLayout;
  const px = (t) => Array.from(t.x).map((x, i) => [
    box.x + l.xaxis._offset + l.xaxis.l2p(x), box.y + l.yaxis._offset + l.yaxis.l2p(t.y[i]), t.customdata[i]]);
  return gd._fullData.slice(0, 2).flatMap(px);
}"""


def points(page: Any) -> np.ndarray:
    """Where each point of the first chart is drawn: pixels x and y, and its position, `(n + m, 3)`."""
    drawn = "document.querySelector('.js-plotly-plot')?._fullLayout?.xaxis?._offset > 0"
    page.wait_for_function(drawn, timeout=120_000)  # WebGL in software on a busy machine
    return np.array(page.evaluate(_POINTS))


def inside(polygon: Sequence[tuple[float, float]], at: np.ndarray) -> np.ndarray:
    """Even-odd rule, written out: whether each row of `at (n, 2)` lies inside."""
    odd = np.zeros(len(at), dtype=bool)
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        crosses = (y1 > at[:, 1]) != (y2 > at[:, 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            odd ^= crosses & (at[:, 0] < (x2 - x1) * (at[:, 1] - y1) / (y2 - y1) + x1)
    return odd


def clearance(polygon: Sequence[tuple[float, float]], at: np.ndarray) -> float:
    """Pixels between the polygon's line and the nearest point."""
    told = []
    for start, stop in zip(np.array(polygon), np.array([*polygon[1:], polygon[0]]), strict=True):
        along = stop - start
        share = np.clip((at - start) @ along / (along @ along), 0, 1)
        told.append(np.hypot(*(at - start - share[:, None] * along).T).min())
    return float(min(told))


def lasso(page: Any, polygon: Sequence[tuple[float, float]]) -> None:
    page.locator(".js-plotly-plot [data-title='Lasso Select']").first.click()
    page.mouse.move(*polygon[0])
    page.mouse.down()
    for corner in [*polygon[1:], polygon[0]]:
        page.mouse.move(*corner)
    page.mouse.up()


def parameter(page: Any, name: str) -> str:
    return parse_qs(urlsplit(page.url).query).get(name, [""])[0]


def selected(page: Any, folder: Path) -> list[tuple[str, str]]:
    """The selection as its download tells it: what and id."""
    with page.expect_download() as got:
        page.get_by_role("button", name="selected)").click()
    got.value.save_as(folder / "selected.csv")
    with (folder / "selected.csv").open(encoding="utf-8", newline="") as source:
        return [(row["kind"], row["id"]) for row in csv.DictReader(source)]


def idle(page: Any) -> None:
    page.wait_for_selector(IDLE)


def heading(page: Any, text: str) -> None:
    page.get_by_role("heading", name=text).wait_for()
    idle(page)


def test_the_first_map_is_there_within_five_seconds(server: str, visit: Visit) -> None:
    """Cold for this page: nobody opened it before in this server."""
    started = time.monotonic()
    page = visit(MAP, idle=False)
    page.wait_for_selector(".js-plotly-plot .gl-canvas, .js-plotly-plot canvas")
    took = time.monotonic() - started
    page.locator("#map-badge[data-grade='close']").wait_for()
    assert took < 5 * patience()


def patience() -> float:
    """How many processes share a core at the moment; 1 on an idle machine."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)) if hasattr(os, "getloadavg") else 1.0


def test_a_lasso_selects_exactly_the_points_inside(visit: Visit, tmp_path: Path) -> None:
    from retrievarium.analysis import Map, find_map, kept_vectors, map_key
    from retrievarium.data import load_collection

    page = visit(MAP)
    drawn = points(page)
    left, top = drawn[:, :2].min(axis=0)
    right, bottom = drawn[:, :2].max(axis=0)
    corners = np.array([(0.05, 0.1), (0.4, 0.02), (0.3, 0.5), (0.62, 0.85), (0.12, 0.97)])  # not convex
    whole = np.round([left, top] + corners * [right - left, bottom - top])  # a mouse stands on whole pixels
    tries = [[(float(a + i), float(b + j)) for a, b in whole] for i in range(30) for j in range(12)]
    polygon = max(tries, key=lambda p: clearance(p, drawn[:, :2]))
    assert clearance(polygon, drawn[:, :2]) > 0.5  # no point so near the line that rounding decides
    expected = set(drawn[inside(polygon, drawn[:, :2]), 2].astype(int).tolist())
    assert 10 < len(expected) < len(drawn) - 10
    lasso(page, polygon)
    heading(page, f"Selected: {len(expected):,} of {len(drawn):,} points")
    docs = load_collection("lookalikes")
    vectors = kept_vectors(docs, "minilm")
    assert vectors is not None
    found = find_map(docs, map_key(docs, vectors.fingerprint))
    assert found is not None
    shown = Map(found).points
    names = [("passage", docs.passages.ids[i]) for i in shown.passages]
    names += [("query", docs.queries.ids[i]) for i in shown.queries]
    told = selected(page, tmp_path)
    assert len(told) == len(expected)
    assert set(told) == {names[i] for i in expected}


def test_another_colour_keeps_the_selection(visit: Visit) -> None:
    page = visit(MAP)
    drawn = points(page)
    (left, top), (right, bottom) = drawn[:, :2].min(axis=0) - 5, drawn[:, :2].max(axis=0) + 5
    middle = float((left + right) / 2)
    lasso(
        page, [(float(left), float(top)), (middle, float(top)), (middle, float(bottom)), (float(left), float(bottom))]
    )
    page.get_by_role("button", name="Let go of the selection").wait_for()
    before = page.locator("h2", has_text="Selected:").inner_text()
    kept = parameter(page, "ms")
    assert kept
    choose(page, "Colour by", "found or missed")
    page.wait_for_url("**mc=found**")
    idle(page)
    assert page.locator("h2", has_text="Selected:").inner_text() == before
    assert parameter(page, "ms") == kept
    page.wait_for_function("document.querySelector('.js-plotly-plot')?.data?.[0]?.selectedpoints?.length > 0")
    assert page.evaluate("document.querySelector('.js-plotly-plot').data[0].selectedpoints.length") < 240
    page.get_by_role("button", name="Let go of the selection").click()
    heading(page, f"Selected: 0 of {len(drawn):,} points")


def choose(page: Any, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()


def test_a_link_opens_the_same_state_in_a_second_profile(visit: Visit) -> None:
    page = visit(f"{MAP}&mc=kind&ms=p:bir-001~p:bir-002~q:bir-q001&mp=p:bir-001&mf=crane")
    heading(page, "Selected: 3 of")
    page.get_by_text("passage in view", exact=True).wait_for()
    page.get_by_role("button", name="Copy link").click()
    link = page.locator("[data-testid='stPopoverBody'] code").inner_text()
    other = visit(link[link.index("/map") :])
    heading(other, "Selected: 3 of")
    other.get_by_text("passage in view", exact=True).wait_for()
    other.get_by_text("hold “crane”").wait_for()
    assert other.get_by_role("combobox", name="Colour by").input_value() == "kind"


def test_from_the_lasso_to_compare(visit: Visit) -> None:
    page = visit(f"{MAP}&ms=p:bir-001~q:bir-q002")
    heading(page, "Selected: 2 of")
    page.get_by_role("link", name="Compare on this query").click()
    page.locator(".rv-question blockquote").wait_for()
    assert parameter(page, "q") == "bir-q002"
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Map").click()
    page.get_by_text("query in view", exact=True).wait_for()
    heading(page, "Selected: 2 of")  # a walk to another page and back loses nothing


def test_seed_and_shuffle_show_what_is_not_in_the_data(visit: Visit) -> None:
    page = visit(MAP)
    page.locator("#map-badge[data-grade='close']").wait_for()
    page.get_by_role("button", name="Another seed").click()
    page.get_by_text("Seed 2 of 3").wait_for()
    page.get_by_role("button", name="Shuffle the data").click()
    page.locator("#map-badge[data-grade='noise']").wait_for()
    assert page.locator("#map-badge[data-grade='close']").count() == 0
    page.get_by_role("button", name="Show the data again").click()
    page.locator("#map-badge[data-grade='close']").wait_for()


def test_a_click_puts_a_point_in_view(visit: Visit) -> None:
    page = visit(MAP)
    drawn = points(page)
    passages = drawn[drawn[:, 2] < 240]
    apart = [min(np.hypot(*(drawn[:, :2] - p[:2]).T)[drawn[:, 2] != p[2]]) for p in passages]
    lonely = passages[int(np.argmax(apart))]
    page.mouse.move(float(lonely[0]) - 8, float(lonely[1]))
    page.mouse.move(float(lonely[0]), float(lonely[1]), steps=4)  # a point is hovered before it is clicked
    page.wait_for_selector(".hoverlayer .hovertext")
    page.mouse.click(float(lonely[0]), float(lonely[1]))
    page.get_by_text("passage in view", exact=True).wait_for()
    idle(page)
    assert parameter(page, "mp").startswith("p:")
    names = page.evaluate("document.querySelector('.js-plotly-plot')._fullData.map(t => t.name)")
    assert "the passage in view" in names


def test_the_map_leaves_as_html_csv_and_png(visit: Visit, tmp_path: Path) -> None:
    page = visit(MAP)
    points(page)
    with page.expect_download() as html:
        page.get_by_role("button", name="Download HTML").click()
    kept = tmp_path / "map.html"
    html.value.save_as(kept)
    text = kept.read_text()
    assert "Mostly true" in text or "mostly true" in text
    with page.expect_download() as table:
        page.get_by_role("button", name="Download CSV").click()
    table.value.save_as(tmp_path / "map.csv")
    assert len((tmp_path / "map.csv").read_text().splitlines()) == 611
    page.locator(".js-plotly-plot").first.hover()
    with page.expect_download() as picture:
        page.locator("[data-title='Download plot as a PNG'], [data-title='Download plot as a png']").first.click()
    picture.value.save_as(tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes()[:4] == b"\x89PNG"
    alone = page.context.new_page()
    outside: list[str] = []
    alone.on("request", lambda r: outside.append(r.url) if r.url.startswith("http") else None)
    alone.goto(kept.as_uri())
    alone.wait_for_selector(".js-plotly-plot")
    assert outside == []
