"""Which formats there are, and which one a path is in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from retrievarium.contracts import InputError
from retrievarium.data.formats import beir, dpr, hub, irds, questions, squad, tables, tevatron, trec
from retrievarium.data.formats.draft import Draft
from retrievarium.data.formats.reading import Reader


@dataclass(frozen=True)
class Format:
    """A format: how to recognise it, which files it reads, and how it fills a draft."""

    name: str
    title: str
    sniff: Callable[[Path], str | None]
    files: Callable[[Any], list[Path]]
    read: Callable[[Any, Draft, Reader, Mapping[str, Any]], None]
    options: frozenset[str] | None = frozenset()  # what the mapping may hold; None: names of columns

    def check(self, mapping: Mapping[str, Any]) -> None:
        """Raises InputError for a mapping entry that would be ignored."""
        unknown = next((k for k in mapping if self.options is not None and k not in self.options), None)
        if unknown is not None:
            raise InputError(
                f"the format {self.name!r} does not take {unknown!r} in a mapping",
                field="mapping",
                expected=f"{sorted(self.options or ()) or 'no entry'}, or 'passages' or 'encoding'",
                fix='leave it out, or read the file as a table: format="table"',
            )


def _format(
    name: str, title: str, module: ModuleType, suffix: str = "", options: tuple[str, ...] | None = ()
) -> Format:
    return Format(
        name,
        title,
        getattr(module, f"sniff{suffix}"),
        getattr(module, f"files{suffix}"),
        getattr(module, f"read{suffix}"),
        None if options is None else frozenset(options),
    )


FORMATS: tuple[Format, ...] = (
    _format("beir", "BEIR folder", beir),
    _format("squad", "SQuAD JSON", squad),
    _format("dpr-training", "DPR training JSON", dpr, "_training"),
    _format("dpr-retrieval", "DPR retrieval JSON", dpr, "_retrieval"),
    _format("dpr-passages", "DPR passages (psgs_w100.tsv)", dpr, options=("quotes",)),
    _format("popqa", "PopQA TSV", questions, "_popqa"),
    _format("entity-questions", "EntityQuestions", questions, "_entity"),
    _format("tevatron", "Tevatron JSON lines", tevatron),
    _format("nq-open", "NQ-open", questions, "_nq"),
    _format("trec", "TREC documents and topics", trec, options=("topic",)),
    _format("table", "a table of passages (CSV, TSV, JSONL, Parquet)", tables, options=None),
)
"""In the order they are tried."""

REMOTE: Mapping[str, Format] = {
    "hf:": _format("hf", "Hugging Face data set", hub, options=None),
    "irds:": _format("irds", "ir_datasets id", irds),
}
"""By the prefix of the id."""


def choose(path: str, format: str | None, mapping: Mapping[str, Any]) -> tuple[Format, Path | str]:
    """The format named, or the first that recognises the path; a table where columns are mapped.

    Raises InputError listing what was tried and why not.
    """
    for prefix, remote in REMOTE.items():
        if path.startswith(prefix) or format == remote.name:
            return remote, path.removeprefix(prefix)
    by_name = {f.name: f for f in FORMATS}
    if format is not None and format not in by_name:
        raise InputError(
            f"there is no format {format!r}",
            field="format",
            expected=f"one of {[*by_name, *(f.name for f in REMOTE.values())]}",
        )
    source = Path(path).expanduser()
    if not source.exists():
        raise InputError("there is no such file or folder", path=path, fix="check the path")
    if format is not None:
        return by_name[format], source
    reasons = []
    columns = {"id", "text", "title"} & set(mapping)
    for candidate in FORMATS:
        if columns and candidate.options is not None:
            continue
        why_not = candidate.sniff(source)
        if why_not is None:
            return candidate, source
        reasons.append(f"{candidate.name} ({why_not})")
    raise InputError(
        "the format was not recognised. Tried: " + "; ".join(reasons),
        path=path,
        expected="; ".join(f.title for f in FORMATS),
        fix="name the format (format=...), or bring the data into one of these forms",
    )
