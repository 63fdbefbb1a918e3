"""Long work in processes of their own: the same command line a person could type, seen through files.

    jobs/<id>/config.json    argv and title, written first
              status.json    replaced atomically: state, step, total, eta, metrics, pid, started, heartbeat
              metrics.jsonl  append-only
              log.txt        standard output and error
              CANCEL         asks the process to stop at its next step

The folder is the truth: a browser refresh or a restart of the server loses nothing. One job runs at a time; the
others wait in the order they were asked for.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock

from retrievarium.contracts import Cancelled
from retrievarium.workspace.files import read_json, write_json

_GRACE_SECONDS = 10.0
_QUEUE_LOCK = "queue.lock"
JOB_VARIABLE = "RETRIEVARIUM_JOB"  # tells the process which job folder is its own
FINAL = ("done", "failed", "cancelled", "died")


@dataclass(frozen=True)
class JobStatus:
    state: str  # queued, running, done, failed, cancelled, died
    step: int = 0
    total: int = 0
    what: str = ""
    eta: float | None = None  # seconds
    metrics: dict[str, float] = field(default_factory=dict)
    pid: int | None = None
    started: float | None = None  # seconds since the epoch
    heartbeat: float | None = None
    result: Any = None
    error: str | None = None

    @property
    def final(self) -> bool:
        return self.state in FINAL


class Job:
    """One job folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name

    @property
    def config(self) -> dict[str, Any]:
        return read_json(self.folder / "config.json")

    @property
    def title(self) -> str:
        return str(self.config["title"])

    def status(self) -> JobStatus:
        """The state as the files tell it; a process that vanished without a word is `died`."""
        path = self.folder / "status.json"
        status = JobStatus(**read_json(path)) if path.is_file() else JobStatus("queued")
        if status.state == "running" and not _alive(status.pid, status.heartbeat):
            again = JobStatus(**read_json(path))  # it may have finished between the two looks
            if again.state == "running":
                return JobStatus(**{**asdict(again), "state": "died", "error": self.log_tail(20)})
            return again
        return status

    def metrics(self) -> list[dict[str, Any]]:
        """Rows of numbers in the order they came, each with its `step` and `what`, the stage it belongs to."""
        path = self.folder / "metrics.jsonl"
        if not path.is_file():
            return []
        lines = path.read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines[:-1] if line]  # the last piece may be half written

    def log_tail(self, lines: int = 20) -> str:
        path = self.folder / "log.txt"
        if not path.is_file():
            return ""
        with path.open("rb") as source:
            source.seek(max(0, path.stat().st_size - 16_384))
            text = source.read().decode("utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def cancel(self) -> None:
        """Ask the process to stop at its next step; a queued job is cancelled at once."""
        (self.folder / "CANCEL").touch()
        with FileLock(self.folder.parent / _QUEUE_LOCK):  # or it might be launched between the look and the word
            if self.status().state == "queued":
                write_json(self.folder / "status.json", asdict(JobStatus("cancelled")))

    def terminate(self) -> None:
        """For a process that does not answer to `cancel`: SIGTERM to its group, then SIGKILL."""
        pid = self.status().pid
        if pid is None or not _alive(pid):
            return
        for sign in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
            try:
                if hasattr(os, "killpg"):
                    os.killpg(pid, sign)
                else:
                    os.kill(pid, sign)
            except ProcessLookupError:
                return
            deadline = time.monotonic() + _GRACE_SECONDS
            while time.monotonic() < deadline and _alive(pid):
                time.sleep(0.1)
        status = self.status()
        if not status.final or status.state == "died":
            write_json(self.folder / "status.json", asdict(JobStatus(**{**asdict(status), "state": "cancelled"})))


def _alive(pid: int | None, heartbeat: float | None = None) -> bool:
    """Whether the process lives. One that began after the last heartbeat is another that was given the same number."""
    if pid is None:
        return False
    try:
        process = psutil.Process(pid)
        if heartbeat is not None and process.create_time() > heartbeat + 2:
            return False
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Jobs:
    """The job folders of a workspace and their queue."""

    def __init__(self, root: Path, environment: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.environment = dict(environment or {})

    def all(self) -> list[Job]:
        """Newest first."""
        found = sorted(self.root.glob("*/config.json"), key=lambda p: p.parent.name, reverse=True)
        return [Job(p.parent) for p in found]

    def __getitem__(self, job_id: str) -> Job:
        folder = self.root / Path(job_id).name  # never outside the jobs folder
        if not (folder / "config.json").is_file():
            raise KeyError(job_id)
        return Job(folder)

    def start(self, argv: Sequence[str], title: str, **about: Any) -> Job:
        """Queue `python -m retrievarium <argv>`; it runs when no other job does. `about` is kept in config.json."""
        folder = self.root / f"{time.time_ns():020d}-{uuid.uuid4().hex[:6]}"
        folder.mkdir(parents=True)
        write_json(folder / "config.json", {"argv": list(argv), "title": title, "about": about})
        self.advance()
        return Job(folder)

    def find(self, **about: Any) -> Job | None:
        """The newest job that was started with exactly these `about` fields."""
        return next((j for j in self.all() if j.config["about"] == about), None)

    def position(self, job: Job) -> int:
        """How many jobs stand before this queued one."""
        waiting = [j for j in reversed(self.all()) if not j.status().final]
        return next((i for i, j in enumerate(waiting) if j.id == job.id), 0)

    def advance(self) -> Job | None:
        """Start the oldest queued job if none runs. Call it whenever you look at the queue."""
        self.root.mkdir(parents=True, exist_ok=True)
        with FileLock(self.root / _QUEUE_LOCK):
            waiting = None
            for job in reversed(self.all()):
                state = job.status().state
                if state == "running":
                    return None
                if state == "queued" and waiting is None:
                    waiting = job
            if waiting is not None:
                self._launch(waiting)
            return waiting

    def _launch(self, job: Job) -> None:
        command = [sys.executable, "-m", "retrievarium", *job.config["argv"]]
        environment = {**os.environ, **self.environment, JOB_VARIABLE: str(job.folder), "PYTHONUNBUFFERED": "1"}
        with (job.folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        started = time.time()
        if not (job.folder / "status.json").exists():  # a quick process may have told more already
            write_json(
                job.folder / "status.json",
                asdict(JobStatus("running", what="starting", pid=process.pid, started=started, heartbeat=started)),
            )


class JobReporter:
    """The process's side of a job folder: writes status and metrics, and answers to CANCEL."""

    def __init__(self, folder: Path, every: float = 0.3) -> None:
        self.folder, self.every = folder, every
        self.started = time.time()
        self._last = 0.0
        self._stage: tuple[str, float, int] = ("", self.started, 0)

    def __call__(self, done: int, total: int, what: str, metrics: Mapping[str, float]) -> None:
        if metrics:
            line = json.dumps({"step": done, "what": what, **{k: float(v) for k, v in metrics.items()}})
            with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as out:
                out.write(line + "\n")
        now = time.time()
        if what != self._stage[0]:
            self._stage = (what, now, done)
        stop = (self.folder / "CANCEL").exists()
        if now - self._last >= self.every or done >= total or stop:
            self._last = now
            _, since, first = self._stage
            eta = (now - since) / (done - first) * (total - done) if done > first else None
            self.write("running", step=done, total=total, what=what, eta=eta, metrics=dict(metrics))
        if stop:
            raise Cancelled(f"cancelled at step {done} of {total}: {what}")

    def write(self, state: str, **fields: Any) -> None:
        status = JobStatus(state, pid=os.getpid(), started=self.started, heartbeat=time.time(), **fields)
        write_json(self.folder / "status.json", asdict(status))

    def finish(self, state: str, *, result: Any = None, error: str | None = None) -> None:
        """Write the final state, keeping how far the work came."""
        path = self.folder / "status.json"
        last = JobStatus(**read_json(path)) if path.is_file() else JobStatus(state)
        self.write(
            state,
            step=last.step,
            total=last.total,
            what=last.what,
            metrics=last.metrics,
            result=result,
            error=error,
        )


def job_reporter() -> JobReporter | None:
    """The reporter of the job that this process works on; None for a process that a person started."""
    folder = os.environ.get(JOB_VARIABLE)
    return JobReporter(Path(folder)) if folder else None
