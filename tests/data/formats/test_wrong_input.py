"""Wrong input: one error each, which names the file, the line (or row) and the field."""

from __future__ import annotations

import gzip
import json
import os
import threading
from pathlib import Path

import pytest

from retrievarium.contracts import InputError
from retrievarium.data.formats.reading import Limits, Reader
from retrievarium.data.imports import import_collection, read_collection
from retrievarium.workspace import Workspace

GOOD = '{"_id": "d1", "text": "one"}\n'
ASK = '{"_id": "q1", "text": "?"}\n'
HEAD = "query-id\tcorpus-id\tscore\n"

# file, content, (file in the error, line, field, words of the message)
BEIR = [
    ("corpus.jsonl", GOOD + "{oops}\n", (2, None, "not JSON")),
    ("corpus.jsonl", GOOD + '{"_id": "d2", "text": "cut', (2, None, "not JSON")),
    ("corpus.jsonl", GOOD + "[1]\n", (2, None, "a list")),
    ("corpus.jsonl", GOOD + '"text"\n', (2, None, "a text")),
    ("corpus.jsonl", GOOD + '{"text": "x"}\n', (2, "_id", "missing")),
    ("corpus.jsonl", '{"_id": "", "text": "x"}\n', (1, "_id", "empty")),
    ("corpus.jsonl", '{"_id": "  ", "text": "x"}\n', (1, "_id", "empty")),
    ("corpus.jsonl", '{"_id": null, "text": "x"}\n', (1, "_id", "null")),
    ("corpus.jsonl", '{"_id": true, "text": "x"}\n', (1, "_id", "truth value")),
    ("corpus.jsonl", '{"_id": 1.5, "text": "x"}\n', (1, "_id", "a number")),
    ("corpus.jsonl", '{"_id": "a\\u0000b", "text": "x"}\n', (1, "_id", "NUL")),
    ("corpus.jsonl", GOOD + '\n{"_id": "d2"}\n', (3, "text", "missing")),
    ("corpus.jsonl", '{"_id": "d", "text": null}\n', (1, "text", "null")),
    ("corpus.jsonl", '{"_id": "d", "text": ["x"]}\n', (1, "text", "a list")),
    ("corpus.jsonl", '{"_id": "d", "title": 4, "text": "x"}\n', (1, "title", "a number")),
    ("corpus.jsonl", '{"_id": "d", "text": "x", "metadata": "m"}\n', (1, "metadata", "a text")),
    ("corpus.jsonl", GOOD + '{"_id": "d2", "text": "x"}\n' + GOOD, (3, "id", "already used in line 1")),
    ("corpus.jsonl", '{"_id": "d", "text": "half \\ud83d"}\n', (1, "text", "surrogate")),
    ("corpus.jsonl", GOOD + '{"_id": "d", "text": ' + "[" * 100_000 + "\n", (2, None, "nested too deeply")),
    ("corpus.jsonl", GOOD + '{"_id": ' + "9" * 6000 + ', "text": "x"}\n', (2, None, "not JSON")),
    ("queries.jsonl", ASK + '{"_id": "q2", "text": 3}\n', (2, "text", "a number")),
    ("queries.jsonl", ASK + ASK, (2, "id", "already used in line 1")),
    ("qrels/test.tsv", HEAD + "q1\td1\tyes\n", (2, "score", "no grade")),
    ("qrels/test.tsv", HEAD + "q1\td1\t0.5\n", (2, "score", "no grade")),
    ("qrels/test.tsv", HEAD + "q1\td1\tnan\n", (2, "score", "no grade")),
    ("qrels/test.tsv", HEAD + "q1\td1\t99999999999\n", (2, "score", "no grade")),
    ("qrels/test.tsv", HEAD + "q1\td1\n", (2, None, "2 columns")),
    ("qrels/test.tsv", HEAD + "q1 d1 1\n", (2, None, "split by blanks")),
    ("qrels/test.tsv", HEAD + "q1 0 d1 1\n", (2, None, "TREC qrels")),
    ("qrels/test.tsv", HEAD + "q1\t\t1\n", (2, "corpus-id", "empty")),
    ("qrels/test.tsv", HEAD + "q1\td1\t1\nq1\td1\t2\n", (3, "score", "grade 2 here and 1 in line 2")),
]


def _write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode("utf-8", errors="surrogatepass") if isinstance(content, str) else content)


@pytest.mark.parametrize(("name", "content", "expected"), BEIR)
def test_beir(tmp_path: Path, name: str, content: str, expected: tuple[int, str | None, str]) -> None:
    folder, ws = tmp_path / "b", Workspace(tmp_path / "ws")
    for part, good in (("corpus.jsonl", GOOD), ("queries.jsonl", ASK), ("qrels/test.tsv", HEAD + "q1\td1\t1\n")):
        _write(folder / part, content if part == name else good)
    with pytest.raises(InputError) as caught:
        import_collection(folder, "mine", ws=ws)
    error, (line, field, words) = caught.value, expected
    assert error.path == str(folder / name)
    assert (error.line, error.field) == (line, field)
    assert words in str(error)
    assert str(error).count("\n") == 0
    assert not ws.root.exists()


