"""Names: what may be one, what they find, and what is never overwritten."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from retrievarium.contracts import InputError, MissingError
from retrievarium.data import Collection
from retrievarium.data.library import available, check_name, load_collection, save_collection
from retrievarium.workspace import Workspace


def made(text: str = "x") -> Collection:
    return Collection(
        "any", pa.table({"id": ["a"], "title": [""], "text": [text]}), pa.table({"id": ["q"], "text": ["?"]})
    )


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "-a", " a", "a" * 81, "ä", "a\n", ".hidden"])
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="cannot name a collection"):
        check_name(name)


@pytest.mark.parametrize("name", ["squad-dev", "a", "0.1_x", "a" * 80])
def test_names_that_pass(name: str) -> None:
    assert check_name(name) == name


def test_saved_found_and_listed(tmp_path: Path) -> None:
    ws = Workspace(tmp_path)
    save_collection(made(), "b", ws)
    save_collection(made("y"), "a", ws)
    own = [n for n in available(ws) if n in ("a", "b")]
    assert own == ["a", "b"]
    assert load_collection("b", ws).name == "b"
    assert load_collection(ws.collections / "b", ws).fingerprint == made().fingerprint
    assert load_collection("b", ws) is load_collection("b", ws)


def test_replacing(tmp_path: Path) -> None:
    ws = Workspace(tmp_path)
    save_collection(made(), "a", ws)
    before = load_collection("a", ws)
    with pytest.raises(InputError, match="already has another"):
        save_collection(made("y"), "a", ws)
    save_collection(made("y"), "a", ws, replace=True)
    assert load_collection("a", ws).passages.texts == ("y",)
    assert before.passages.texts == ("x",)  # what is open stays as it was
    assert [p.name for p in ws.collections.iterdir()] == ["a"]


def test_the_bundled_names_are_taken(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="bundled"):
        save_collection(made(), "world", Workspace(tmp_path))


def test_a_failed_save_keeps_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ws = Workspace(tmp_path)
    save_collection(made(), "a", ws)

    def fail(self: Collection, folder: Path) -> Path:
        folder.mkdir()
        (folder / "half").touch()
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(Collection, "save", fail)
        with pytest.raises(OSError, match="disk full"):
            save_collection(made("y"), "a", ws, replace=True)
    assert load_collection("a", ws).passages.texts == ("x",)
    assert [p.name for p in ws.collections.iterdir()] == ["a"]


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    ws = Workspace(tmp_path)
    (ws.collections / ".a.12345678").mkdir(parents=True)
    assert available(ws) == available(Workspace(tmp_path / "empty"))
    save_collection(made(), "a", ws)
    assert [p.name for p in ws.collections.iterdir()] == ["a"]


def test_an_unknown_name_says_what_there_is(tmp_path: Path) -> None:
    ws = Workspace(tmp_path)
    save_collection(made(), "mine", ws)
    with pytest.raises(MissingError, match="'mine'"):
        load_collection("yours", ws)


def test_a_path_is_read_without_being_kept(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "ws")
    (tmp_path / "corpus.jsonl").write_text('{"_id": "d", "text": "x"}\n')
    assert load_collection(tmp_path, ws).passages.ids == ("d",)
    assert not ws.root.exists()
