"""Annotations as files: CSV and JSON Lines out and in without loss; a report in Markdown or one HTML file to read."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple
from pathlib import Path

from retrievarium.contracts import InputError
from retrievarium.workspace.annotations import FIELDS, Annotation, check_annotation

FORMATS = ("csv", "jsonl")
_GUARDED = ("=", "+", "-", "@", "\t", "\r", "'")
_LARGEST = 50_000_000  # characters
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~])")


def to_csv(rows: Sequence[Annotation]) -> str:
    """One row a statement. A cell that a spreadsheet would take for a formula gets a leading `'`, which reading
    takes away again."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(FIELDS)
    writer.writerows([f"'{c}" if c.startswith(_GUARDED) else c for c in astuple(row)] for row in rows)
    return out.getvalue()


def to_jsonl(rows: Sequence[Annotation]) -> str:
    """One JSON object a line."""
    return "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows)


def read_annotations(path: str | Path) -> list[Annotation]:
    """Statements of a CSV or JSONL file.

    Raises InputError with file, line and field of the first row that is wrong; the same statement twice is wrong too.
    """
    path = Path(path)
    if path.suffix.lower().lstrip(".") not in FORMATS:
        raise InputError("this is no file of annotations", path=path.name, expected="a .csv or .jsonl file")
    try:
        with path.open(encoding="utf-8", newline="") as source:
            text = source.read(_LARGEST + 1)
    except UnicodeDecodeError as error:
        raise InputError("the file is not UTF-8", path=path.name, fix="save it as UTF-8") from error
    if len(text) > _LARGEST:
        raise InputError("the file is too large", path=path.name, expected=f"at most {_LARGEST:,} characters")
    rows = _from_csv(text, path.name) if path.suffix.lower() == ".csv" else _from_jsonl(text, path.name)
    first: dict[tuple[str, ...], int] = {}
    for line, row in rows:
        try:
            check_annotation(row)
        except InputError as error:
            raise InputError(
                error.what, path=path.name, line=line, field=error.field, expected=error.expected
            ) from error
        if row.key in first:
            raise InputError(f"the same statement as in line {first[row.key]}", path=path.name, line=line)
        first[row.key] = line
    return [row for _, row in rows]


def _from_csv(text: str, name: str) -> list[tuple[int, Annotation]]:
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    found: list[tuple[int, Annotation]] = []
    try:
        head = next(reader, [])
        missing = [f for f in FIELDS if f not in head]
        if missing:
            raise InputError("a column is missing", path=name, line=1, field=missing[0], expected=f"{','.join(FIELDS)}")
        place = [head.index(f) for f in FIELDS]
        start = reader.line_num + 1
        for cells in reader:
            line, start = start, reader.line_num + 1
            if not cells:
                continue
            if len(cells) != len(head):
                raise InputError(f"{len(cells)} cells", path=name, line=line, expected=f"{len(head)}, as in line 1")
            told = (cells[i] for i in place)
            found.append((line, Annotation(*(c[1:] if c.startswith("'") else c for c in told))))
    except csv.Error as error:
        raise InputError(f"this is no CSV ({error})", path=name, line=reader.line_num) from error
    return found


def _from_jsonl(text: str, name: str) -> list[tuple[int, Annotation]]:
    found = []
    for line, told in enumerate(text.split("\n"), start=1):
        if not told.strip():
            continue
        try:
            cells = json.loads(told)
        except (ValueError, RecursionError) as error:
            raise InputError("this is no JSON", path=name, line=line) from error
        if not isinstance(cells, dict):
            raise InputError("this is no object", path=name, line=line, expected='{"collection": ..., "kind": ...}')
        missing = next((f for f in FIELDS if f not in cells), None)
        wrong = next((f for f in FIELDS if f in cells and not isinstance(cells[f], str)), None)
        if missing or wrong:
            what = "the field is missing" if missing else "this is no text"
            raise InputError(what, path=name, line=line, field=missing or wrong)
        found.append((line, Annotation(**{f: cells[f] for f in FIELDS})))
    return found


# -- to read


def report(rows: Sequence[Annotation], title: str, questions: Mapping[str, str]) -> str:
    """A Markdown report: how many of each, then query by query. `questions`: text by query id."""
    lines = [f"# {_plain(title)}", "", *_summary(rows), ""]
    for query, about in _by_query(rows).items():
        lines += [f"## {_plain(questions.get(query, query))}", "", f"Query {_plain(query)}.", ""]
        lines += [f"- {_plain(_said(row))}" for row in about]
        lines.append("")
    return "\n".join(lines)


def html_report(rows: Sequence[Annotation], title: str, questions: Mapping[str, str]) -> str:
    """The same as one HTML file that opens without a network."""
    body = [f"<h1>{html.escape(title)}</h1>", *(f"<p>{html.escape(s)}</p>" for s in _summary(rows) if s)]
    for query, about in _by_query(rows).items():
        body.append(f"<h2>{html.escape(questions.get(query, query))}</h2><p>Query {html.escape(query)}.</p><ul>")
        body += [f"<li>{html.escape(_said(row))}</li>" for row in about]
        body.append("</ul>")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        "<style>body{max-width:46rem;margin:2rem auto;padding:0 1rem;font:16px/1.5 system-ui,sans-serif;"
        "color-scheme:light dark}h2{font-size:1.1rem;margin-bottom:0}</style></head>"
        f"<body>{''.join(body)}</body></html>\n"
    )


def _by_query(rows: Sequence[Annotation]) -> dict[str, list[Annotation]]:
    found: dict[str, list[Annotation]] = {}
    for row in rows:
        found.setdefault(row.query, []).append(row)
    return found


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _summary(rows: Sequence[Annotation]) -> list[str]:
    people = sorted({row.annotator for row in rows})
    kinds = Counter(row.kind for row in rows)
    told = ", ".join(f"{count:,} {kind}{'s' if count != 1 else ''}" for kind, count in sorted(kinds.items()))
    queries = len({row.query for row in rows})
    lines = [f"{told or 'Nothing'} about {queries:,} queries by {', '.join(people) or 'nobody'}."]
    tags = Counter(row.label for row in rows if row.kind == "tag")
    if tags:
        lines += ["", "Tags: " + ", ".join(f"{tag} {count:,}" for tag, count in tags.most_common()) + "."]
    return lines


def _said(row: Annotation) -> str:
    about = f" of {row.system}" if row.system else ""
    about += f", passage {row.passage}" if row.passage else ""
    what = {
        "grade": f"grade {row.value}",
        "tag": row.label,
        "note": f"“{row.value}”",
        "verdict": f"{row.value}s with the rule: {row.label}",
    }[row.kind]
    return f"{row.annotator}{about}: {what} ({row.at[:10]})"
