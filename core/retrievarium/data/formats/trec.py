"""TREC files: SGML documents, topics, qrels. (Runs: `contracts.Run.load` and `Run.save`.)

A folder may hold any of them; each file is recognised by its beginning. Documents are read one by one from
`<DOC> ... </DOC>`; topics are the classic `<top>` form, `<topic number=...>` XML, or lines `id <tab> text`; documents
may also be lines `id <tab> text` or `id <tab> title <tab> text` in a file called collection*, corpus* or docs*.
Mapping: `{"topic": "title" | "desc" | "narr" | "title+desc"}` chooses what is asked (by default the title).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from retrievarium.contracts import InputError
from retrievarium.data.formats.draft import Draft, Rows
from retrievarium.data.formats.fields import as_json, grade_of, id_field
from retrievarium.data.formats.peek import bare, head_of, split_of
from retrievarium.data.formats.reading import Reader
from retrievarium.data.views import Qrels
from retrievarium.workspace import atomic_write

_FLAGS = re.IGNORECASE | re.DOTALL
_DOCNO = re.compile(r"<DOCNO>\s*(.*?)\s*</DOCNO>", _FLAGS)
_TITLE = re.compile(r"<(TITLE|HEADLINE|TI|HL|HEAD)>(.*?)</\1>", _FLAGS)
_TEXT = re.compile(r"<(TEXT|BODY)>(.*?)</\1>", _FLAGS)
_DROPPED = re.compile(r"<(DOCNO|DOCID|DOCHDR|DOCOLDNO|SCRIPT|STYLE)\b[^>]*>.*?</\1>", _FLAGS)
_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")
_FIELD = re.compile(r"<(num|title|desc|narr|query|question|description|narrative)\b[^>]*>", re.IGNORECASE)
_LABEL = re.compile(r"^\s*(Number|Topic|Description|Narrative)\s*:", re.IGNORECASE)
_SAME = {"description": "desc", "narrative": "narr", "query": "title", "question": "title"}
_KINDS = ("docs", "topics", "qrels")


def kind_of_file(path: Path) -> str | None:
    """docs, topics, qrels or run as the file's beginning tells, else None."""
    head = head_of(path)
    start = head.lstrip()[:2000].lower()
    if start.startswith("<doc>"):
        return "docs"
    if start.startswith(("<top>", "<topics", "<?xml")) and ("<top" in start):
        return "topics"
    lines = [line for line in head.split("\n")[:20] if line.strip()]
    if len(lines) > 1 and "\n" in head:
        lines = lines[: max(1, len(lines) - 1)]  # the last may be cut
    if lines and all(len(line.split()) == 4 and _is_int(line.split()[3]) for line in lines):
        return "qrels"
    if lines and all(len(line.split()) == 6 and line.split()[1].upper() == "Q0" for line in lines):
        return "run"
    if lines and bare(path).endswith((".tsv", ".txt")) and all("\t" in line for line in lines):
        if bare(path).startswith(("topics", "queries")) and all(line.count("\t") == 1 for line in lines):
            return "topics"
        if bare(path).startswith(("collection", "docs", "corpus")) and not _has_header(lines[0]):
            return "docs"
    return None


def _is_int(text: str) -> bool:
    return text.lstrip("-").isdigit()


def _has_header(line: str) -> bool:
    return any(c.strip().lower() in ("id", "docid", "text", "title", "pid") for c in line.split("\t"))


def _kinds(path: Path) -> dict[str, list[Path]]:
    if path.is_file():
        candidates = [path]
    else:
        candidates = sorted(p for g in ("*", "*/*") for p in path.glob(g) if p.is_file() and not p.name.startswith("."))
    found: dict[str, list[Path]] = {}
    for file in candidates:
        if kind := kind_of_file(file):
            found.setdefault(kind, []).append(file)
    return found


def files(path: Path) -> list[Path]:
    return [p for k in _KINDS for p in _kinds(path).get(k, [])]


