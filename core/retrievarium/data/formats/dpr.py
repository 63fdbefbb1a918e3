"""DPR's files (Karpukhin et al., 2020): training JSON, retrieval JSON, and the passages of `psgs_w100.tsv`.

Training JSON: the union of all contexts becomes the passages, positives are judged 1, and the negatives are kept in
the table `negatives` (query_id, passage_id, kind), not judged 0: nobody looked at them.
Retrieval JSON: the union of the lists becomes the passages, and the lists become a run, kept in the table `run`
(query_id, passage_id, score, has_answer). `has_answer` says that an answer string occurs, which is no judgement, so no
qrels are made of it; measure by `Answer@k`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from retrievarium.contracts import InputError, Run
from retrievarium.data.collection import Collection
from retrievarium.data.formats.draft import Draft
from retrievarium.data.formats.fields import id_field, kind_of, list_field, object_field, text_field, texts_field
from retrievarium.data.formats.peek import bare, head_of, json_files, split_of
from retrievarium.data.formats.reading import Reader
from retrievarium.workspace import atomic_write

_PSGS_HEADER = ["id", "text", "title"]
_NEGATIVES = {"hard_negative_ctxs": "hard", "negative_ctxs": "random"}


def _listing(path: Path, key: str) -> bool:
    head = head_of(path).lstrip()
    return head.startswith("[") and f'"{key}"' in head and '"question"' in head


def files_training(path: Path) -> list[Path]:
    return [p for p in json_files(path) if _listing(p, "positive_ctxs")]


def files_retrieval(path: Path) -> list[Path]:
    return [p for p in json_files(path) if _listing(p, "ctxs") and not _listing(p, "positive_ctxs")]


def files(path: Path) -> list[Path]:
    """The passages file, where `path` is one or a folder that holds one."""
    if path.is_file():
        return [path] if sniff(path) is None else []
    return [p for p in sorted(path.glob("psgs*.tsv*")) if sniff(p) is None]


def sniff_training(path: Path) -> str | None:
    return None if files_training(path) else 'no JSON list of questions with "positive_ctxs"'


def sniff_retrieval(path: Path) -> str | None:
    return None if files_retrieval(path) else 'no JSON list of questions with "ctxs"'


def sniff(path: Path) -> str | None:
    """None where this is a DPR passages file, else why not."""
    if path.is_dir():
        return None if files(path) else "the folder has no psgs*.tsv"
    first = head_of(path).split("\n", 1)[0].rstrip("\r").split("\t")
    return None if first == _PSGS_HEADER and bare(path).endswith(".tsv") else "its header is not id, text, title"


def read(path: Path, draft: Draft, reader: Reader, mapping: Mapping[str, Any]) -> None:
    """Fill `draft` from `psgs_w100.tsv`: passages only; questions come with another import or are your own."""
    found = files(path)
    if not found:
        raise InputError("this is no DPR passages file", path=path, line=1, expected="the header id, text, title")
    for file in found:
        draft.passages.source(file)
        for line, cells in reader.records(file, "\t", quotes=bool(mapping.get("quotes", True))):
            if line == 1 and cells == _PSGS_HEADER:
                continue
            if len(cells) != 3:
                raise InputError(
                    f"the line has {len(cells)} columns", path=file, line=line, expected="three: id, text, title"
                )
            row = dict(zip(_PSGS_HEADER, cells, strict=True))
            draft.passages.add(line, {**row, "id": id_field(row, "id", file, line), "document": cells[2] or None})


class _Contexts:
    """Passages met in several questions' lists: one row an id, refused where one id has two texts."""

    def __init__(self, draft: Draft) -> None:
        self.draft, self.known = draft, dict[str, tuple[bytes, str]]()

    def add(self, context: Any, path: Path, where: str) -> str:
        context = object_field(context, path, None, where)
        title = text_field(context, "title", path, None, f"{where}.", optional=True)
        text = text_field(context, "text", path, None, f"{where}.")
        digest = hashlib.sha256(f"{title}\0{text}".encode("utf-8", errors="surrogatepass")).digest()[:8]
        key = next((k for k in ("passage_id", "psg_id", "id") if context.get(k) not in (None, "")), None)
        passage = id_field(context, key, path, None, f"{where}.") if key else digest.hex()
        if passage not in self.known:
            self.known[passage] = (digest, where)
            self.draft.passages.add(len(self.known), {"id": passage, "title": title, "text": text})
        elif self.known[passage][0] != digest:
            raise InputError(
                f"passage {passage!r} has another title or text in {self.known[passage][1]}",
                path=path,
                field=where,
                expected="one text an id",
                fix="take both files from the same passage collection",
            )
        return passage


def _questions(path: Path, reader: Reader) -> list[Any]:
    document = reader.json_document(path)
    if not isinstance(document, list):
        raise InputError(f"the document is {kind_of(document)}", path=path, expected="a list of questions [{...}]")
    return document


