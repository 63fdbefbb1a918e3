"""The dashboard's parts: text that is never trusted, archives, runs, links, code, tasks."""

from __future__ import annotations

import io
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from retrievarium.analysis import Mark, passage_marks
from retrievarium.contracts import InputError, Run

HOSTILE = '<script>alert(1)</script> "quoted" \u202eevil\u202c **bold** [x](javascript:alert(1)) & \x00\x1b'


# -- text


def test_hostile_text_is_escaped_whole_and_marked() -> None:
    from components.text import escaped, isolated, marked

    assert "<" not in escaped(HOSTILE)
    assert '"' not in escaped(HOSTILE)
    assert "\x00" not in escaped(HOSTILE)
    told = marked(HOSTILE, passage_marks(HOSTILE, ["alert"], ["quoted"]))
    assert "<script" not in told
    assert '<mark class="rv-answer">alert</mark>' in told
    assert '<mark class="rv-term">quoted</mark>' in told
    assert isolated("x", "bdi") == '<bdi dir="auto">x</bdi>'


@given(some.text(), some.lists(some.tuples(some.integers(0, 30), some.integers(1, 10), some.booleans())))
def test_marked_text_reads_as_the_text_itself(text: str, spans: list[tuple[int, int, bool]]) -> None:
    from html.parser import HTMLParser

    from components.text import _CONTROL, marked

    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__(convert_charrefs=True)
            self.text, self.tags = "", set[str]()

        def handle_starttag(self, tag: str, attrs: Any) -> None:
            self.tags.add(tag)

        def handle_data(self, data: str) -> None:
            self.text += data

    marks = sorted(
        (Mark(a, min(a + n, len(text)), "answer" if x else "term") for a, n, x in spans if a < len(text)),
        key=lambda m: m.start,
    )
    reader = Reader()
    reader.feed(marked(text, marks))
    reader.close()
    assert reader.text == _CONTROL.sub("\ufffd", text)
    assert reader.tags <= {"mark"}


def test_the_window_holds_a_far_answer() -> None:
    from components.text import window

    text = "word " * 400 + "the Danube flows here " + "word " * 50
    start, stop = window(text, passage_marks(text, ["Danube"], []))
    assert "Danube" in text[start:stop]
    assert stop - start <= 300
    assert window("short", []) == (0, 5)


# -- archives


