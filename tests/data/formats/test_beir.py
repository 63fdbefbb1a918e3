"""BEIR folders: what becomes of each field, round trips, gzip, judgements that do not fit."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrievarium.contracts import InputError
from retrievarium.data import Collection
from retrievarium.data.collection import qrels_table
from retrievarium.data.formats.beir import write_beir
from retrievarium.data.imports import import_collection, read_collection
from retrievarium.data.library import load_collection
from retrievarium.workspace import Workspace


def beir(folder: Path, corpus: list[dict], queries: list[dict] | None, **qrels: str) -> Path:
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text("".join(json.dumps(r) + "\n" for r in corpus), encoding="utf-8")
    if queries is not None:
        (folder / "queries.jsonl").write_text("".join(json.dumps(r) + "\n" for r in queries), encoding="utf-8")
    for split, text in qrels.items():
        (folder / "qrels" / f"{split}.tsv").write_text(text, encoding="utf-8")
    return folder


CORPUS = [
    {"_id": "d1", "title": "Cork", "text": "A city.", "metadata": {"lang": "en", "article": "Cork_(city)", "n": 1}},
    {"_id": "d2", "title": None, "text": "Bark of an oak.", "url": "http://x"},
    {"_id": 3, "text": ""},
]
QUERIES = [
    {
        "_id": "q1",
        "text": "Which city?",
        "metadata": {"answers": ["Cork", "Cork"], "popularity": 7, "type": "bridge", "level": "easy"},
    },
    {"_id": "q2", "text": "Which tree?"},
]
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq2\td2\t1\nq1\td2\t0\n"


def test_fields_become_columns_and_the_rest_stays_in_metadata(tmp_path: Path) -> None:
    collection, report = read_collection(beir(tmp_path / "b", CORPUS, QUERIES, test=QRELS, with_source=QRELS))
    assert collection.passages.ids == ("d1", "d2", "3")
    assert collection.passages.titles == ("Cork", "", "")
    first = collection.passages["d1"]
    assert (first.fields["language"], first.fields["document"]) == ("en", "Cork_(city)")
    assert json.loads(first.fields["metadata"]) == {"n": 1}
    assert json.loads(collection.passages["d2"].fields["metadata"]) == {"url": "http://x"}
    query = collection.queries["q1"]
    assert (query.answers, query.popularity, query.kind) == (("Cork",), 7, "bridge")
    assert query.metadata == {"level": "easy"}
    assert collection.splits == ("test", "with_source")
    assert collection.default_split == "test"
    assert collection.qrels.judged("q1") == {"d1": 2, "d2": 0}
    assert collection.language == "en"
    assert report.counts == {"passages": 3, "queries": 2, "qrels": 6, "qrels.test": 3, "qrels.with_source": 3}
    assert report.warnings == []


def test_other_qrels_files_are_never_the_default(tmp_path: Path) -> None:
    collection, _ = read_collection(beir(tmp_path / "b", CORPUS, QUERIES, one=QRELS, two=QRELS))
    assert collection.default_split is None
    assert len(collection.qrels) == 0
    assert len(read_collection(beir(tmp_path / "c", CORPUS, QUERIES, dev=QRELS, train=QRELS))[0].qrels) == 3


def test_a_value_of_another_type_stays_in_metadata(tmp_path: Path) -> None:
    odd = {"popularity": "many", "answers": [["x"]], "kind": 3, "entity": "E"}
    collection, _ = read_collection(beir(tmp_path / "b", CORPUS, [{"_id": "q1", "text": "?", "metadata": odd}]))
    query = collection.all_queries["q1"]
    assert (query.popularity, query.answers, query.kind, query.entity) == (None, (), None, "E")
    assert query.metadata == {"popularity": "many", "answers": [["x"]], "kind": 3}


def test_gzip_and_byte_order_mark(tmp_path: Path) -> None:
    plain = beir(tmp_path / "plain", CORPUS, QUERIES, test=QRELS)
    packed = tmp_path / "packed"
    (packed / "qrels").mkdir(parents=True)
    for name in ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv"):
        data = b"\xef\xbb\xbf" + (plain / name).read_bytes().replace(b"\n", b"\r\n")
        (packed / f"{name}.gz").write_bytes(gzip.compress(data))
    assert read_collection(packed)[0].fingerprint == read_collection(plain)[0].fingerprint


def test_utf16_with_a_mark_is_read_and_said(tmp_path: Path) -> None:
    folder = beir(tmp_path / "b", CORPUS, QUERIES, test=QRELS)
    expected = read_collection(folder)[0].fingerprint
    corpus = folder / "corpus.jsonl"
    corpus.write_text(corpus.read_text(encoding="utf-8"), encoding="utf-16")
    collection, report = read_collection(folder)
    assert collection.fingerprint == expected
    assert "corpus.jsonl is UTF-16" in str(report.warnings[0])


def test_a_named_encoding_is_used(tmp_path: Path) -> None:
    folder = beir(tmp_path / "b", [], QUERIES)
    (folder / "corpus.jsonl").write_bytes('{"_id": "d", "text": "Flußufer"}\n'.encode("cp1252"))
    with pytest.raises(InputError, match="0xDF") as caught:
        read_collection(folder)
    assert caught.value.line == 1
    assert read_collection(folder, mapping={"encoding": "cp1252"})[0].passages.texts == ("Flußufer",)


def test_judgements_of_unknown_ids_are_left_out_and_counted(tmp_path: Path) -> None:
    qrels = QRELS + "q1\tnowhere\t1\nq9\td1\t1\nq1\td1\t2\n"
    collection, report = read_collection(beir(tmp_path / "b", CORPUS, QUERIES, test=qrels, lost="q9\td9\t1\n"))
    assert len(collection.qrels) == 3
    assert collection.splits == ("test",)
    told = [str(w) for w in report.warnings]
    assert any("1 rows of qrels 'test' name 1 passages" in t and "nowhere" in t for t in told)
    assert any("1 rows of qrels 'test' name 1 queries" in t and "q9" in t for t in told)
    assert any("repeat an earlier one" in t for t in told)
    assert any("'lost' hold no judgement" in t for t in told)


def test_ids_with_white_space_are_kept_and_said(tmp_path: Path) -> None:
    corpus = [{"_id": "a b", "text": "x"}, {"_id": "c\u00a0d", "text": "y"}]
    collection, report = read_collection(beir(tmp_path / "b", corpus, [{"_id": "q", "text": "x"}], test="q\ta b\t1\n"))
    assert "a b" in collection.passages
    assert any("2 passage ids hold white space" in str(w) and "TREC run" in str(w) for w in report.warnings)


def test_without_queries_or_judgements_it_says_so(tmp_path: Path) -> None:
    _, report = read_collection(beir(tmp_path / "b", CORPUS, None))
    assert any("no queries.jsonl" in str(w) for w in report.warnings)
    _, report = read_collection(beir(tmp_path / "c", CORPUS, QUERIES))
    assert any("no judgements" in str(w) for w in report.warnings)


def test_import_keeps_it_once_and_refuses_another_under_its_name(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "ws")
    folder = beir(tmp_path / "b", CORPUS, QUERIES, test=QRELS)
    first, _ = import_collection(folder, "mine", ws=ws)
    stamp = (ws.collections / "mine" / "collection.json").stat().st_mtime_ns
    again, _ = import_collection(folder, "mine", ws=ws)
    assert again.fingerprint == first.fingerprint == load_collection("mine", ws).fingerprint
    assert (ws.collections / "mine" / "collection.json").stat().st_mtime_ns == stamp
    other = beir(tmp_path / "o", CORPUS[:2], QUERIES, test=QRELS)
    with pytest.raises(InputError, match="already has another collection"):
        import_collection(other, "mine", ws=ws)
    assert len(import_collection(other, "mine", ws=ws, replace=True)[0].passages) == 2
    assert [p.name for p in ws.collections.iterdir()] == ["mine"]


def test_a_failed_import_leaves_nothing(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "ws")
    folder = beir(tmp_path / "b", CORPUS, QUERIES, test="q1\td1\tgood\nq1\td1\tgood\n")
    with pytest.raises(InputError):
        import_collection(folder, "mine", ws=ws)
    assert not (tmp_path / "ws").exists()


def test_progress_reaches_the_end_and_may_cancel(tmp_path: Path) -> None:
    from retrievarium.contracts import Cancelled

    corpus = [{"_id": f"d{i}", "text": "word " * 400} for i in range(3000)]
    folder = beir(tmp_path / "b", corpus, [])
    told: list[tuple[int, int]] = []
    read_collection(folder, progress=lambda done, total, what, metrics: told.append((done, total)))
    assert told
    assert all(0 < done <= total for done, total in told)
    assert told == sorted(told)

    def stop(*_: object) -> None:
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        read_collection(folder, progress=stop)


words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
ids = st.text(st.characters(codec="utf-8", exclude_characters="\0\t\r\n"), min_size=1, max_size=6).filter(
    lambda s: not s.isspace()
)


@st.composite
def collections(draw: st.DrawFn) -> Collection:
    passages = draw(st.lists(ids, min_size=1, max_size=5, unique=True))
    queries = draw(st.lists(ids, min_size=1, max_size=4, unique=True))
    table = pa.table(
        {
            "id": passages,
            "title": [draw(words) for _ in passages],
            "text": [draw(words) for _ in passages],
            "language": pa.array([draw(st.sampled_from(["en", "de", None])) for _ in passages], pa.string()),
        }
    )
    asked = pa.table(
        {
            "id": queries,
            "text": [draw(words) for _ in queries],
            "answers": pa.array(
                [draw(st.none() | st.lists(words.filter(bool), min_size=1, max_size=2, unique=True)) for _ in queries],
                pa.list_(pa.string()),
            ),
            "popularity": pa.array([draw(st.none() | st.integers(0, 10**9)) for _ in queries], pa.int64()),
        }
    )
    rows = [(q, p, draw(st.integers(-1, 4))) for q in queries for p in passages if draw(st.booleans())]
    return Collection("made", table, asked, {"test": qrels_table(rows)} if rows else {})


def same(a: Collection, b: Collection) -> None:
    for one, two in ((a.passages.table, b.passages.table), (a.all_queries.table, b.all_queries.table)):
        for name in one.column_names:
            cells = one.column(name).to_pylist()
            if any(c is not None for c in cells):
                assert two.column(name).to_pylist() == cells
            else:
                assert name not in two.column_names
    assert a.splits == b.splits
    assert a.qrels.to_dict() == b.qrels.to_dict()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(collections(), st.booleans())
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, collection: Collection, gz: bool) -> None:
    folder = write_beir(collection, tmp_path_factory.mktemp("beir") / "out", gz=gz)
    again, _ = read_collection(folder)
    same(collection, again)
    second, _ = read_collection(write_beir(again, folder.with_name("twice")))
    assert second.fingerprint == again.fingerprint


def test_writing_never_overwrites(tmp_path: Path) -> None:
    collection, _ = read_collection(beir(tmp_path / "b", CORPUS, QUERIES, test=QRELS))
    with pytest.raises(InputError, match="exists"):
        write_beir(collection, tmp_path / "b")
    bad = Collection("x", pa.table({"id": ["a\tb"], "title": [""], "text": ["t"]}), collection.all_queries.table)
    with pytest.raises(InputError, match="tab"):
        write_beir(bad, tmp_path / "new")
    assert not (tmp_path / "new").exists()
