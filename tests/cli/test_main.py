"""Exit codes, one sentence an error, and jobs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from retrievarium.cli import main
from retrievarium.cli.output import emit, plain, table
from retrievarium.contracts import Cancelled


def run(*argv: str) -> int:
    """The exit code of one command."""
    with pytest.raises(SystemExit) as stop:
        main(list(argv))
    assert isinstance(stop.value.code, int)
    return stop.value.code


def outside(*argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "retrievarium", *argv],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def _fails_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr("retrievarium.cli.system.examine", fail)


def test_help_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    told = capsys.readouterr()
    for command in ("app", "world", "import", "train", "index", "search", "evaluate", "compare", "papers", "claims"):
        assert command in told.out
    assert told.err == ""
    assert run("search", "--help") == 0


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 2
    assert "Usage" in "".join(capsys.readouterr())
    assert run("claims") == 2


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["nonsense"], "nonsense"),
        (["search", "--nope"], "--nope"),
        (["search", "-c"], "-c"),
        (["search"], "--collection"),
        (["search", "-c", "x", "-k", "0", "-q", "a"], "-k"),
        (["search", "-c", "x", "-k", "many", "-q", "a"], "-k"),
        (["world", "--passages", "3"], "--passages"),
        (["doctor", "extra"], "extra"),
    ],
)
def test_what_was_typed_wrongly_is_told_once(argv: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*argv) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("retrievarium: ") == 1
    assert len(told.err.splitlines()) == 1
    assert said in told.err
    assert "--help" in told.err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Cancelled("cancelled at step 3 of 9: encoding")])
def test_stopped(error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _fails_with(monkeypatch, error)
    assert run("doctor") == 130
    assert "Traceback" not in capsys.readouterr().err


def test_our_own_fault_shows_where(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _fails_with(monkeypatch, ZeroDivisionError("by zero"))
    assert run("doctor") == 1
    told = capsys.readouterr()
    assert "ZeroDivisionError: by zero" in told.err
    assert told.out == ""


def test_a_place_that_cannot_be_written_is_told_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for probe in ("_torch", "_minilm", "_bundled"):
        monkeypatch.setattr(f"retrievarium.cli.doctor.{probe}", lambda: "not asked here")
    (tmp_path / "file").write_text("")
    assert run("--workspace", str(tmp_path / "file" / "inside"), "doctor", "--json") == 0  # the check says so itself
    checks = {c["what"]: c for c in json.loads(capsys.readouterr().out)}
    assert checks["workspace"]["ok"] is False
    source = tmp_path / "made"
    source.mkdir()
    (source / "corpus.jsonl").write_text('{"_id": "a", "title": "", "text": "river"}\n')
    (source / "queries.jsonl").write_text('{"_id": "q", "text": "river"}\n')
    assert run("--workspace", str(tmp_path / "file" / "inside"), "import", str(source), "--name", "made") == 2
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    assert "not a directory" in told.err


def test_a_reader_that_goes_away_is_no_fault() -> None:
    shell = f"{sys.executable} -m retrievarium --help | true"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr


# -- what is printed


def test_emit_prints_json_or_words(capsys: pytest.CaptureFixture[str]) -> None:
    import numpy as np

    value = {"a": np.float32(0.5), "b": (Path("x/y"), None), "c": float("nan"), 3: np.int64(4)}
    told = emit(value, True, lambda: "words")
    assert json.loads(capsys.readouterr().out) == told == {"a": 0.5, "b": ["x/y", None], "c": None, "3": 4}
    assert emit(value, False, lambda: "words") == told
    assert capsys.readouterr().out == "words\n"
    with pytest.raises(TypeError, match="no place in JSON"):
        plain({"a": object()})


def test_table_aligns() -> None:
    assert table(["name", "value"], [["a", "10"], ["long", "-3.5"], ["b", "x"]]).splitlines() == [
        "name  value",
        "a        10",
        "long   -3.5",
        "b     x",
    ]


# -- heavy libraries wait until they are needed


@pytest.mark.parametrize(
    "code",
    [
        "import retrievarium",
        "import retrievarium; retrievarium.Run, retrievarium.InputError",
        "from retrievarium.cli import main",
        "import retrievarium.retrievers, retrievarium.evaluation, retrievarium.indexes, retrievarium.encoders",
    ],
)
def test_importing_loads_nothing_heavy(code: str) -> None:
    heavy = (
        "torch transformers sentence_transformers faiss pandas sklearn scipy streamlit umap bm25s ir_measures plotly"
    )
    probe = f"{code}\nimport sys\nprint([m for m in {heavy.split()!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_searching_words_loads_no_torch(collection: Any, tmp_path: Path) -> None:
    folder = collection.save(tmp_path / "kept")
    probe = (
        "import sys, retrievarium as rv\n"
        f"c = rv.load_collection({str(folder)!r})\n"
        "run = rv.BM25(c).search(c.queries)\n"
        "print(rv.evaluate(run, c.qrels, ['nDCG@10'])['nDCG@10'] > 0.5)\n"
        "print([m for m in ('torch', 'transformers', 'sentence_transformers', 'faiss') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=60)
    assert done.stdout.split("\n")[:2] == ["True", "[]"], done.stderr


# -- jobs


def _wait(job: Any, seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while not (status := job.status()).final:
        assert time.monotonic() < deadline, status
        time.sleep(0.05)
    return status


def _beir(folder: Path, n: int = 3) -> Path:
    folder.mkdir()
    (folder / "qrels").mkdir()
    rows = [json.dumps({"_id": f"p{i}", "title": "", "text": f"the river number{i}"}) for i in range(n)]
    (folder / "corpus.jsonl").write_text("\n".join(rows) + "\n")
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "number1"}\n')
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\tp1\t1\n")
    return folder


def test_a_job_writes_status_and_result_and_starts_the_next(tmp_path: Path, ws: Any) -> None:
    source = _beir(tmp_path / "made")
    first = ws.jobs.start(["import", str(source), "--name", "made", "--json"], "import made")
    second = ws.jobs.start(["import", str(tmp_path / "nothing"), "--name", "none"], "import nothing")
    third = ws.jobs.start(["import", str(source), "--name", "again", "--json"], "import again")
    done = _wait(first)
    assert done.state == "done", first.log_tail()
    assert done.result["name"] == "made"
    assert done.result["counts"]["passages"] == 3
    assert json.loads(first.log_tail(1000)) == done.result  # the log is what the command printed
    # nobody looks at the queue: each job starts the one after it, also after a failure
    failed = _wait(second)
    assert failed.state == "failed"
    assert "there is no such file" in (failed.error or "")
    assert _wait(third).state == "done"
    assert sorted(p.name for p in ws.collections.glob("[a-z]*")) == ["again", "made"]


def test_a_job_in_this_process(ws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = ws.root / "jobs" / "00000000000000000001-aaaaaa"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"argv": ["doctor"], "title": "x", "about": {}}')
    monkeypatch.setenv("RETRIEVARIUM_JOB", str(folder))
    from retrievarium.workspace import Job

    for error, code, state, said in (
        (KeyboardInterrupt(), 130, "cancelled", "stopped"),
        (Cancelled("at step 2"), 130, "cancelled", "at step 2"),
        (ZeroDivisionError("by zero"), 1, "failed", "ZeroDivisionError: by zero"),
    ):
        _fails_with(monkeypatch, error)
        assert run("doctor") == code
        status = Job(folder).status()
        assert (status.state, status.pid) == (state, os.getpid())
        assert said in (status.error or "")
    monkeypatch.setattr("retrievarium.cli.system.examine", lambda ws: [])
    assert run("doctor", "--json") == 0
    assert (Job(folder).status().state, Job(folder).status().result) == ("done", [])
    assert run("search", "--nope") == 2
    assert Job(folder).status().state == "failed"