def _zip(entries: dict[str, bytes | str], path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in entries.items():
            out.writestr(name, data)
    return path


def test_a_folder_in_a_zip_is_found(tmp_path: Path) -> None:
    from components.unpack import unpack

    archive = _zip(
        {"mine/corpus.jsonl": "{}", "mine/qrels/test.tsv": "x", "__MACOSX/._corpus.jsonl": "y"}, tmp_path / "a.zip"
    )
    found = unpack(archive, _new(tmp_path))
    assert sorted(p.relative_to(found).as_posix() for p in found.rglob("*.*")) == ["corpus.jsonl", "qrels/test.tsv"]


def _new(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    "name", ["../evil.jsonl", "/etc/evil.jsonl", "a/../../evil.jsonl", "..\\evil.jsonl", "C:evil.jsonl"]
)
def test_a_path_out_of_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    from components.unpack import unpack

    archive = _zip({name: "{}"}, tmp_path / "a.zip")
    with pytest.raises(InputError, match="outside of itself"):
        unpack(archive, _new(tmp_path))
    assert not list(tmp_path.rglob("evil*"))


def test_a_link_is_refused(tmp_path: Path) -> None:
    from components.unpack import unpack

    member = zipfile.ZipInfo("corpus.jsonl")
    member.external_attr = 0o120777 << 16
    archive = _zip({}, tmp_path / "a.zip")
    with zipfile.ZipFile(archive, "a") as out:
        out.writestr(member, "/etc/passwd")
    with pytest.raises(InputError, match="a link"):
        unpack(archive, _new(tmp_path))


def test_a_bomb_is_stopped_as_it_unpacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from components import unpack

    archive = _zip({"corpus.jsonl": b"\0" * 40_000_000}, tmp_path / "a.zip")
    assert archive.stat().st_size < 100_000
    with pytest.raises(InputError, match="far more"):
        unpack.unpack(archive, _new(tmp_path))
    assert sum(p.stat().st_size for p in (tmp_path / "out").rglob("*") if p.is_file()) < 30_000_000
    monkeypatch.setattr(unpack, "LARGEST", 1000)
    (tmp_path / "more").mkdir()
    with pytest.raises(InputError, match="far more"):
        unpack.unpack(_zip({"corpus.jsonl": "x" * 2000}, tmp_path / "b.zip"), tmp_path / "more")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 broken", b"no zip at all"])
def test_what_is_no_zip_is_a_sentence(tmp_path: Path, data: bytes) -> None:
    from components.unpack import unpack

    path = tmp_path / "a.zip"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.zip"):
        unpack(path, _new(tmp_path))


# -- uploads


@pytest.mark.parametrize(
    ("name", "tamed"),
    [
        ("../../x.trec", "x.trec"),
        ("C:\\a\\b c.run", "b-c.run"),
        (".hidden", "hidden"),
        ("", "upload"),
        ("\u202e.x", "x"),
    ],
)
def test_upload_names_lose_their_folders(name: str, tamed: str) -> None:
    from components.uploads import tame

    assert tame(name) == tamed


class Upload(io.BytesIO):
    def __init__(self, name: str, data: str) -> None:
        super().__init__(data.encode("utf-8"))
        self.name = name


def test_the_preview_reads_tables_only() -> None:
    from components.preview import head

    assert head(Upload("a.csv", 'id,text\n1,"a, b"\n')) == (["id", "text"], [["1", "a, b"]])
    assert head(Upload("a.tsv", "id\ttext\n1\tb\n")) == (["id", "text"], [["1", "b"]])
    assert head(Upload("a.jsonl", '{"id": 1, "body": "x"}\nnot json\n')) == (["id", "body"], [["1", "x"]])
    assert head(Upload("a.json", "{}")) is None
    assert head(Upload("a.parquet", "no parquet")) is None


# -- runs


def test_an_uploaded_run_is_checked_kept_and_listed(small: Any, tmp_path: Path) -> None:
    import sources

    path = tmp_path / "other.trec"
    path.write_text("e1 Q0 p9 1 2.0 x\ne1 Q0 nowhere 2 1.0 x\nzz Q0 p1 1 1.0 x\n", encoding="utf-8")
    checked = sources.check_run(path, small)
    assert (checked.queries_known, checked.queries_unknown, checked.results_dropped) == (1, 1, 1)
    assert sources.keep_run(checked, "other", small) == "run:other"
    assert sources.imported_runs(small) == ["other"]
    assert "run:other" in sources.names(small)
    assert sources.load_imported(small, "other").to_dict() == {"e1": {"p9": 2.0}}
    with pytest.raises(InputError, match="cannot name a run"):
        sources.keep_run(checked, "../x", small)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("e1 Q0 p9 1 2.0\n", "line 1"),
        ("e1 Q0 p9 1 2.0 x\ne1 Q0 p8 2 many x\n", "line 2, field 'score'"),
        ("zz Q0 p9 1 2.0 x\n", "none of the run's 1 queries"),
        ("e1 Q0 nowhere 1 2.0 x\n", "none of the run's documents"),
    ],
)
def test_a_wrong_run_says_where(small: Any, tmp_path: Path, text: str, told: str) -> None:
    import sources

    path = tmp_path / "bad.trec"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        sources.check_run(path, small)
    assert told in str(caught.value)


def test_names_in_combinations(small: Any) -> None:
    import sources

    assert sources.parts("0.3 * bm25 + 0.7 * minilm") == ["bm25", "minilm"]
    assert sources.parts("bm25 % 100 >> minilm") == ["bm25", "minilm"]
    assert sources.parts("run:x") == ["run:x"]
    assert sources.wants("bm25", small) == []
    assert [w.name for w in sources.wants("bm25 + minilm", small)] == ["minilm"]
    assert "there is no retriever" in sources.why_not("bm26", small)


# -- kept runs are the library's own


