"""ir_datasets ids, `irds:beir/scifact/test`: the package `ir_datasets` (extra `hub`).

An id without judgements takes those of its parts `train`, `dev` and `test` where the catalogue has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from retrievarium.contracts import InputError
from retrievarium.data.formats.draft import Draft
from retrievarium.data.formats.fields import PASSAGE_COLUMNS, QUERY_COLUMNS, grade_of, id_field, lift
from retrievarium.data.formats.peek import split_of
from retrievarium.data.formats.reading import Reader

_BODIES = ("text", "body", "abstract", "contents", "content", "passage")
_PARTS = ("train", "dev", "test")


def sniff(source: Any) -> str | None:
    return "it is not an irds: id"


def files(source: Any) -> list[Path]:
    return []


def _load(name: str) -> Any:
    try:
        import ir_datasets
    except ImportError as error:
        raise InputError(
            "reading ir_datasets ids needs the package 'ir_datasets'", fix='pip install "retrievarium[hub]"'
        ) from error
    try:
        return ir_datasets.load(name)
    except KeyError as error:
        raise InputError(
            f"ir_datasets has no data set {name!r}",
            path=f"irds:{name}",
            expected="an id of its catalogue, such as beir/scifact/test",
            fix="check the id at ir-datasets.com",
        ) from error


def _iterate(name: str, what: str, rows: Any) -> Iterator[tuple[int, Any]]:
    """Rows with their number; what goes wrong while it is fetched becomes one InputError."""
    try:
        yield from enumerate(rows, start=1)
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"the {what} cannot be fetched: {str(error).splitlines()[0][:200] if str(error) else type(error).__name__}",
            path=f"irds:{name}",
            fix="check the connection and the licence note of the data set at ir-datasets.com",
        ) from error


def _split_name(name: str) -> str:
    return split_of(Path(name.rsplit("/", 1)[-1]), "test")


def _with_judgements(name: str, root: Any) -> dict[str, Any]:
    """Data sets that hold queries and judgements, by split."""
    if root.has_qrels():
        return {_split_name(name): root}
    found = {}
    for part in _PARTS:
        try:
            inner = _load(f"{name}/{part}")
        except InputError:
            continue
        if inner.has_qrels():
            found[part] = inner
    return found


def read(source: str, draft: Draft, reader: Reader, mapping: Mapping[str, Any]) -> None:
    """Fill `draft` from a data set of the catalogue."""
    root = _load(source)
    if not root.has_docs():
        raise InputError("the data set has no documents", path=f"irds:{source}", fix="name one that has docs")
    docs = Path(f"irds:{source}/docs")
    draft.passages.source(docs, "document")
    for number, doc in _iterate(source, "documents", root.docs_iter()):
        row = doc._asdict()
        body = next((b for b in _BODIES if isinstance(row.get(b), str)), None)
        title = row.get("title") if isinstance(row.get("title"), str) else ""
        text = row[body] if body is not None else doc.default_text()
        values = {"id": id_field(row, "doc_id", docs, number), "title": title or "", "text": text}
        rest = {k: v for k, v in row.items() if k not in ("doc_id", "title", body) and isinstance(v, (str, int, float))}
        draft.passages.add(number, values | (lift(rest, PASSAGE_COLUMNS) if rest and body is not None else {}))
    splits = _with_judgements(source, root)
    met: dict[str, str] = {}
    for part in (list(splits.values()) or [root]) if splits or root.has_queries() else []:
        name = Path(f"irds:{source}/queries")
        draft.queries.source(name, "query")
        for number, query in _iterate(source, "queries", part.queries_iter()):
            row = query._asdict()
            one, text = id_field(row, "query_id", name, number), query.default_text()
            if one in met and part is not root:
                continue  # a part's queries may be those of the whole
            met[one] = text
            more: dict[str, Any] = {
                k: v
                for k, v in row.items()
                if k not in ("query_id", "text") and v != text and isinstance(v, (str, int, float, list))
            }
            draft.queries.add(number, {"id": one, "text": text} | (lift(more, QUERY_COLUMNS) if more else {}))
    for split, part in splits.items():
        rows = draft.judgements(split)
        where = Path(f"irds:{source}/qrels/{split}")
        rows.source(where, "judgement")
        for number, judgement in _iterate(source, "judgements", part.qrels_iter()):
            grade = grade_of(judgement.relevance, where, number, "relevance")
            pair = {"query_id": judgement.query_id, "passage_id": judgement.doc_id}
            rows.add(number, pair | {"grade": grade})
