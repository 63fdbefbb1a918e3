"""What can be set on a method, as a form needs it: name, kind, default, choices, and what it does in words.

Everything is read from the method's own signature and docstring, where a setting has a line of the form

    negatives: h, hard negatives a question; 0 leaves the in-batch ones.
    hard: "bm25" (mined), "random" (drawn at random), or "given" (a table of the collection).

A text setting whose line quotes two values or more, its default among them (or None), may only take those.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from retrievarium.methods.registry import method_named

_COMMON = {
    "batch": "Questions a step. Each one's passages are negatives of all others in the batch.",
    "lr": "Learning rate at its highest, after the warm-up.",
    "steps": "Training steps; 0 leaves the untrained start.",
    "negatives": "Hard negatives a question.",
    "dim": "Length of a vector.",
    "temperature": "What scores are divided by before the softmax; smaller is sharper.",
    "index": "How vectors are searched: Flat is exact, HNSW32 is a graph with 32 links.",
}
_LINE = re.compile(r"([a-z_]\w*(?:, [a-z_]\w*)*): (.+)")
_WITHIN = re.compile(r"[;.] ([a-z_]\w*): ")
_QUOTED = re.compile(r'"([^"]+)"')
_KINDS: dict[str, type] = {"int": int, "float": float, "bool": bool, "str": str}


@dataclass(frozen=True)
class Setting:
    """One setting of a method.

    kind: int, float, bool or str.
    default: None where the budget decides (or the method itself, where the budget names no such thing).
    choices: what a text may be; empty where anything may be tried.
    serving: it changes how the trained model searches, not the model.
    """

    name: str
    kind: type
    default: Any
    says: str
    choices: tuple[str, ...] = ()
    serving: bool = False


def described(function: Callable[..., Any]) -> dict[str, str]:
    """`{setting: its line}` from a docstring; a line goes on where the next ones are indented or start no setting.

    One line may tell two: "m: vectors of a passage; merged: their mean in place of them".
    """
    known = inspect.signature(function).parameters
    told: dict[str, str] = {}
    names: list[str] = []
    for line in (inspect.getdoc(function) or "").splitlines():
        found = _LINE.fullmatch(line.strip())
        if found:
            names = found[1].split(", ")
            told |= dict.fromkeys(names, found[2])
        elif not line.strip():
            names = []
        else:
            told |= {n: f"{told[n]} {line.strip()}" for n in names}
    for name, line in list(told.items()):
        first, *more = _WITHIN.split(line)
        if more and all(n in known for n in more[::2]):
            told |= dict(zip([name, *more[::2]], [first, *more[1::2]], strict=True))
    return told


def _kind(parameter: inspect.Parameter) -> type:
    """From the annotation, which may be a text such as `int | None`; else from the default."""
    written = str(getattr(parameter.annotation, "__name__", parameter.annotation))
    named = [p.strip() for p in written.split("|")]
    return next((_KINDS[n] for n in named if n in _KINDS), type(parameter.default))


def _sentence(says: str) -> str:
    """Without code marks, with a full stop, and with a capital unless it begins with a symbol ("h, hard negatives")."""
    says = says.replace("`", "")
    says += "." if says and says[-1] not in ".?!" else ""
    return says if re.match(r"\w\W", says) else says[:1].upper() + says[1:]


def settings_of(key: str) -> tuple[Setting, ...]:
    """A method's settings in the order of its signature. Raises MissingError for a method that is not built."""
    chosen = method_named(key)
    found = []
    for function, serving in ((chosen.train, False), (chosen.serve, True)):
        lines = described(function)
        for parameter in inspect.signature(function).parameters.values():
            if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
                continue
            name, kind = parameter.name, _kind(parameter)
            says = lines.get(name) or _COMMON.get(name, "")
            quoted = tuple(dict.fromkeys(_QUOTED.findall(says))) if kind is str else ()
            choices = quoted if len(quoted) > 1 and parameter.default in (None, *quoted) else ()
            found.append(Setting(name, kind, parameter.default, _sentence(says), choices, serving))
    return tuple(found)