def _query(question: Mapping[str, Any], number: int, split: str, path: Path) -> dict[str, Any]:
    where = f"[{number}]."
    named = next((k for k in ("id", "q_id", "qid") if question.get(k) not in (None, "")), None)
    return {
        "id": id_field(question, named, path, None, where) if named else f"{split}-{number}",
        "text": text_field(question, "question", path, None, where),
        "answers": texts_field(question, "answers", path, None, where) or None,
    }


def read_training(path: Path, draft: Draft, reader: Reader, mapping: Mapping[str, Any]) -> None:
    """Fill `draft` from training JSON; a file's name tells its split, `train` where it tells none."""
    contexts = _Contexts(draft)
    negatives: list[tuple[str, str, str]] = []
    bare_questions = 0
    for file in files_training(path) or [path]:
        split = split_of(file, "train")
        draft.passages.source(file, "context")
        draft.queries.source(file, "question")
        judgements = draft.judgements(split)
        judgements.source(file, "question")
        for n, entry in enumerate(_questions(file, reader)):
            question = object_field(entry, file, None, f"[{n}]")
            query = _query(question, n, split, file)
            draft.queries.add(n, query)
            positives = list_field(question, "positive_ctxs", file, None, f"[{n}].")
            bare_questions += not positives
            for passage in dict.fromkeys(
                contexts.add(c, file, f"[{n}].positive_ctxs[{i}]") for i, c in enumerate(positives)
            ):
                judgements.add(n, {"query_id": query["id"], "passage_id": passage, "grade": 1})
            for key, kind in _NEGATIVES.items():
                for i, c in enumerate(list_field(question, key, file, None, f"[{n}].")):
                    negatives.append((query["id"], contexts.add(c, file, f"[{n}].{key}[{i}]"), kind))
    if bare_questions:
        draft.warn(f"{bare_questions:,} questions have no positive context and carry no judgement", bare_questions)
    if negatives:
        names = ("query_id", "passage_id", "kind")
        draft.tables["negatives"] = pa.table({n: [row[i] for row in negatives] for i, n in enumerate(names)})
        draft.meta["training_tables"] = [] if "test" in draft.qrels else ["negatives"]
        draft.note(f"{len(negatives):,} negatives are kept in the table 'negatives'; they are not judged 0")


def read_retrieval(path: Path, draft: Draft, reader: Reader, mapping: Mapping[str, Any]) -> None:
    """Fill `draft` from retrieval JSON; the lists are in `report.runs` and in the table `run`."""
    contexts = _Contexts(draft)
    rows: list[tuple[str, str, float, bool | None]] = []
    for file in files_retrieval(path) or [path]:
        split = split_of(file, "test")
        draft.passages.source(file, "context")
        draft.queries.source(file, "question")
        lists: dict[str, dict[str, float]] = {}
        for n, entry in enumerate(_questions(file, reader)):
            question = object_field(entry, file, None, f"[{n}]")
            query = _query(question, n, split, file)
            draft.queries.add(n, query | {"split": split})
            ranking = lists.setdefault(query["id"], {})
            listed = list_field(question, "ctxs", file, None, f"[{n}].")
            for i, c in enumerate(listed):
                passage = contexts.add(c, file, f"[{n}].ctxs[{i}]")
                score = _score(c, len(listed) - i, file, f"[{n}].ctxs[{i}].")
                if passage not in ranking:
                    ranking[passage] = score
                    has = c.get("has_answer")
                    rows.append((query["id"], passage, score, has if isinstance(has, bool) else None))
        draft.report.runs[bare(file).removesuffix(".json")] = Run.from_dict(lists)
    names = ("query_id", "passage_id", "score", "has_answer")
    draft.tables["run"] = pa.table({n: [row[i] for row in rows] for i, n in enumerate(names)})
    draft.note("the lists are kept as a run in the table 'run'; has_answer is not a judgement, so there are no qrels")


def _score(context: Mapping[str, Any], rank: int, path: Path, where: str) -> float:
    """DPR writes scores as texts or numbers; without one the order of the list counts."""
    value = context.get("score")
    if value in (None, ""):
        return float(rank)
    try:
        score = float(value)
    except (TypeError, ValueError):
        score = float("nan")
    if score != score:
        raise InputError(f"{value!r:.40} is not a number", path=path, field=f"{where}score", expected="a number")
    return score


def write_retrieval(
    run: Run,
    collection: Collection,
    path: str | Path,
    k: int = 100,
    has_answer: Callable[[str, tuple[str, ...]], bool] | None = None,
) -> Path:
    """Write a run as DPR retrieval JSON, streamed. `has_answer(text, answers)` fills the field of that name."""
    path, queries, passages = Path(path), collection.all_queries, collection.passages
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        out.write("[")
        for n, (query_id, ranking) in enumerate(run.top(k)):
            query = queries[query_id]
            contexts = []
            for passage_id, score in ranking:
                p = passages[passage_id]
                context = {"id": p.id, "title": p.title, "text": p.text, "score": score}
                contexts.append(context | ({"has_answer": has_answer(p.text, query.answers)} if has_answer else {}))
            record = {"id": query_id, "question": query.text, "answers": list(query.answers), "ctxs": contexts}
            out.write(",\n" if n else "\n")
            out.write(json.dumps(record, ensure_ascii=False))
        out.write("\n]\n")
    return path
