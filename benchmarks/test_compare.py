"""Compare in a real browser: how long a switch of queries takes at 5,000 passages, and a whole explanation.

Times are printed (p50 and p95, milliseconds); what is asserted are ratios within one run: switching must not grow with
the collection, and an explanation must cost little beside the encodings that it cannot do without.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrievarium.data import World, save_collection
from retrievarium.retrievers import BM25
from retrievarium.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]
SIZES = (250, 5_000)
STEPS = 40
IDLE = "[data-testid='stApp'][data-test-script-state='notRunning']"
COLUMNS = ("bm25", "bm25 % 50", "-1 * bm25")  # lists are looked up once all queries are searched, whatever made them


def quantiles(times: list[float]) -> tuple[float, float]:
    """p50 and p95, milliseconds."""
    p50, p95 = np.quantile(np.array(times) * 1000, [0.5, 0.95])
    return float(p50), float(p95)


def _chromium() -> str:
    sys.path.insert(0, str(ROOT / "tests" / "browser"))
    import chromium

    found = chromium.find()
    if found is None:
        pytest.skip("there is no Chrome or Chromium")
    return str(found)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard over Worlds of both sizes."""
    folder = tmp_path_factory.mktemp("workspace")
    for size in SIZES:
        save_collection(World(7, size).collection(), f"world{size}", Workspace(folder))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "retrievarium", "--workspace", str(folder), "app", "--port", str(port)]
    process = subprocess.Popen([*command, "--no-browser"], cwd=folder, env={**os.environ, "OMP_NUM_THREADS": "1"})
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{base}/_stcore/health", timeout=2)
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        yield base
    finally:
        process.terminate()
        process.wait(20)


def _switches(page: Any, base: str, size: int) -> list[float]:
    """Seconds from a key to the next query's question and cards."""
    page.goto(
        f"{base}/compare?c=world{size}&" + "&".join(f"r={c.replace(' ', '+').replace('%', '%25')}" for c in COLUMNS)
    )
    page.get_by_text("Mean over").first.wait_for(timeout=300_000)
    page.wait_for_selector(IDLE)
    times = []
    for step in range(STEPS + 5):
        before = page.locator(".rv-question").inner_text()
        page.evaluate(
            """before => { window.seen = null; const started = performance.now();
            addEventListener('keydown', () => { window.pressed = performance.now(); }, { once: true, capture: true });
            const look = () => {
                const now = document.querySelector('.rv-question');
                const id = now && now.innerText !== before;
                const gold = document.querySelectorAll('.rv-col').length === 3;
                if (id && gold) window.seen = performance.now() - window.pressed; else requestAnimationFrame(look);
            }; requestAnimationFrame(look); }""",
            before,
        )
        page.keyboard.press("j")
        page.wait_for_function("() => window.seen !== null", polling=20)
        if step >= 5:  # the first ones warm up
            times.append(page.evaluate("() => window.seen") / 1000)
        page.wait_for_selector(IDLE)
    return times


def test_switching_queries_does_not_grow_with_the_collection(server: str) -> None:
    from playwright.sync_api import sync_playwright

    told = {}
    with sync_playwright() as p:
        browser = p.chromium.launch(
            executable_path=_chromium(), args=["--no-sandbox", "--disable-background-networking"]
        )
        for size in SIZES:
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            told[size] = quantiles(_switches(page, server, size))
            page.close()
        browser.close()
    for size, (p50, p95) in told.items():
        print(f"\nswitching queries at {size:,} passages: p50 {p50:.0f} ms, p95 {p95:.0f} ms")
    assert told[SIZES[1]][0] < 2.5 * told[SIZES[0]][0]


def test_a_whole_explanation_costs_little_beside_its_encodings() -> None:
    """Four retrievers, top 10 each, against one encoding of the question without each of its words."""
    from retrievarium import load_collection
    from retrievarium.analysis.why import explainers
    from retrievarium.analysis.why.vectors import left_out
    from retrievarium.encoders import load_encoder
    from retrievarium.retrievers import Dense

    collection = load_collection("lookalikes")
    encoder = load_encoder("minilm")
    bm25, minilm = BM25(collection, keep=False).prepare(), Dense(collection, encoder).prepare()
    retrievers = {"a": bm25, "b": minilm, "c": bm25 + minilm, "d": 0.3 * bm25 + 0.7 * minilm}
    texts = [t for t in collection.queries.texts if len(re.findall(r"\w+", t)) > 6][:12]
    explain, encode = [], []
    for text in ["one question to warm up", *texts]:
        started = time.perf_counter()
        told = 0
        for name, why in explainers(retrievers, text).items():
            for passage, _ in retrievers[name].search({"q": text}, 10)["q"]:
                told += len(why(passage).parts)
        explain.append(time.perf_counter() - started)
        assert told > 40
        started = time.perf_counter()
        encoder.encode_queries([text, *left_out(text, 48)[1]])
        encode.append(time.perf_counter() - started)
    ours, floor = quantiles(explain[1:]), quantiles(encode[1:])
    print(f"\na whole explanation: p50 {ours[0]:.0f} ms, p95 {ours[1]:.0f} ms; its encodings p50 {floor[0]:.0f} ms")
    assert ours[0] < 4 * floor[0]