def test_kept_runs_equal_a_direct_search(small: Any) -> None:
    import columns as answers
    from retrievarium import BM25

    run = answers.run_task(small, "test", "bm25").result()
    assert run == BM25(small).search(small.queries, answers.DEPTH)
    again = answers._base_run(small, "test", "bm25").top(answers.DEPTH)
    assert again == run


def test_a_fusion_of_kept_runs_equals_the_library(small: Any, tmp_path: Path) -> None:
    import columns as answers
    import sources
    from retrievarium import BM25, FrozenRun, fuse_rrf

    other = Run.from_dict({q: {p: 1.0 / (n + 1) for n, p in enumerate(small.passages.ids)} for q in small.queries.ids})
    sources.keep_run(sources.Checked(other, 5, 0, 0), "other", small)
    run = answers.run_task(small, "test", "bm25 + 'run:other'").result()
    direct = fuse_rrf(BM25(small), FrozenRun(other)).search(small.queries, answers.DEPTH)
    assert run.to_dict() == direct.to_dict()


# -- links, code, CSV


def _selection(**changes: Any) -> Any:
    import state

    return state.Selection("small", ("bm25", "bm25 % 2"), "e4", split="test", k=3).with_(**changes)


def test_the_copied_code_runs_and_reproduces_the_view(small: Any, capsys: pytest.CaptureFixture[str]) -> None:
    import columns as answers
    from components import share

    text = share.code(small, _selection())
    assert len(text.splitlines()) <= 9
    scope: dict[str, Any] = {}
    exec(compile(text, "copied", "exec"), scope)
    told = capsys.readouterr().out
    assert "nDCG@10" in told
    columns = answers.columns(small, _selection(), "e4", small.all_queries["e4"].text)
    for column in columns:
        answers.desk().peek(column.keys[0]).wait(10) if column.keys else None
    columns = answers.columns(small, _selection(), "e4", small.all_queries["e4"].text)
    for column in columns:
        assert column.ranking is not None
        assert scope["runs"][column.name]["e4"].ids == column.ranking.ids[:3]


def test_the_copied_code_runs_for_a_question_of_ones_own(small: Any) -> None:
    from components import share

    scope: dict[str, Any] = {}
    exec(compile(share.code(small, _selection(ask='it\'s a "bird"\n')), "copied", "exec"), scope)
    assert scope["runs"]["bm25"]["q"].ids[0] == "p7"


def test_the_copied_code_names_imported_runs(small: Any) -> None:
    import sources
    from components import share

    sources.keep_run(sources.Checked(Run.from_dict({"e1": {"p9": 1.0}}), 1, 0, 0), "other-run", small)
    text = share.code(small, _selection(retrievers=("run:other-run", "bm25 + 'run:other-run'"), query="e1"))
    scope: dict[str, Any] = {}
    exec(compile(text, "copied", "exec"), scope)
    assert scope["runs"]["run:other-run"]["e1"].ids == ("p9",)


def test_a_link_carries_the_whole_state(small: Any) -> None:
    from urllib.parse import parse_qs, urlsplit

    import state

    address = urlsplit(state.link(_selection()))
    assert address.path == "/compare"
    told = parse_qs(address.query)
    assert told == {"c": ["small"], "r": ["bm25", "bm25 % 2"], "q": ["e4"], "s": ["test"], "k": ["3"], "m": ["nDCG@10"]}


def test_csv_has_no_formulas(small: Any) -> None:
    from components.share import _cell

    assert _cell("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert _cell("plain") == "plain"


# -- tasks


def test_a_task_is_worked_on_once_and_tells_its_error() -> None:
    from desk import Desk

    desk, gate, calls = Desk(), threading.Event(), []

    def work() -> str:
        calls.append(1)
        gate.wait(5)
        return "done"

    first, second = desk.task("k", work), desk.task("k", work)
    assert first is second
    assert first.state == "working"
    assert first.value is None
    gate.set()
    assert first.wait(5).value == "done"
    assert len(calls) == 1

    def wrong() -> None:
        raise InputError("it is wrong", fix="mend it")

    failed = desk.task("w", wrong).wait(5)
    assert failed.state == "failed"
    assert "mend it" in failed.error
    desk.forget_failed()
    assert desk.peek("w") is None
    assert desk.peek("k") is first
