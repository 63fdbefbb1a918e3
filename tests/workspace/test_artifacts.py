"""Artifacts: made once, whole or not at all, whichever process asks."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from retrievarium.workspace import (
    Workspace,
    atomic_write,
    content_hash,
    file_hash,
    read_json,
    use_workspace,
    workspace,
    write_json,
)

KEY = {"method": "dpr", "seed": 1, "nested": {"a": [1, 2.5, None]}}


def test_made_once(tmp_path: Path) -> None:
    ws, calls = Workspace(tmp_path), []

    def make(folder: Path) -> None:
        calls.append(folder)
        (folder / "weights").write_text("w")

    assert not ws.artifact("models", KEY).exists
    path = ws.build("models", KEY, make)
    assert ws.build("models", KEY, make) == path
    assert len(calls) == 1
    assert (path / "weights").read_text() == "w"
    found = ws.list("models")
    assert [dict(a.key) for a in found] == [KEY]
    assert found[0].path == path == ws.artifact("models", KEY).path
    assert ws.list("indexes") == []


def test_a_failed_build_leaves_nothing_but_its_scratch(tmp_path: Path) -> None:
    ws = Workspace(tmp_path)

    def fail(folder: Path) -> None:
        (folder / "half").touch()
        scratch = ws.scratch("models", KEY)
        scratch.mkdir(parents=True)
        (scratch / "step-100").touch()
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        ws.build("models", KEY, fail)
    assert list((tmp_path / "artifacts" / "models").iterdir()) == []
    assert (ws.scratch("models", KEY) / "step-100").exists()
    ws.build("models", KEY, lambda folder: None)
    assert not ws.scratch("models", KEY).exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from retrievarium.workspace import Workspace

def make(folder):
    (folder / "half").touch()
    os.kill(os.getpid(), signal.SIGKILL)

Workspace(sys.argv[1]).build("models", {"k": 1}, make)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_build_is_no_artifact_and_is_swept(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    ws = Workspace(tmp_path)
    assert not ws.artifact("models", {"k": 1}).exists
    assert ws.list("models") == []
    path = ws.build("models", {"k": 1}, lambda folder: (folder / "whole").touch())
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert not (path / "half").exists()


def _build(root: str, log: str) -> None:
    def make(folder: Path) -> None:
        with open(log, "a") as out:
            out.write(f"{os.getpid()}\n")
        time.sleep(0.5)
        (folder / "whole").touch()

    path = Workspace(root).build("models", {"k": 1}, make)
    assert (path / "whole").exists()


def test_a_second_process_waits_and_loads(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    log = tmp_path / "log"
    workers = [context.Process(target=_build, args=(str(tmp_path / "ws"), str(log))) for _ in range(3)]
    for w in workers:
        w.start()
    for w in workers:
        w.join(60)
    assert [w.exitcode for w in workers] == [0, 0, 0]
    assert len(log.read_text().split()) == 1


def test_threads_may_write_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    failures: list[Exception] = []

    def write(n: int) -> None:
        try:
            for _ in range(50):
                write_json(path, {"n": n})
        except OSError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert failures == []
    assert read_json(path)["n"] in range(4)
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]


def test_atomic_write_keeps_the_old_file_on_an_error(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "f"
    with atomic_write(path) as temporary:
        temporary.write_text("old")

    def fail() -> None:
        with atomic_write(path) as temporary:
            temporary.write_text("new")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert path.read_text() == "old"
    assert [p.name for p in path.parent.iterdir()] == ["f"]
    assert len(file_hash(path)) == 64


def test_content_hash_is_of_content() -> None:
    assert content_hash({"a": 1, "b": [2]}) == content_hash({"b": [2], "a": 1})
    assert content_hash({"a": 1}) != content_hash({"a": "1"})
    assert content_hash((1, 2)) == content_hash([1, 2])
    assert len(content_hash("ä")) == 16
    with pytest.raises(ValueError, match="JSON"):
        content_hash(float("nan"))


def test_which_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import retrievarium.workspace.artifacts as module

    monkeypatch.setattr(module, "_chosen", None)
    monkeypatch.setenv("RETRIEVARIUM_WORKSPACE", str(tmp_path / "env"))
    assert workspace().root == (tmp_path / "env").resolve()
    use_workspace(tmp_path / "chosen")
    assert workspace().root == (tmp_path / "chosen").resolve()
    monkeypatch.setattr(module, "_chosen", None)
    monkeypatch.delenv("RETRIEVARIUM_WORKSPACE")
    assert "retrievarium" in str(workspace().root)
    assert not workspace().root.is_relative_to(tmp_path)
