"""The report of a World: calibration, balance, probes and counts, as text or as figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retrievarium.data.world import calibration
from retrievarium.data.world.balance import balance
from retrievarium.data.world.ids import Ids
from retrievarium.data.world.probes import probe
from retrievarium.data.world.slices import slices

if TYPE_CHECKING:
    from retrievarium.data.world.world import World

LIMIT = 0.05  # largest standardised difference between buckets of exposure


def cell_counts(world: World) -> dict[str, int]:
    """Questions in each judged cell, both arms pooled: popularity x pattern x entity, trained relations only."""
    counts: dict[str, int] = {}
    for arm in ("A", "B"):
        by_query: dict[str, set[str]] = {}
        for row in slices(world.book, Ids(), arm).to_pylist():
            by_query.setdefault(row["query_id"], set()).add(row["slice"])
        for names in by_query.values():
            for popularity in names & {"rare", "common"}:
                for pattern in names & {"seen-pattern", "unseen-pattern"}:
                    for entity in names & {"seen-entity", "unseen-entity"}:
                        cell = f"{popularity} x {pattern} x {entity}"
                        counts[cell] = counts.get(cell, 0) + 1
    return dict(sorted(counts.items()))


def figures(world: World) -> dict[str, Any]:
    """Everything the report prints, ready for JSON."""
    book = world.book
    lengths = [len(written.text.split()) for written in book.passages]
    told = [sum(len(s.facts) for s in written.sentences) for written in book.passages]
    forms = [
        sentence.forms.get(page.subject)
        for page, written in zip(book.plan.pages, book.passages, strict=True)
        for sentence in written.sentences
        if any(book.plan.facts[n].subject == page.subject for n in sentence.facts)
    ]
    return {
        "seed": world.seed,
        "passages": len(book.passages),
        "bank": world.bank,
        "dials_hash": calibration.dials_hash(),
        "counts": {
            "articles": len(book.plan.articles),
            "test questions": len(book.test),
            "dev questions": len(book.dev),
            "training questions, arm A": len(book.train("A")),
            "words a passage, least": min(lengths),
            "words a passage, mean": round(sum(lengths) / len(lengths), 1),
            "words a passage, most": max(lengths),
            "facts a passage, least": min(told),
            "facts a passage, mean": round(sum(told) / len(told), 2),
            "facts a passage, most": max(told),
            "pronoun share of own fact sentences": round(forms.count("pronoun") / max(1, len(forms)), 3),
        },
        "cells": cell_counts(world),
        "calibration": calibration.as_json(calibration.calibrate(world)),
        "real": {name: list(values) for name, values in calibration.REAL.items()},
        "balance": [
            {
                "feature": item.feature,
                "rare": round(item.rare, 4),
                "common": round(item.common, 4),
                "rare_common": round(item.rare_common, 4),
                "buckets": round(item.buckets, 4),
                "holds": item.buckets < LIMIT,
            }
            for item in balance(book)
        ],
        "probes": [
            {"name": p.name, "measure": p.measure, "value": round(p.value, 4), "low": p.low, "high": p.high}
            | {"spread": round(p.spread, 4), "holds": p.holds}
            for p in probe(world)
        ],
    }


def _mark(holds: bool) -> str:
    return " " if holds else "!"


def render(found: dict[str, Any]) -> str:
    """The figures as text; `!` marks what lies outside its range."""
    lines = [f"World, seed {found['seed']}, {found['passages']:,} passages, bank {found['bank']}", ""]
    lines += [f"  {name:<42} {value:>10,}" for name, value in found["counts"].items()]
    lines += ["", "Questions in each judged cell (arms pooled; 300 wanted at 5,000 passages)"]
    lines += [f"  {name:<58} {value:>6,}" for name, value in found["cells"].items()]
    lines += ["", "Calibration                                          target       measured"]
    for row in found["calibration"]:
        target = f"{row['low']:g} to {row['high']:g}"
        lines.append(f"{_mark(row['holds'])} {row['what']:<46} {target:>14} {row['measured']:>9.3f}")
    lines += ["  Overlap p10/p50/p90 of real text: " + "; ".join(
        f"{name} " + "/".join(f"{v:.2f}" for v in values) for name, values in found["real"].items()
    )]  # fmt: skip
    lines += ["", f"Balance between buckets of exposure (standardised difference, limit {LIMIT})"]
    lines += ["  feature                        rare    common   common-rare  largest bucket"]
    for row in sorted(found["balance"], key=lambda row: -row["buckets"]):
        lines.append(
            f"{_mark(row['holds'])} {row['feature']:<26} {row['rare']:>9.3f} {row['common']:>9.3f} "
            f"{row['rare_common']:>12.3f} {row['buckets']:>14.3f}"
        )
    lines += ["", "Shortcut probes                                      allowed      measured"]
    for row in found["probes"]:
        allowed = f"{row['low']:g} to {row['high']:g}"
        chance = f" (chance alone: {row['spread']:.3f} either way)" if row["spread"] else ""
        told = f"{row['name']:<42} {row['measure']:<9} {allowed:>12} {row['value']:>9.3f}"
        lines.append(f"{_mark(row['holds'])} {told}{chance}")
    return "\n".join(lines)


def report(world: World) -> str:
    """The report as text."""
    return render(figures(world))
