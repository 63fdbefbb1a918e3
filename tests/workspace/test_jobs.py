"""Jobs: one at a time, told through files, cancelled cooperatively, dead ones noticed.

A small script stands in for `python -m retrievarium`.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from retrievarium.contracts import Cancelled
from retrievarium.workspace import Job, Jobs, JobStatus, Workspace, write_json
from retrievarium.workspace import jobs as module

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")

WORKER = """
import os, signal, sys, time
from retrievarium.workspace.jobs import job_reporter
from retrievarium.contracts import Cancelled

what, reporter = sys.argv[3], job_reporter()
reporter.every = 0
print("working on", what, os.environ["RETRIEVARIUM_WORKSPACE"], flush=True)
if what == "crash":
    reporter(1, 10, "crashing", {})
    print("something broke", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
try:
    for step in range(1, 4 if what == "quick" else 2000):
        reporter(step, 3 if what == "quick" else 2000, "counting", {"loss": 1 / step})
        time.sleep(0.01)
    reporter.finish("done", result={"answer": 42})
except Cancelled as stop:
    reporter.finish("cancelled", error=str(stop))
"""


def wait(until: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    worker, python = tmp_path / "worker.py", tmp_path / "python"
    worker.write_text(WORKER)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{worker}" "$@"\n')
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(module.sys, "executable", str(python))
    return Workspace(tmp_path / "ws").jobs


def test_from_start_to_done(jobs: Jobs, tmp_path: Path) -> None:
    job = jobs.start(["quick"], "Count to three", method="count")
    wait(lambda: job.status().final)
    status = job.status()
    assert (status.state, status.step, status.total, status.what) == ("done", 3, 3, "counting")
    assert status.result == {"answer": 42}
    assert [m["step"] for m in job.metrics()] == [1, 2, 3]
    assert job.metrics()[1]["loss"] == 0.5
    assert f"working on quick {tmp_path / 'ws'}" in job.log_tail()
    assert job.title == "Count to three"
    found = jobs.find(method="count")
    assert found is not None
    assert found.id == job.id
    assert jobs[job.id].id == job.id
    assert jobs.find(method="other") is None


def test_one_at_a_time_in_the_order_asked_for(jobs: Jobs) -> None:
    first, second, third = (jobs.start([w], w) for w in ("long", "quick", "quick"))
    wait(lambda: first.status().step > 2)
    assert second.status().state == third.status().state == "queued"
    assert (jobs.position(first), jobs.position(second), jobs.position(third)) == (0, 1, 2)
    assert jobs.advance() is None
    assert first.status().eta is not None
    third.cancel()
    assert third.status().state == "cancelled"
    first.cancel()
    wait(lambda: first.status().final)
    assert first.status().state == "cancelled"
    assert "counting" in str(first.status().error)
    started = jobs.advance()
    assert started is not None
    assert started.id == second.id
    wait(lambda: second.status().final)
    assert jobs.advance() is None
    assert third.status().state == "cancelled"
    assert [j.id for j in jobs.all()] == [third.id, second.id, first.id]


def test_a_process_that_vanished_is_died(jobs: Jobs) -> None:
    job = jobs.start(["crash"], "crash")
    wait(lambda: job.status().final)
    status = job.status()
    assert status.state == "died"
    assert "something broke" in str(status.error)
    after = jobs.start(["quick"], "next")
    wait(lambda: after.status().final)
    assert after.status().state == "done"


def test_terminate_for_one_that_does_not_listen(jobs: Jobs) -> None:
    job = jobs.start(["long"], "long")
    wait(lambda: job.status().step > 1)
    pid = job.status().pid
    assert pid is not None
    job.terminate()
    assert job.status().state == "cancelled"
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_number_given_to_another_process_does_not_count(tmp_path: Path) -> None:
    job = Job(tmp_path)
    long_ago = psutil.Process().create_time() - 3600
    running = {"state": "running", "pid": os.getpid(), "heartbeat": long_ago}
    write_json(tmp_path / "status.json", running)
    assert job.status().state == "died"
    write_json(tmp_path / "status.json", running | {"heartbeat": time.time()})
    assert job.status().state == "running"


def test_outside_the_folder_there_are_no_jobs(jobs: Jobs, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    for name in ("nothing", "../..", str(tmp_path)):
        with pytest.raises(KeyError):
            _ = jobs[name]


def test_the_reporter(tmp_path: Path) -> None:
    progress = module.JobReporter(tmp_path)
    progress(1, 4, "loading", {})
    progress(4, 4, "loading", {"loss": 0.25})
    job = Job(tmp_path)
    assert job.status().metrics == {"loss": 0.25}
    (tmp_path / "metrics.jsonl").open("a").write('{"step": 9, "lo')  # half written
    assert job.metrics() == [{"step": 4, "what": "loading", "loss": 0.25}]
    (tmp_path / "CANCEL").touch()
    with pytest.raises(Cancelled, match="step 4 of 4"):
        progress(4, 4, "loading", {})


def test_a_reporter_may_finish_without_a_word_before(tmp_path: Path) -> None:
    module.JobReporter(tmp_path).finish("failed", error="no such collection")
    assert Job(tmp_path).status().error == "no such collection"
    assert JobStatus("failed").final
    assert not JobStatus("queued").final