BYTES = [
    (b"\x00\x01binary", 1, "NUL byte"),
    (GOOD.encode() + b'{"_id": "x\x00", "text": ""}\n', 2, "NUL byte"),
    (GOOD.encode() + '{"_id": "x", "text": "café"}\n'.encode("latin-1"), 2, "0xE9"),
    (GOOD.encode("utf-16-le"), 1, "UTF-16 without a byte order mark"),
    (b"PK\x03\x04 whatever", None, "zip archive"),
    (gzip.compress(GOOD.encode() * 500, mtime=0)[:60], None, "damaged or cut short"),
    (b"\x1f\x8b\x08\x00 not really gzip at all", None, "damaged"),
]


@pytest.mark.parametrize(("content", "line", "words"), BYTES)
def test_not_text(tmp_path: Path, content: bytes, line: int | None, words: str) -> None:
    _write(tmp_path / "b" / "corpus.jsonl", content)
    with pytest.raises(InputError, match=words) as caught:
        read_collection(tmp_path / "b")
    assert (caught.value.path, caught.value.line) == (str(tmp_path / "b" / "corpus.jsonl"), line)


SQUAD = {
    "data": [{"title": "T", "paragraphs": [{"context": "c", "qas": [{"id": "1", "question": "q", "answers": []}]}]}]
}
FILES = [
    ("squad", "s.json", '{"data": 3}', ("data", None, "a number")),
    ("squad", "s.json", "{}", ("data", None, "missing")),
    (
        "squad",
        "s.json",
        '{"data": [{"paragraphs": [{"qas": []}]}]}',
        ("data[0].paragraphs[0].context", None, "missing"),
    ),
    (
        "squad",
        "s.json",
        json.dumps(SQUAD).replace('"q"', "7"),
        ("data[0].paragraphs[0].qas[0].question", None, "number"),
    ),
    ("squad", "s.json", '{"data": [\n1,\n]}', (None, 3, "not JSON")),
    ("squad", "s.json", "[" * 200_000, (None, None, "nested")),
    ("dpr-training", "d.json", "{}", (None, None, "an object")),
    ("dpr-training", "d.json", '[{"question": "q", "positive_ctxs": {}}]', ("[0].positive_ctxs", None, "an object")),
    (
        "dpr-training",
        "d.json",
        '[{"question": "q", "positive_ctxs": [{"id": 1, "text": "a"}, {"id": 1, "text": "b"}]}]',
        ("[0].positive_ctxs[1]", None, "another title or text"),
    ),
    (
        "dpr-retrieval",
        "d.json",
        '[{"question": "q", "ctxs": [{"id": 1, "text": "a", "score": "x"}]}]',
        ("[0].ctxs[0].score", None, "not a number"),
    ),
    ("dpr-passages", "psgs.tsv", "id\ttext\ttitle\n1\ttext\n", (None, 2, "2 columns")),
    ("dpr-passages", "psgs.tsv", 'id\ttext\ttitle\n1\t"open\tx\n2\ty\tz\n', (None, 2, "unexpected end of data")),
    ("nq-open", "n.jsonl", '{"question": "q", "answer": {"a": 1}}\n', ("answer", 1, "an object")),
    ("nq-open", "n.csv", "who?\t['a']\nwho?\t__import__('os')\n", ("answers", 2, "not a list")),
    ("popqa", "p.tsv", "id\tsubj\n1\t2\n", (None, 1, "lacks")),
    (
        "popqa",
        "p.tsv",
        "id\tsubj\tprop\tobj\ts_pop\tquestion\tpossible_answers\n1\ts\tp\to\tlots\tq\t[]\n",
        ("s_pop", 2, "not a number"),
    ),
    ("entity-questions", "P17.test.json", '[{"question": null}]', ("[0].question", None, "null")),
    ("tevatron", "t.jsonl", '{"query_id": "1", "positive_passages": []}\n', ("query_text", 1, "missing")),
    ("trec", "d.trec", "<DOC>\n<DOCNO>1</DOCNO>\n", (None, 1, "never closes")),
    ("trec", "d.trec", "<DOC>\n<TEXT>x</TEXT>\n</DOC>\n", ("DOCNO", 1, "no <DOCNO>")),
    ("trec", "d.trec", "<DOC>\n<DOC>\n", (None, 2, "line 1 never closes")),
    ("trec", "t.txt", "<top>\n<title> x\n</top>\n", ("num", 1, "no <num>")),
    ("trec", "t.txt", "<top>\n<num> Number: 1\n</top>\n", ("title", 1, "no <title>")),
    ("table", "t.csv", "a,b\n1,2\n", ("text", 2, "not clear which column is the text")),
    ("table", "t.csv", "id,text\n1,x\n2,y,z\n", (None, 3, "3 columns")),
    ("table", "t.csv", 'id,text\n1,x\n2,"y\n', (None, 3, "cannot be read")),
    ("table", "t.csv", "id,text\n1,x\n1,y\n", ("id", 3, "already used in line 2")),
    ("table", "t.csv", "id,text,text\n1,x,y\n", ("text", 1, "twice")),
    ("table", "t.jsonl", '{"id": 1, "text": "x"}\n{"text": "y"}\n', ("id", 2, "missing")),
    ("table", "t.parquet", "PAR1 not really", (None, None, "not a Parquet file")),
]


