"""Documents that link to each other as one long unit, scored by its best chunk (Jiang et al., 2024; LongRAG)."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from retrievarium.contracts import Run
from retrievarium.units.kinds import documents_of
from retrievarium.units.naming import Names
from retrievarium.units.splitting import word_spans
from retrievarium.units.table import Unit, Units

if TYPE_CHECKING:
    from retrievarium.data import Collection

LIMIT = 600
"""Words of a group."""


def document_links(collection: Collection) -> dict[str, set[str]]:
    """Which documents name each other's title, both ways; a document without any is in it with none."""
    documents = documents_of(collection)
    titled: dict[str, str] = {}
    for document, title in zip(documents, collection.passages.titles, strict=True):
        if title:
            titled.setdefault(title, document)
    links: dict[str, set[str]] = {d: set() for d in documents}
    names = Names(titled)
    for document, text in zip(documents, collection.passages.texts, strict=True):
        for mention in names.find(text):
            other = titled.get(mention.full)
            if other is not None and other != document:
                links[document].add(other)
                links[other].add(document)
    return links


def group_by_links(links: Mapping[str, Iterable[str]], sizes: Mapping[str, int], limit: int = LIMIT) -> dict[str, int]:
    """Every document's group.

    In order of rising degree a document joins the groups that its neighbours are in, the smallest first, while their
    total stays within `limit`; else it begins its own. So a group is connected, and larger than `limit` only where a
    single document is. Ties by id.

    Source: Jiang et al., 2024 (2406.15319), section 2.1 and its public script, which drops documents without links.
    """
    group_of: dict[str, int] = {}
    members: dict[int, list[str]] = {}
    total: dict[int, int] = {}
    for number, document in enumerate(sorted(links, key=lambda d: (len(set(links[d])), d))):
        own, size = [document], sizes[document]
        near = {group_of[n] for n in links[document] if n in group_of}
        for group in sorted(near, key=lambda g: (total[g], g)):
            if size + total[group] <= limit:
                own += members.pop(group)
                size += total.pop(group)
        members[number], total[number] = own, size
        group_of |= dict.fromkeys(own, number)
    return group_of


def group_at_random(
    groups: Mapping[str, int], sizes: Mapping[str, int], limit: int = LIMIT, seed: int = 0
) -> dict[str, int]:
    """A control: as many documents in each group as before where they fit, drawn at random; no group above `limit`
    unless a single document is."""
    counts: dict[int, int] = {}
    for group in groups.values():
        counts[group] = counts.get(group, 0) + 1
    waiting = sorted(groups)
    random.Random(f"{seed}/random groups").shuffle(waiting)
    made: dict[str, int] = {}
    number = 0
    for count in sorted(counts.values(), reverse=True):
        size = taken = 0
        for document in list(waiting):
            if taken and (taken == count or size + sizes[document] > limit):
                continue
            made[document] = number
            waiting.remove(document)
            size, taken = size + sizes[document], taken + 1
            if taken == count:
                break
        number += 1
    for document in waiting:  # what fitted nowhere stands alone
        made[document] = number
        number += 1
    return made


def group_units(
    collection: Collection, limit: int = LIMIT, *, at_random: bool = False, titles: bool = True, seed: int = 0
) -> Units:
    """Units of kind "group": whole documents that link to each other, up to so many words."""
    documents = documents_of(collection)
    sizes: dict[str, int] = {}
    for document, text in zip(documents, collection.passages.texts, strict=True):
        sizes[document] = sizes.get(document, 0) + len(word_spans(text))
    groups = group_by_links(document_links(collection), sizes, limit)
    if at_random:
        groups = group_at_random(groups, sizes, limit, seed)
    rows: dict[int, list[int]] = {}
    for row, document in enumerate(documents):
        rows.setdefault(groups[document], []).append(row)
    passages = collection.passages
    kind = "group (random)" if at_random else "group"
    made = []
    for number, own in enumerate(sorted(rows.values())):
        own.sort(key=lambda r: (documents[r], r))
        text = " ".join(passages.texts[r] for r in own)
        title = passages.titles[own[0]] if titles else ""
        ids = tuple(passages.ids[r] for r in own)
        made.append(Unit(f"g{number:06d}", title, text, documents[own[0]], ids, 0, len(passages.texts[own[0]])))
    about = {"kind": kind, "limit": limit, "titles": titles, "collection": collection.text_fingerprint, "seed": seed}
    return Units.of(kind, made, about)


def to_units(run: Run, chunks: Units, units: Units) -> Run:
    """A ranking of chunks as one of the units that hold their passages: a unit scores as its best chunk."""
    owner = {passage: units.ids[row] for passage, rows in units.by_passage.items() for row in rows}
    lists: dict[str, dict[str, float]] = {}
    for query, ranking in run:
        best: dict[str, float] = {}
        for chunk, score in ranking:
            for passage in chunks.passages[chunks.row_of[chunk]]:
                best.setdefault(owner[passage], score)
        lists[query] = best
    return Run.from_dict(lists)