def sniff(path: Path) -> str | None:
    """None where there are TREC documents or topics, else why not."""
    kinds = _kinds(path)
    if "docs" in kinds or "topics" in kinds:
        return None
    if "run" in kinds and path.is_file():
        return "it is a TREC run, which is not a collection: load it with Run.load"
    return "no <DOC> documents and no topics" + (", only qrels" if "qrels" in kinds else "")


def read(path: Path, draft: Draft, reader: Reader, mapping: Mapping[str, Any]) -> None:
    """Fill `draft` from TREC files."""
    kinds = _kinds(path)
    if not any(k in kinds for k in _KINDS):
        raise InputError("there are no TREC documents, topics or qrels here", path=path)
    for file in kinds.get("docs", []):
        _read_docs(file, draft, reader)
    for file in kinds.get("topics", []):
        _read_topics(file, draft, reader, str(mapping.get("topic", "title")))
    qrels = kinds.get("qrels", [])
    names = [split_of(f, "test") for f in qrels]
    for file, name in zip(qrels, names, strict=True):
        split = name if names.count(name) == 1 else bare(file).split(".")[0]
        read_qrels(file, draft.judgements(split), reader)
    if runs := kinds.get("run"):
        draft.note("run files were left aside; load them with Run.load", len(runs), (r.name for r in runs))


# -- documents


