"""Drafts: large tables go to a file of their own, and nothing of it stays behind."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import pytest

from retrievarium.contracts import InputError
from retrievarium.data.formats import draft
from retrievarium.data.imports import read_collection


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Drafts that spill after a few rows, into a folder we can look at."""
    spill = tmp_path / "spill"
    spill.mkdir()
    monkeypatch.setattr(draft, "BATCH_ROWS", 16)
    monkeypatch.setattr(draft, "SPILL_BYTES", 2000)
    monkeypatch.setattr(draft.tempfile, "mkdtemp", lambda prefix: str(_made(spill / prefix)))
    return spill


def _made(folder: Path) -> Path:
    folder = folder.with_name(f"{folder.name}{len(list(folder.parent.iterdir()))}")
    folder.mkdir()
    return folder


def folder(root: Path, n: int, twice: bool = False) -> Path:
    rows = [{"_id": f"d{i}", "text": f"text {i}", "metadata": {"lang": "en"} if i > 50 else {}} for i in range(n)]
    rows += rows[:1] if twice else []
    (root / "qrels").mkdir(parents=True)
    (root / "corpus.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    (root / "queries.jsonl").write_text("".join(json.dumps({"_id": f"q{i}", "text": "?"}) + "\n" for i in range(n)))
    (root / "qrels" / "test.tsv").write_text("".join(f"q{i}\td{i}\t1\n" for i in range(n)))
    return root


def test_a_spilled_collection_is_the_same(tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spilled, _ = read_collection(folder(tmp_path / "b", 200))
    assert len(list(small.iterdir())) >= 2
    print_, language = spilled.fingerprint, spilled.passages.column("language")
    assert language is not None
    assert (language[0], language[-1]) == (None, "en")
    monkeypatch.setattr(draft, "SPILL_BYTES", 10**9)
    assert read_collection(tmp_path / "b")[0].fingerprint == print_
    del spilled
    gc.collect()
    assert list(small.iterdir()) == []


def test_a_spilled_draft_that_fails_leaves_nothing(tmp_path: Path, small: Path) -> None:
    with pytest.raises(InputError, match="already used in line 1"):
        read_collection(folder(tmp_path / "b", 200, twice=True))
    gc.collect()
    assert list(small.iterdir()) == []
