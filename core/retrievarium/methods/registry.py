"""The registry: every paper, what is built of it, and its claims. A new paper is a new file in this folder."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from retrievarium.contracts import InputError, MissingError

_MACHINERY = {
    "budget",
    "building",
    "evidence",
    "listing",
    "measuring",
    "parts",
    "planning",
    "registry",
    "settings",
    "shelf",
    "slicing",
    "teaching",
}
_METHODS: dict[str, Method] = {}
_CLAIMS: dict[str, Claim] = {}


@dataclass(frozen=True)
class Method:
    """A paper's way to train a model, and how the model then searches."""

    key: str
    name: str
    paper: int | None
    train: Callable[..., Any]
    serve: Callable[..., Any]
    says: str
    source: Path
    load: Callable[[Path, str | None], Any]
    rounds: float = 1.0

    @property
    def settings(self) -> dict[str, Any]:
        """What `build` accepts by name, with the defaults; None means that the budget decides."""
        return {**_keywords(self.train), **_keywords(self.serve)}

    @property
    def serving(self) -> set[str]:
        """The settings that leave the trained model alone."""
        return set(_keywords(self.serve))


@dataclass(frozen=True)
class Claim:
    """A paper's headline as a contrast measured per seed; `claims/` judges it.

    treatment, base, untrained, control, placebo: names of arms that `contrast` gives ("none" where there is none).
    combine: per-query values by arm -> one number, oriented so that the paper predicts > 0; None: treatment - base.
    delta: the smallest effect that counts.
    conditions: the card's own; the contrast reports each in `Arms.beside["conditions"]`, >= 0 where it holds.
    margin: m of a "not worse by more than m" claim, whose `combine` contains m.
    not_reproduced: what a reader must not take from our numbers (scale, data, expected gap), a sentence each.
    """

    key: str
    paper: int
    measure: str
    treatment: str
    base: str
    untrained: str
    control: str
    placebo: str
    says: str
    contrast: Callable[..., Arms]
    delta: float = 0.02
    combine: Callable[[Mapping[str, Mapping[str, float]]], float] | None = None
    method: str = ""
    conditions: tuple[str, ...] = ()
    margin: float | None = None
    not_reproduced: tuple[str, ...] = ()


class Arms(dict[str, dict[str, float]]):
    """`{arm: {query id: value}}` on the claim's measure; `beside` holds what stands next to it in the record."""

    def __init__(
        self, values: Mapping[str, dict[str, float]] | None = None, beside: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(values or {})
        self.beside: dict[str, Any] = dict(beside or {})


def _keywords(function: Callable[..., Any]) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


def _dense(collection: Any, encoder: Any, ws: Any, *, index: str = "Flat") -> Any:
    """The usual way to search with one vector a text."""
    from retrievarium.retrievers import Dense

    return Dense(collection, encoder, index=index, ws=ws)


def _encoder(folder: Path, device: str | None) -> Any:
    from retrievarium.encoders import load_encoder

    return load_encoder(folder, device=device)


def method(
    *,
    key: str,
    name: str,
    paper: int | None = None,
    says: str = "",
    serve: Callable[..., Any] = _dense,
    load: Callable[[Path, str | None], Any] = _encoder,
    rounds: float = 1.0,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register `train(collection, budget, seed, work, *, settings...) -> model`.

    Parameters
    ----------
    key: what `build` calls it; a paper's is the one of the catalogue.
    says: the method in one sentence.
    serve: `serve(collection, model, ws, *, settings...) -> Retriever`; by default dense search.
    load: `load(folder, device) -> model`, what `model.save(folder)` wrote; by default an encoder. A model of several
        parts keeps the others in folders of their own inside its encoder's.
    rounds: how many times a plain dual encoder's training it takes, for the estimate before the first one is measured.
    """

    def register(train: Callable[..., Any]) -> Callable[..., Any]:
        if key in _METHODS and _METHODS[key].train.__module__ != train.__module__:
            raise InputError(f"two methods are called {key!r}", field="key", fix="choose another key")
        _METHODS[key] = Method(key, name, paper, train, serve, says, Path(inspect.getfile(train)), load, rounds)
        return train

    return register


Contrast = Callable[..., Arms]


def claim(*, paper: int, says: str, key: str = "", **about: Any) -> Callable[[Contrast], Contrast]:
    """Register `contrast(seed, budget, device) -> Arms`; see `Claim` for what to name. `key` is the method's unless
    the paper declares several claims, of which the first is the headline."""

    def register(contrast: Contrast) -> Contrast:
        own = next(m.key for m in _METHODS.values() if m.train.__module__ == contrast.__module__ and m.paper == paper)
        _CLAIMS[key or own] = Claim(key=key or own, paper=paper, says=says, contrast=contrast, method=own, **about)
        return contrast

    return register


@lru_cache(maxsize=1)
def _discover() -> None:
    package = importlib.import_module("retrievarium.methods")
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
        if module.name not in _MACHINERY and not module.name.startswith("_"):
            importlib.import_module(f"retrievarium.methods.{module.name}")


def methods() -> dict[str, Method]:
    """Everything that can be built, by key."""
    _discover()
    return dict(_METHODS)


def claims() -> dict[str, Claim]:
    """Every declared claim, by key."""
    _discover()
    return dict(_CLAIMS)


def method_named(key: str) -> Method:
    """Raises MissingError, which tells a planned paper from an unknown name."""
    known = methods()
    if key in known:
        return known[key]
    planned = next((p for p in catalogue() if p["key"] == key), None)
    if planned is not None:
        raise MissingError(
            f"paper {planned['number']} ({planned['title']}) is planned, not built yet",
            expected=f"one of {list(known)}",
        )
    raise MissingError(f"there is no method {key!r}", field="method", expected=f"one of {list(known)}")


@lru_cache(maxsize=1)
def catalogue() -> tuple[dict[str, Any], ...]:
    """number, key, title, year, chapter, chapter_title, tier, needs, lines (of its acceptance sheet) of every paper."""
    text = Path(__file__).with_name("catalogue.json").read_text(encoding="utf-8")
    return tuple(json.loads(text))
