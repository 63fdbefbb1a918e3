"""Work that a page may wait for without blocking: small tasks in threads of the server, each remembered by its key.

Whatever takes longer than a few seconds by nature (encoding, training, generating) is a job in a process of its own,
see `components/jobs.py`; here are searches, loads and evaluations.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from typing import Any

import streamlit as st

from retrievarium.contracts import RetrievariumError

_KEPT = 160  # finished tasks that are remembered; a run of 2,500 queries takes about 4 MB
_LOG = logging.getLogger("retrievarium.app")


class Task:
    """One piece of work: `working`, `ready` with a value, or `failed` with a sentence."""

    def __init__(self, future: Future[Any]) -> None:
        self._future = future
        self.since = time.monotonic()

    @property
    def state(self) -> str:
        if not self._future.done():
            return "working"
        return "failed" if self._future.exception() else "ready"

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.since

    def wait(self, seconds: float) -> Task:
        """Give the work a moment; returns self, whatever the state."""
        with suppress(NotYet):
            self._future.exception(timeout=max(0.0, seconds))
        return self

    @property
    def value(self) -> Any:
        """The result; None while there is none."""
        return self._future.result() if self.state == "ready" else None

    def result(self) -> Any:
        """The result, waited for; raises what the work raised."""
        return self._future.result()

    @property
    def error(self) -> str:
        fault = self._future.exception() if self._future.done() else None
        if fault is None:
            return ""
        return str(fault) if isinstance(fault, RetrievariumError) else f"{type(fault).__name__}: {fault}"


class Desk:
    """Tasks by key. The same key is worked on once, whoever asks; the least recently used are forgotten."""

    def __init__(self) -> None:
        # a task may wait for one of the pools before its own, never for its own: so nothing waits in a circle
        self._pools = {
            "load": ThreadPoolExecutor(3, thread_name_prefix="load"),
            "ask": ThreadPoolExecutor(3, thread_name_prefix="ask"),
            "whole": ThreadPoolExecutor(2, thread_name_prefix="whole"),  # all queries
        }
        self._tasks: OrderedDict[Hashable, Task] = OrderedDict()
        self._lock = threading.Lock()

    def task(self, key: Hashable, work: Callable[[], Any], pool: str = "ask") -> Task:
        with self._lock:
            known = self._tasks.get(key)
            if known is None:
                known = self._tasks[key] = Task(self._pools[pool].submit(_logged, work))
                self._forget_old()
            self._tasks.move_to_end(key)
            return known

    def peek(self, key: Hashable) -> Task | None:
        with self._lock:
            return self._tasks.get(key)

    def forget(self, key: Hashable) -> None:
        """Let a failed or outdated task be tried again."""
        with self._lock:
            self._tasks.pop(key, None)

    def forget_failed(self) -> None:
        with self._lock:
            for key in [k for k, t in self._tasks.items() if t.state == "failed"]:
                del self._tasks[key]

    def _forget_old(self) -> None:
        for key in list(self._tasks):
            if len(self._tasks) <= _KEPT:
                return
            if self._tasks[key].state != "working":
                del self._tasks[key]


def _logged(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except RetrievariumError:
        raise  # a sentence for the person at the page
    except Exception:
        if threading.main_thread().is_alive():  # a server that stops cuts its tasks short: no news
            _LOG.exception("a task of the dashboard failed")
        raise


@st.cache_resource(max_entries=1, show_spinner=False)
def desk() -> Desk:
    """The server's one desk, shared by all sessions."""
    return Desk()
