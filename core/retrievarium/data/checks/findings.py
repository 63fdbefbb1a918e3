"""What a preflight finds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

SEVERITIES = ("stop", "warning", "note", "ok")
"""stop: no number from this collection means anything. warning: numbers mislead unless this is known. note: good to
know. ok: looked at, nothing found."""

EXAMPLES = 5


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `key` is stable; `sentence` says what was found, with figures; `advice` what to do."""

    key: str
    severity: str
    title: str
    sentence: str
    examples: tuple[str, ...] = ()
    advice: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "severity": self.severity,
            "title": self.title,
            "sentence": self.sentence,
            "examples": list(self.examples),
            "advice": self.advice,
        }

    def __str__(self) -> str:
        shown = f" For example {', '.join(self.examples)}." if self.examples else ""
        return f"{self.severity:>7}  {self.title}: {self.sentence}{shown}" + (f" {self.advice}" if self.advice else "")


def finding(
    key: str, severity: str, title: str, sentence: str, examples: Iterable[str] = (), advice: str = ""
) -> Finding:
    return Finding(key, severity, title, sentence, tuple(examples)[:EXAMPLES], advice)


@dataclass(frozen=True)
class Preflight:
    """Findings, gravest first."""

    findings: tuple[Finding, ...] = field(default=())

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __getitem__(self, key: str) -> Finding:
        """The finding of that key. Raises KeyError."""
        for one in self.findings:
            if one.key == key:
                return one
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return any(f.key == key for f in self.findings)

    @property
    def worst(self) -> str:
        """The gravest severity found."""
        return min((f.severity for f in self.findings), key=SEVERITIES.index, default="ok")

    def of(self, severity: str) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.severity == severity)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able: `{worst, findings: [{key, severity, title, sentence, examples, advice}]}`."""
        return {"worst": self.worst, "findings": [f.to_dict() for f in self.findings]}

    def __str__(self) -> str:
        return "\n".join(str(f) for f in self.findings)


def ordered(findings: Iterable[Finding]) -> Preflight:
    return Preflight(tuple(sorted(findings, key=lambda f: SEVERITIES.index(f.severity))))


def plural(n: int, one: str, many: str | None = None) -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def share(part: int, whole: int) -> str:
    """A percentage that does not claim 0% or 100% unless it is."""
    if not whole:
        return "0%"
    value = 100 * part / whole
    if 0 < value < 0.1:
        return "under 0.1%"
    if 99.9 < value < 100:
        return "over 99.9%"
    return f"{value:.3g}%"
