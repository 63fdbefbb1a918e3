"""What a training costs, so that two ways of training are compared at the same price."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from torch import Tensor

from retrievarium.contracts import InputError
from retrievarium.training.proxies import Through, Window
from retrievarium.training.tokens import TokenTable

UNITS = ("steps", "questions encoded", "passages encoded", "tokens encoded", "seconds")


@dataclass
class CostMeter:
    """Counts while it is used; forward passes are counted, so a gradient cache inside counts twice.

        meter = CostMeter()
        with meter:
            fit(model, meter.over(batches), ...)

    generated_tokens: for methods that let a language model write.
    """

    steps: int = 0
    questions: int = 0
    passages: int = 0
    tokens: int = 0
    seconds: float = 0.0
    generated_tokens: int = 0
    _began: float = field(default=0.0, repr=False)

    def __enter__(self) -> CostMeter:
        self._began = time.perf_counter()
        return self

    def __exit__(self, *error: Any) -> None:
        self.seconds += time.perf_counter() - self._began

    def over(self, batches: Callable[[int], Any]) -> Callable[[int], Through]:
        """The same batches, counted."""

        def loss(model: Any, batch: Any, objective: Any) -> Tensor:
            self.steps += 1
            return batch.loss(_Counted(model, self), objective)

        return lambda step: Through(batches(step), loss)

    def to_dict(self) -> dict[str, float]:
        """By unit, for a report."""
        return {n: round(v, 2) for n, v in asdict(self).items() if not n.startswith("_")}

    def __getitem__(self, unit: str) -> float:
        """By the name of a unit, see `UNITS`."""
        if unit not in UNITS:
            raise InputError(f"costs are not counted in {unit!r}", expected=f"one of {UNITS}")
        return float(getattr(self, unit.split()[0]))


class _Counted(Window):
    def __init__(self, model: Any, meter: CostMeter) -> None:
        super().__init__(model)
        self._meter = meter

    def __call__(self, *arguments: Any) -> Any:
        role, ids, mask = arguments[:3]
        if role == "query":
            self._meter.questions += len(ids)
        else:
            self._meter.passages += len(ids)
        self._meter.tokens += int(mask.sum())
        return self._model(*arguments)


@dataclass(frozen=True)
class EqualBudget:
    """So much of one unit for each arm, whatever a step of it costs."""

    amount: int
    unit: str = "passages encoded"

    def steps(self, batches: Callable[[int], Any]) -> int:
        """How many steps the amount pays for, by what the first batch costs. Raises InputError where none."""
        costs = batch_cost(batches(0))
        if self.unit not in costs:
            raise InputError(f"a step's price in {self.unit!r} is not known beforehand", expected=f"{list(costs)}")
        count = self.amount // max(1, costs[self.unit])
        if not count:
            raise InputError(f"{self.amount} {self.unit} pay for no step", expected=f"{costs[self.unit]} or more")
        return count

    def check(self, arms: Mapping[str, CostMeter], tolerance: float = 0.05) -> None:
        """Raises InputError where two arms' costs differ by more than `tolerance` of the larger."""
        spent = {name: meter[self.unit] for name, meter in arms.items()}
        low, high = min(spent, key=lambda n: spent[n]), max(spent, key=lambda n: spent[n])
        if spent[high] - spent[low] > tolerance * spent[high]:
            raise InputError(
                f"the arms did not cost the same: {low} {spent[low]:g} and {high} {spent[high]:g} {self.unit}",
                fix="give each as many steps as EqualBudget.steps says",
            )


def batch_cost(batch: Any) -> dict[str, int]:
    """What one batch encodes, read off its token tables `questions` and `passages`."""
    while isinstance(batch, Through):
        batch = batch.batch
    nothing = TokenTable.of([])
    questions, passages = (getattr(batch, name, nothing) for name in ("questions", "passages"))
    tokens = len(questions.ids) + len(passages.ids)
    return {
        "steps": 1, "questions encoded": len(questions), "passages encoded": len(passages), "tokens encoded": tokens
    }  # fmt: skip
