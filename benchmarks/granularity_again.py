"""Compute a granularity bench's table again from its export, by other code: Python's standard library alone.

    python benchmarks/granularity_again.py FOLDER

Reads `runs/*.units.trec`, `units/*.tsv` and `questions.jsonl`, folds units into passages, cuts texts into words, looks
for answers, and compares every mean with `table.csv` and `slices.csv`. Exit code 1 where one differs.
"""

from __future__ import annotations

import csv
import json
import sys
import unicodedata
from collections import defaultdict
from functools import cache
from pathlib import Path

CUTS, WORDS = (5, 20), (100, 200, 500)


def tokens(text: str) -> list[tuple[str, int]]:
    """Letters and digits in runs, every other sign alone, accents and case removed; with the position of the end."""
    found: list[tuple[str, int]] = []
    run, last = "", 0
    for position, char in enumerate([*text, " "]):
        plain = "".join(c for c in unicodedata.normalize("NFD", char) if unicodedata.category(c) != "Mn").casefold()
        for piece in plain:
            if piece.isalnum():
                run += piece
                last = position + 1
                continue
            if run:
                found.append((run, last))
                run = ""
            if not piece.isspace():
                found.append((piece, position + 1))
    if run:
        found.append((run, last))
    return found


@cache
def lined(text: str) -> tuple[str, tuple[int, ...]]:
    """The tokens, each on a line of its own, and where each ends in the text."""
    found = tokens(text)
    return "\n" + "".join(f"{t}\n" for t, _ in found), tuple(end for _, end in found)


def first_end(text: str, answer: str) -> int | None:
    """Where the first occurrence of the answer's tokens ends in the text."""
    wanted = "\n" + "".join(f"{t}\n" for t, _ in tokens(answer))
    lines, ends = lined(text)
    at = lines.find(wanted) if len(wanted) > 1 else -1
    return None if at < 0 else ends[lines.count("\n", 0, at) + wanted.count("\n") - 2]


def words_until(text: str, end: int) -> int:
    """Words (between blanks) that begin before `end`."""
    count, inside = 0, False
    for char in text[:end]:
        if not char.isspace() and not inside:
            count += 1
        inside = not char.isspace()
    return count


def read_run(path: Path) -> dict[str, list[tuple[str, float]]]:
    lists: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        query, _, unit, _, score, _ = line.split()
        lists[query].append((unit, float(score)))
    return lists


def main(folder: Path) -> int:
    questions = [json.loads(line) for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    maps: dict[str, dict[str, tuple[list[str], str]]] = {}
    for path in (folder / "units").glob("*.tsv"):
        rows = path.read_text(encoding="utf-8").splitlines()[1:]
        cells = (row.split("\t") for row in rows)
        maps[path.stem] = {c[0]: (c[1].split(), c[5] if len(c) > 5 else "") for c in cells}
    passages = {unit: text for unit, (_, text) in maps["passage"].items()}
    values: dict[tuple[str, str], dict[str, dict[str, float]]] = {}
    ends: dict[tuple[str, str], int | None] = {}

    def end_of(text: str, answer: str) -> int | None:
        if (text, answer) not in ends:
            ends[text, answer] = first_end(text, answer)
        return ends[text, answer]

    for path in sorted((folder / "runs").glob("*.units.trec")):
        retriever, unit = path.name.removesuffix(".units.trec").rsplit(".", 1)
        run, known = read_run(path), maps[unit]
        own: dict[str, dict[str, float]] = defaultdict(dict)
        for question in questions:
            query, answers, relevant = question["id"], question["answers"], set(question["relevant"])
            best: dict[str, float] = {}
            for found, score in run.get(query, []):
                for passage in known[found][0]:
                    best[passage] = max(score, best.get(passage, score))
            ranked = sorted(best, key=lambda p: (best[p], p.encode()), reverse=True)
            for k in CUTS:
                if relevant:
                    own[f"R@{k}"][query] = len(relevant & set(ranked[:k])) / len(relevant)
                if any(tokens(a) for a in answers):
                    hit = any(end_of(passages[p], a) is not None for p in ranked[:k] for a in answers)
                    own[f"Answer@{k}"][query] = float(hit)
            if any(tokens(a) for a in answers):
                read, needed = 0, float("inf")
                for found, _ in run.get(query, []):
                    text = known[found][1]
                    stops = [e for a in answers if (e := end_of(text, a)) is not None]
                    if stops:
                        needed = read + words_until(text, min(stops))
                        break
                    read += len(text.split())
                    if read >= max(WORDS):
                        break
                for n in WORDS:
                    own[f"Answer@{n}w"][query] = float(needed <= n)
        values[retriever, unit] = own

    def plain(text: str) -> str:
        return "-".join("".join(c if c.isalnum() else " " for c in text).split())

    checked = wrong = 0
    for name in ("table.csv", "slices.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as source:
            for row in csv.DictReader(source):
                own = values[plain(row["retriever"]), plain(row["unit"])]
                group = (row.get("by"), row.get("group"))
                inside = {
                    q["id"] for q in questions if not group[0] or q["groups"].get(group[0]) == group[1].lstrip("'")
                }
                for measure, by in own.items():
                    if not row.get(measure):
                        continue
                    some = [v for q, v in by.items() if q in inside]
                    checked += 1
                    if abs(sum(some) / len(some) - float(row[measure])) > 1e-5:
                        wrong += 1
                        told = sum(some) / len(some)
                        print(
                            f"{name}: {row['retriever']}, {row['unit']}, {group}, {measure}: {row[measure]} and {told}"
                        )
    print(f"{checked:,} means computed again, {wrong} differ")
    return 1 if wrong or not checked else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
