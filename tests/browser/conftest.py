"""A real server on a free port with a workspace of its own, and a real Chromium."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from . import chromium

ROOT = Path(__file__).resolve().parents[2]
IDLE = "[data-testid='stApp'][data-test-script-state='notRunning']"
HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> **bold** _it_ "
    "[link](javascript:alert(1)) $x^2$ :smile: `code` # heading \u202edesrever\u202c مرحبا بالعالم שלום " + "w" * 3000
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(str(item.fspath)).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)


def _browser_path() -> str:
    found = chromium.find()
    if found is None:
        message = "there is no Chrome or Chromium; see tests/browser/chromium.py"
        if os.environ.get("RETRIEVARIUM_BROWSER_TESTS") == "required":
            pytest.fail(message)
        pytest.skip(message)
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def healthy(base: str, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Wait until the server answers; fails with its own words when it ends before."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"the server ended with code {process.returncode}")
        try:
            with urllib.request.urlopen(f"{base}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail("the server did not answer in time")


def collection() -> Any:
    """Twelve passages, one of them hostile, and judged queries that BM25 and its cut differ on."""
    import pyarrow as pa

    from retrievarium.data import Collection

    places = ("Danube", "Rhine", "Elbe", "Oder", "Seine", "Loire", "Tagus", "Ebro", "Po", "Tiber")
    passages = [(f"p{i}", name, f"The river {name} flows to the sea. {'river ' * i}") for i, name in enumerate(places)]
    passages += [("bad", "<b>Hostile</b> & title", HOSTILE), ("cork", "Cork", "Cork is a city on the Lee.")]
    queries = [(f"q{i}", f"where does the river {name} flow", [name]) for i, name in enumerate(places)]
    queries += [("qbad", "<script> bold heading", ["owned"]), ("qnone", "zzz unheard of", ["nothing"])]
    qrels = [(f"q{i}", f"p{i}", 1) for i in range(10)] + [("qbad", "bad", 1), ("qnone", "cork", 1)]
    ids, titles, texts = zip(*passages, strict=True)
    query_ids, questions, answers = zip(*queries, strict=True)
    q, p, g = zip(*qrels, strict=True)
    return Collection(
        "rivers",
        pa.table({"id": ids, "title": titles, "text": texts}),
        pa.table({"id": query_ids, "text": questions, "answers": pa.array(list(answers), pa.list_(pa.string()))}),
        {"test": pa.table({"query_id": q, "passage_id": p, "grade": pa.array(g, pa.int32())})},
        meta={"language": "en"},
    )


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard as `retrievarium app` starts it; yields its address."""
    from retrievarium.data import World, save_collection
    from retrievarium.workspace import Workspace

    folder = tmp_path_factory.mktemp("workspace")
    save_collection(collection(), "rivers", Workspace(folder))
    save_collection(World(3, 120).collection(), "tiny", Workspace(folder))  # small enough to train on
    port = _free_port()
    log = (folder / "server.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "retrievarium", "--workspace", str(folder), "app", "--port", str(port), "--no-browser"],
        stdout=log,
        stderr=log,
        cwd=folder,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    base = f"http://127.0.0.1:{port}"
    try:
        healthy(base, process)
        yield base
    finally:
        _stop(process)
        log.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and its children, which are in a session of their own."""
    import psutil

    try:
        parent = psutil.Process(process.pid)
        family = [*parent.children(recursive=True), parent]
    except psutil.NoSuchProcess:
        return
    for member in family:
        member.terminate()
    _, alive = psutil.wait_procs(family, timeout=5)
    for member in alive:
        member.kill()


@pytest.fixture(scope="session")
def chrome() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        browser = p.chromium.launch(
            executable_path=_browser_path(), args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.when == "call":
        item.failed_in_call = report.failed  # type: ignore[attr-defined]
    return report


@pytest.fixture
def visit(server: str, chrome: Any, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Open an address in a fresh profile and wait until the page is idle; fails when the page logged an error.

    A failed test leaves a picture of every page it opened in its temporary folder.
    """
    contexts: list[Any] = []
    errors: list[str] = []

    def go(path: str, *, idle: bool = True, **options: Any) -> Any:
        context = chrome.new_context(viewport={"width": 1400, "height": 1000}, **options)
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda e: errors.append(str(e)))
        page.goto(f"{server}{path}")
        if idle:
            page.wait_for_selector(IDLE)
        return page

    yield go
    if getattr(request.node, "failed_in_call", False):
        for n, context in enumerate(contexts):
            context.pages[0].screenshot(path=tmp_path / f"failed-{n}.png")
            print(f"{tmp_path / f'failed-{n}.png'}: {context.pages[0].url}")
    for context in contexts:
        context.close()
    assert not errors