@pytest.mark.parametrize(("format", "name", "content", "expected"), FILES)
def test_other_formats(tmp_path: Path, format: str, name: str, content: str, expected: tuple) -> None:
    _write(tmp_path / name, content)
    with pytest.raises(InputError) as caught:
        read_collection(tmp_path / name, format)
    error, (field, line, words) = caught.value, expected
    assert error.path == str(tmp_path / name)
    assert (error.field, error.line) == (field, line), str(error)
    assert words in str(error)


def test_a_mapped_column_that_is_not_there(tmp_path: Path) -> None:
    _write(tmp_path / "t.csv", "id,body\n1,x\n")
    with pytest.raises(InputError, match="no column 'txt'") as caught:
        read_collection(tmp_path / "t.csv", mapping={"text": "txt"})
    assert "['id', 'body']" in str(caught.value)


def test_an_unknown_format_lists_what_was_tried(tmp_path: Path) -> None:
    _write(tmp_path / "notes.md", "# hello\n")
    with pytest.raises(InputError) as caught:
        read_collection(tmp_path / "notes.md")
    for name in ("beir", "squad", "dpr-training", "trec", "table"):
        assert f"{name} (" in str(caught.value)
    with pytest.raises(InputError, match="no such file or folder"):
        read_collection(tmp_path / "nowhere")
    with pytest.raises(InputError, match="no format 'bier'"):
        read_collection(tmp_path, "bier")
    _write(tmp_path / "run.trec", "q Q0 d 1 2.0 tag\n")
    with pytest.raises(InputError, match=r"Run\.load"):
        read_collection(tmp_path / "run.trec")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a named pipe")
def test_a_line_without_end_does_not_fill_memory(tmp_path: Path) -> None:
    """An endless line is refused after the limit: the writer is cut off before it has written much more."""
    pipe, limit = tmp_path / "corpus.jsonl", 2**20
    os.mkfifo(pipe)
    written = 0

    def pour() -> None:
        nonlocal written
        block = b"x" * 65_536
        try:
            with open(pipe, "wb", buffering=0) as out:
                out.write(b'{"_id": "d", "text": "')
                for _ in range(16_384):  # 1 GiB
                    written += out.write(block)
        except BrokenPipeError:
            pass

    writer = threading.Thread(target=pour, daemon=True)
    writer.start()
    with pytest.raises(InputError, match="longer than 1 MiB") as caught:
        for _ in Reader(limits=Limits(line=limit)).json_lines(pipe):
            pass
    writer.join(timeout=20)
    assert caught.value.line == 1
    assert limit <= written < 4 * limit


def test_a_gigabyte_in_a_kilobyte_of_gzip(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "corpus.jsonl.gz", "wb", compresslevel=1) as out:
        for _ in range(48):
            out.write(b" " * 2**20)
    with pytest.raises(InputError, match="longer than 16 MiB"):
        read_collection(tmp_path)
    _write(tmp_path / "big.json", gzip.compress(b"[" + b"1,\n" * 100_000 + b"1]"))
    with pytest.raises(InputError, match="larger than 64 KiB"):
        Reader(limits=Limits(document=65_536)).json_document(tmp_path / "big.json")


def test_a_quotation_mark_that_never_closes(tmp_path: Path) -> None:
    _write(tmp_path / "t.csv", 'id,text\n1,fine\n2,"open\n' + "3,more\n" * 50_000)
    with pytest.raises(InputError, match="never closes") as caught:
        read_collection(tmp_path / "t.csv", limits=Limits(line=65_536))
    assert caught.value.line == 3
    _write(tmp_path / "u.csv", 'id,text\n1,fine\n2,"open\n3,more\n')
    assert read_collection(tmp_path / "u.csv", mapping={"quotes": "False"})[0].passages.texts[1] == '"open'


def test_a_mapping_that_would_be_ignored(tmp_path: Path) -> None:
    _write(tmp_path / "corpus.jsonl", GOOD)
    with pytest.raises(InputError, match="does not take 'topic'"):
        read_collection(tmp_path, mapping={"topic": "desc"})
    assert read_collection(tmp_path, mapping={"id": "_id", "text": "text"})[1].format == "table"


def test_limits_can_be_raised(tmp_path: Path) -> None:
    _write(tmp_path / "corpus.jsonl", json.dumps({"_id": "d", "text": "x" * 5000}) + "\n")
    with pytest.raises(InputError, match="longer than 1 KiB"):
        read_collection(tmp_path, limits=Limits(line=1024))
    assert len(read_collection(tmp_path, limits=Limits(line=8192))[0].passages) == 1
