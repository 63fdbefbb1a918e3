"""Text from collections as HTML. Nothing from a collection reaches a page but through `escaped`.

Passages hold markup, markdown, right-to-left scripts, control characters and words without end; all of it is shown as
the text it is, isolated from its surroundings.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from retrievarium.analysis import Mark

# control characters, lone surrogates and NUL are no text; tab and line feed are
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_AROUND = 100  # characters kept before a first mark that lies far inside


def escaped(text: object) -> str:
    """Text safe inside an element and inside a quoted attribute."""
    return html.escape(_CONTROL.sub("\ufffd", str(text)), quote=True)


def isolated(text: object, tag: str = "span", classes: str = "") -> str:
    """An element that keeps the direction of its text to itself."""
    named = f' class="{classes}"' if classes else ""
    return f'<{tag}{named} dir="auto">{escaped(text)}</{tag}>'


def marked(text: str, marks: Sequence[Mark], start: int = 0, stop: int | None = None) -> str:
    """`text[start:stop]` as HTML with answers and matched terms marked. Every piece is escaped on its own."""
    stop = len(text) if stop is None else stop
    out, at = [], start
    for mark in marks:
        if mark.start < at or mark.stop > stop:
            continue
        out.append(escaped(text[at : mark.start]))
        what = "answer" if mark.kind == "answer" else "term"
        out.append(f'<mark class="rv-{what}">{escaped(text[mark.start : mark.stop])}</mark>')
        at = mark.stop
    out.append(escaped(text[at:stop]))
    return "".join(out)


def window(text: str, marks: Sequence[Mark], length: int = 230) -> tuple[int, int]:
    """Which characters to show of a long text: from the start, or around the first answer where it lies further in."""
    if len(text) <= length + 40:
        return 0, len(text)
    answer = next((m for m in marks if m.kind == "answer"), None)
    start = 0
    if answer is not None and answer.stop > length:
        start = max(0, answer.start - _AROUND)
        blank = text.find(" ", start, answer.start)
        start = blank + 1 if blank >= 0 else start
    stop = min(len(text), start + length)
    blank = text.rfind(" ", start + length // 2, stop)
    return start, blank if blank > 0 and stop < len(text) else stop


def seconds(value: float | None) -> str:
    """A duration in words a person would use."""
    if value is None:
        return "an unknown time"
    if value < 1.5:
        return "about a second"
    if value < 90:
        return f"about {max(5, round(value / 5) * 5) if value > 10 else round(value)} seconds"
    return f"about {round(value / 60)} minutes" if value < 5400 else f"about {value / 3600:.1f} hours"


def size(n: float) -> str:
    """Bytes in words."""
    for unit in ("bytes", "kB", "MB"):
        if n < 1000:
            return f"{n:.0f} {unit}" if unit == "bytes" or n >= 10 else f"{n:.1f} {unit}"
        n /= 1000
    return f"{n:.1f} GB"