def _plain(markup: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", markup)).split())


def _documents(path: Path, reader: Reader) -> Iterator[tuple[int, str]]:
    """Line of `<DOC>` and everything up to `</DOC>`, one at a time and no longer than the line limit."""
    begin, parts, size = 0, list[str](), 0
    for line, text in reader.lines(path):
        low = text.strip().lower()
        if not begin:
            if low.startswith("<doc>"):
                begin, parts, size = line, [text.strip()[5:]], len(text)
                low = low[5:]
            elif low and not low.startswith(("<?xml", "<!", "<docs", "</docs", "<root", "</root")):
                raise InputError("there is text outside a document", path=path, line=line, expected="<DOC>")
        elif low.startswith("<doc>"):
            raise InputError(f"the document of line {begin} never closes", path=path, line=line, expected="</DOC>")
        else:
            parts.append(text)
            size += len(text)
            if size > reader.limits.line:
                raise InputError(
                    "the document is too long, or never closes",
                    path=path,
                    line=begin,
                    expected="</DOC>",
                    fix="raise the bound: limits=Limits(line=...)",
                )
        if begin and low.endswith("</doc>"):
            yield begin, re.sub(r"</doc>\s*$", "", "\n".join(parts), flags=re.IGNORECASE)
            begin = 0
    if begin:
        raise InputError("the document never closes", path=path, line=begin, expected="</DOC> at its end")


def _read_docs(path: Path, draft: Draft, reader: Reader) -> None:
    draft.passages.source(path)
    if head_of(path).lstrip()[:5].lower() != "<doc>":
        for line, text in reader.lines(path):
            cells = text.split("\t")
            if len(cells) not in (2, 3, 4):
                raise InputError(f"the line has {len(cells)} columns", path=path, line=line, expected="id, title, text")
            row = {"id": cells[0], "title": cells[-2] if len(cells) > 2 else "", "text": cells[-1]}
            draft.passages.add(line, row | {"id": id_field(row, "id", path, line)})
        return
    for line, body in _documents(path, reader):
        number = _DOCNO.search(body)
        if number is None or not number[1]:
            raise InputError("the document has no <DOCNO>", path=path, line=line, field="DOCNO", expected="its id")
        title = _TITLE.search(body)
        texts = [m[2] for m in _TEXT.finditer(body)]
        rest = _DROPPED.sub(" ", " ".join(texts) if texts else body)
        if title and not texts:
            rest = rest.replace(title[0], " ", 1)
        draft.passages.add(
            line,
            {
                "id": id_field({"DOCNO": number[1]}, "DOCNO", path, line),
                "title": _plain(title[2]) if title else "",
                "text": _plain(rest),
            },
        )


# -- topics


def _topic_blocks(path: Path, reader: Reader) -> Iterator[tuple[int, str]]:
    begin, parts, size = 0, list[str](), 0
    for line, text in reader.lines(path):
        low = text.strip().lower()
        if not begin and re.match(r"<top(ic)?[\s>]", low):
            begin, parts, size = line, [], 0
        if begin:
            parts.append(text)
            size += len(text)
            if size > reader.limits.line:
                raise InputError("the topic is too long, or never closes", path=path, line=begin, expected="</top>")
            if low.endswith(("</top>", "</topic>")):
                yield begin, "\n".join(parts)
                begin = 0
    if begin:
        raise InputError("the topic never closes", path=path, line=begin, expected="</top> at its end")


def _fields(block: str) -> dict[str, str]:
    marks = list(_FIELD.finditer(block))
    ends = [m.start() for m in marks[1:]] + [len(block)]
    found: dict[str, str] = {}
    for mark, end in zip(marks, ends, strict=True):
        name = _SAME.get(mark[1].lower(), mark[1].lower())
        found.setdefault(name, _plain(_LABEL.sub("", _TAG.sub(" ", block[mark.end() : end]), count=1)))
    if number := re.match(r"\s*<topic[^>]*\bnumber\s*=\s*[\"']?([^\"'>\s]+)", block, re.IGNORECASE):
        found["num"] = number[1]
    return found


def _read_topics(path: Path, draft: Draft, reader: Reader, topic: str) -> None:
    draft.queries.source(path)
    wanted = [f.strip() for f in topic.split("+")]
    if unknown := [w for w in wanted if w not in ("title", "desc", "narr")]:
        raise InputError(
            f"{unknown[0]!r} is no topic field", field="topic", expected="title, desc or narr, joined by +"
        )
    if "<top" not in head_of(path)[:4000].lower():
        for line, text in reader.lines(path):
            name, tab, query = text.partition("\t")
            if text.strip():
                if not tab:
                    raise InputError("the line has no tab", path=path, line=line, expected="query id, a tab, the query")
                draft.queries.add(line, {"id": id_field({"id": name}, "id", path, line), "text": query.strip()})
        return
    for line, block in _topic_blocks(path, reader):
        fields = _fields(block)
        if not fields.get("num"):
            raise InputError("the topic has no <num>", path=path, line=line, field="num", expected="its number")
        text = " ".join(t for w in wanted if (t := fields.get(w, "")))
        if not text:
            raise InputError(
                f"the topic has no <{topic}>",
                path=path,
                line=line,
                field=topic,
                fix="ask another field, for instance mapping={'topic': 'desc'}",
            )
        rest = {k: v for k, v in fields.items() if k not in ("num", *wanted) and v}
        draft.queries.add(line, {"id": fields["num"], "text": text, "metadata": as_json(rest) if rest else None})


# -- qrels


def read_qrels(path: Path, rows: Rows, reader: Reader) -> None:
    """A TREC qrels file: `query 0 document grade`, split by blanks."""
    rows.source(path)
    for line, text in reader.lines(path):
        cells = text.split()
        if not cells:
            continue
        if len(cells) != 4:
            raise InputError(
                f"the line has {len(cells)} columns",
                path=path,
                line=line,
                expected="four columns: query 0 document grade",
            )
        grade = grade_of(cells[3], path, line, "grade")
        rows.add(line, {"query_id": cells[0], "passage_id": cells[2], "grade": grade})


def write_qrels(qrels: Qrels, path: str | Path) -> Path:
    """Write TREC qrels. Raises InputError for an id with white space, which the format cannot hold."""
    path = Path(path)
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        for row in qrels.table.to_pylist():
            for name in ("query_id", "passage_id"):
                if len(row[name].split()) != 1 or row[name] != row[name].strip():
                    raise InputError(
                        f"the id {row[name]!r} holds white space, which TREC qrels cannot hold",
                        path=path,
                        field=name,
                        fix="rename it",
                    )
            out.write(f"{row['query_id']} 0 {row['passage_id']} {row['grade']}\n")
    return path
