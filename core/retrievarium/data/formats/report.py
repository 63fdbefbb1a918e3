"""What an import found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from retrievarium.contracts import Run


@dataclass(frozen=True)
class Notice:
    """Something worth knowing that did not stop the import."""

    text: str
    count: int = 0
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        shown = ", ".join(self.examples)
        return self.text + (f" (for example {shown})" if shown else "")


@dataclass
class Report:
    """Counts and warnings of one import; `runs` holds ranked lists that came with the files."""

    format: str
    source: str
    counts: dict[str, int] = field(default_factory=dict)
    warnings: list[Notice] = field(default_factory=list)
    notes: list[Notice] = field(default_factory=list)
    runs: dict[str, Run] = field(default_factory=dict)

    def __str__(self) -> str:
        by_split = [(what, n) for what, n in self.counts.items() if what != "qrels" or n == 0]
        lines = [f"Read as {self.format}: " + ", ".join(f"{n:,} {what}" for what, n in by_split)]
        lines += [f"warning: {n}" for n in self.warnings]
        lines += [f"note: {n}" for n in self.notes]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able: `{format, source, counts, warnings, notes, runs}`, warnings and notes as sentences."""
        return {
            "format": self.format,
            "source": self.source,
            "counts": dict(self.counts),
            "warnings": [str(n) for n in self.warnings],
            "notes": [str(n) for n in self.notes],
            "runs": {name: len(run) for name, run in self.runs.items()},
        }
