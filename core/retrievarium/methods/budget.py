"""How much work a method may do, in steps: seconds would make seeds unequal on a shared machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from retrievarium.contracts import MissingError


@dataclass(frozen=True)
class Budget:
    """Named step counts.

    Parameters
    ----------
    exposure: steps of masked language modelling on the collection's own text, batches of 32.
    steps, batch: training steps, and questions a step.
    lr: learning rate of the training.
    passage_tokens, question_tokens: longest text, in word pieces.
    about: what it takes, in words.
    """

    name: str
    exposure: int
    steps: int
    batch: int
    lr: float
    passage_tokens: int
    question_tokens: int
    about: str

    @classmethod
    def named(cls, name: str | Budget) -> Budget:
        """ "smoke", "small" or "full". Raises MissingError."""
        if isinstance(name, Budget):
            return name
        if name not in BUDGETS:
            raise MissingError(f"there is no budget {name!r}", field="budget", expected=f"one of {list(BUDGETS)}")
        return BUDGETS[name]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


BUDGETS = {
    b.name: b
    for b in (
        Budget("smoke", 20, 40, 16, 1e-3, 96, 32, "20 seconds on two cores; does it run?"),
        Budget("small", 100, 300, 64, 4e-4, 160, 40, "about three minutes on two cores"),
        Budget("full", 4_000, 12_000, 128, 2e-4, 256, 64, "a GPU; the papers' batch, length and epochs"),
    )
}


def given(batch: int | None, lr: float | None, steps: int | None) -> tuple[int, float, int]:
    """The three settings that every budget fills in, for a method that is about to use them."""
    assert batch is not None
    assert lr is not None
    assert steps is not None
    return batch, lr, steps
