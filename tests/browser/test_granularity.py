"""The granularity bench in a real browser, on an uploaded collection: start, watch, stop, go on, read, export."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .conftest import IDLE, ROOT

Visit = Callable[..., Any]


def uploaded(folder: Path) -> Path:
    """200 short passages of a World as a BEIR archive, without its truth tables."""
    from retrievarium.data import World

    dials = {"words_low": 0, "words_high": 40, "facts_low": 2, "facts_high": 3, "train_questions": 20}
    World(5, 200, **dials).write(folder / "beir")
    archive = folder / "gazetteer.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for name in ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv"):
            out.write(folder / "beir" / name, f"gazetteer/{name}")
    return archive


def test_a_bench_on_an_uploaded_collection(visit: Visit, tmp_path: Path) -> None:
    page = visit("/collections?view=Bring+your+own")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(str(uploaded(tmp_path)))
    page.get_by_role("button", name="Import").click()
    page.get_by_text("gazetteer is in the workspace").wait_for()

    page = visit("/granularity?c=gazetteer&ge=bm25&gu=passage&gu=sentence&gu=rules")
    page.get_by_role("button", name="Measure").click()
    page.locator("[data-testid='stMain'] [data-testid='stProgress']").first.wait_for()  # it can be watched
    page.locator(".st-key-unit-cancel button").click()
    page.get_by_role("button", name="Go on").wait_for()  # stopped, and what was finished is kept
    page.reload()
    page.wait_for_selector(IDLE)
    page.get_by_text("Stopped; what was finished is kept").wait_for()
    page.get_by_role("button", name="Go on").click()
    page.get_by_text("At equal reading").wait_for(timeout=180_000)
    table = page.locator("table.rv-table").first
    assert [r.split("\t")[0] for r in table.inner_text().splitlines()][1:] == [
        "passage",
        "sentence",
        "proposition (rules)",
    ]
    page.locator(".rv-u-passage .rv-won").first.wait_for()
    page.get_by_text("Rank of the relevant passage with bm25").wait_for()

    with page.expect_download() as got:
        page.get_by_role("button", name="Download everything").click()
    with zipfile.ZipFile(got.value.path()) as packed:
        packed.extractall(tmp_path / "out")
        rows = list(csv.DictReader(io.StringIO(packed.read("granularity/table.csv").decode("utf-8"))))
    shown = {r["unit"]: f"{float(r['R@5']):.3f}" for r in rows}
    for unit, value in shown.items():
        assert value in next(line for line in table.inner_text().splitlines() if line.startswith(unit))
    again = [sys.executable, str(ROOT / "benchmarks" / "granularity_again.py"), str(tmp_path / "out" / "granularity")]
    told = subprocess.run(again, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout


def test_a_question_and_an_edit(visit: Visit) -> None:
    page = visit("/granularity?c=rivers&ge=bm25&gu=passage&gu=sentence&gu=rules&q=q3")
    page.locator(".rv-u-passage").first.wait_for()
    assert "where does the river Oder flow" in page.locator(".rv-question").inner_text()
    page.get_by_role("button", name="Edit its propositions").nth(1).click()
    page.get_by_label("Propositions").fill("Where does the river Oder flow? It flows here.")
    page.get_by_role("button", name="Search again").click()
    page.get_by_text("The passage stands at rank 1").wait_for()
    page.get_by_role("button", name="Next").click()
    page.get_by_text("where does the river Seine flow").wait_for()
    assert not page.get_by_label("Propositions").count()


def test_hostile_text_stays_text(visit: Visit) -> None:
    page = visit("/granularity?c=rivers&ge=bm25&gu=passage&gu=sentence&gu=rules&q=qbad")
    page.locator(".rv-u-passage").first.wait_for()
    assert "<script>" in page.locator(".rv-u-passage").first.inner_text()
    assert page.title() != "owned"
    wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth - innerWidth")
    assert wide <= 0
