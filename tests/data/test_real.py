"""Real collections, where a folder of them lies at RETRIEVARIUM_REAL_DATA or beside the checkout."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from retrievarium.data.formats.beir import write_beir
from retrievarium.data.imports import import_collection, read_collection
from retrievarium.data.preflight import preflight
from retrievarium.workspace import Workspace

_NAMED = os.environ.get("RETRIEVARIUM_REAL_DATA")
FOLDER = Path(_NAMED) if _NAMED else Path(__file__).resolve().parents[2].parent / "shared" / "data"
XQUAD = tuple(f"xquad-{code}" for code in ("ar", "de", "en", "es", "zh"))
COUNTS = {
    "squad-dev": (2067, 2500, 2500),
    "entity-wiki": (3807, 699, 715),
    "cranfield": (1400, 225, 1837),
    "hotpotqa-100": (994, 100, 200),
    "xquad-mixed": (1200, 1190, 5950),
    **dict.fromkeys(XQUAD, (240, 1190, 1190)),
}
pytestmark = pytest.mark.skipif(not (FOLDER / "squad-dev").is_dir(), reason="no folder of real collections is at hand")


def found(name: str):  # type: ignore[no-untyped-def]
    collection, _ = read_collection(FOLDER / name)
    return preflight(collection)


@pytest.mark.parametrize("name", COUNTS)
def test_counts_round_trip_and_the_one_thing_true_of_all(name: str, tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "ws")
    start = time.perf_counter()
    collection, report = import_collection(FOLDER / name, name, ws=ws)
    assert time.perf_counter() - start < 5
    assert (len(collection.passages), len(collection.queries), len(collection.qrels)) == COUNTS[name]
    assert report.warnings == []
    told = preflight(collection)
    assert told["splits"].severity == "warning"
    assert "nothing to train on" in told["splits"].sentence
    assert "judged passages on average" in told["judged-share"].sentence
    assert told["unknown-ids"].severity == "ok"
    again, _ = read_collection(write_beir(collection, tmp_path / "out"))
    assert again.fingerprint == collection.fingerprint


def test_cranfield() -> None:
    told = found("cranfield")
    assert set(told["empty"].examples) == {"471", "995"}
    assert "Each of the 225 queries has exactly one passage of grade 0" in told["zero-marker"].sentence
    assert "differ in 225 pairs" in told["files-test-with_source"].sentence
    assert "grade 4: 128" in told["grades"].sentence
    assert told["self-retrieval"].severity == "note"
    assert "up to 39" in told["many-relevant"].sentence


@pytest.mark.parametrize("name", XQUAD)
def test_xquad(name: str) -> None:
    told = found(name)
    assert "None of the 240 passages has a title" in told["titles"].sentence
    assert "8.33%" in told["small"].sentence
    assert f"'{name[-2:]}'" in told["language"].sentence
    if name == "xquad-zh":
        assert "without blanks" in told["language"].sentence
    if name == "xquad-ar":
        assert "right to left" in told["language"].sentence
        assert "UTF-8 that was read as Latin-1" in told["encoding"].sentence


def test_xquad_mixed() -> None:
    assert "5 languages" in found("xquad-mixed")["language"].sentence


def test_squad() -> None:
    told = found("squad-dev")
    assert "1.00 judged passages" in told["judged-share"].sentence
    assert 'by="article"' in told["splits"].advice
    assert told["answers"].severity == "ok"


def test_entity_wiki() -> None:
    told = found("entity-wiki")
    assert "begin their text with their title" in told["titles"].sentence
    assert "no relevant passage holds one" in told["answers"].sentence


def test_hotpotqa() -> None:
    told = found("hotpotqa-100")
    assert "up to 10 points" in told["few-queries"].sentence
    assert "2.00 judged passages" in told["judged-share"].sentence
