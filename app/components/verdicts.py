"""States of papers and claims in sign, word and tone; effects and seeds in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from components.text import escaped

# sign, tone, what it means
VERDICTS = {
    "replicates": ("✓", "ok", "the interval lies above 0 and the effect is large enough to count"),
    "replicates, mechanism not shown": ("✓?", "ok", "it replicates, but the placebo does as well"),
    "does not replicate": ("✕", "down", "the interval lies below the smallest effect that counts"),
    "opposite": ("⇄", "down", "the interval lies below 0"),
    "inconclusive": ("≈", "warn", "the interval holds both no effect and one that counts"),
    "indicative": ("◔", "note", "three seeds or more, and not yet all that a verdict asks for"),
    "untestable here": ("⊘", "dim", "a precondition failed, so the numbers say nothing about the claim"),
    "not yet measured": ("○", "dim", "fewer than three seeds"),
}
STATUSES = {
    "works": ("●", "ok", "tested, with its lesson and a measured claim"),
    "tested": ("◆", "note", "every line of its acceptance sheet has a test"),
    "runs": ("▷", "note", "it can be trained here"),
    "planned": ("○", "dim", "not built yet"),
}
INTERVAL = (
    "The intervals speak of these two methods: trained again with other seeds on other Worlds, 95% of such intervals "
    "hold the true difference. Compare's interval is another one: it speaks of two runs as they are, on other queries."
)


def chip(word: str, states: Mapping[str, tuple[str, str, str]], text: str = "") -> str:
    """A state as a small label: sign and word, the meaning as a tooltip."""
    sign, tone, meaning = states.get(word, ("·", "dim", ""))
    return (
        f'<span class="rv-chip rv-tone-{tone}" title="{escaped(meaning)}">'
        f'<span aria-hidden="true">{sign}</span> {escaped(text or word)}</span>'
    )


def sign(word: str, states: Mapping[str, tuple[str, str, str]]) -> str:
    return states.get(word, ("·", "dim", ""))[0]


def verdict_chip(row: Mapping[str, Any]) -> str:
    """A claim's verdict; an indication always with its number of seeds."""
    few = f"indicative, {len(row['seeds'])} seeds" if row["verdict"] == "indicative" else ""
    return chip(row["verdict"], VERDICTS, few)


def effect(row: Mapping[str, Any]) -> str:
    """`+0.123 (+0.050 to +0.200)`, or a dash."""
    if row["effect"] is None:
        return "–"
    low, high = row["interval"]
    return f"{row['effect']:+.3f} ({low:+.3f} to {high:+.3f})"


def ranges(seeds: Iterable[int]) -> str:
    """`[101, 102, 103, 110]` as "101-103,110": what a command takes."""
    parts: list[list[int]] = []
    for seed in sorted(seeds):
        if parts and seed == parts[-1][-1] + 1:
            parts[-1].append(seed)
        else:
            parts.append([seed])
    return ",".join(str(p[0]) if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)


def legend(states: Mapping[str, tuple[str, str, str]], present: Iterable[str]) -> str:
    """What the signs in view mean."""
    told = [f"<span>{chip(w, states)} {escaped(states[w][2])}</span>" for w in states if w in set(present)]
    return f'<div class="rv-legend">{"".join(told)}</div>'
