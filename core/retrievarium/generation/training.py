"""Teaching a tiny writer from prompts and texts, in the one loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from retrievarium.contracts import InputError
from retrievarium.encoders import train_wordpiece
from retrievarium.generation.tiny import TinyGenerator, log_probabilities
from retrievarium.generation.writers import WRITERS
from retrievarium.training import Fitted, RandomSampler, fit

Pieces = Sequence[Sequence[int]]


def mean_nll(values: Tensor) -> Tensor:
    """-mean of the log-probabilities `(M,)` of the pieces to be written: nats a piece."""
    return -values.mean()


@dataclass(frozen=True)
class WritingBatch:
    """B prompts and what follows each, as ids."""

    prompts: Pieces
    wanted: Pieces
    start: int

    @property
    def size(self) -> int:
        return len(self.prompts)

    def loss(self, model: Any, objective: Any) -> Tensor:
        there, values = log_probabilities(model, self.prompts, self.wanted, self.start)
        return objective(values[there].float())


class WritingBatches:
    """`batches(step) -> WritingBatch`, each pair once an epoch."""

    def __init__(self, prompts: Pieces, wanted: Pieces, start: int, batch: int, seed: int) -> None:
        self.prompts, self.wanted, self.start = prompts, wanted, start
        self._rows = RandomSampler(len(prompts), min(batch, len(prompts)), seed)

    def __call__(self, step: int) -> WritingBatch:
        rows = self._rows(step).tolist()
        return WritingBatch([self.prompts[r] for r in rows], [self.wanted[r] for r in rows], self.start)


def new_writer(
    prompts: Sequence[str],
    texts: Sequence[str],
    seed: int = 0,
    *,
    kind: str = "causal",
    tokenizer: Any = None,
    vocabulary: int = 2_000,
    shape: dict[str, Any] | None = None,
    longest: int = 64,
    longest_prompt: int = 128,
    batch: int = 32,
    name: str | None = None,
) -> tuple[TinyGenerator, WritingBatches]:
    """A tiny writer that has learned nothing yet, and the batches it can learn from with the objective `mean_nll`.

    Parameters
    ----------
    kind: "causal" or "seq2seq".
    tokenizer: its vocabulary; learned on prompts and texts unless given. Names it never saw are spelled in pieces.
    shape: layers, dim, heads, gate, dropout of the writer.
    longest, longest_prompt: word pieces of a text and of a prompt.
    """
    if kind not in WRITERS:
        raise InputError(f"there is no writer {kind!r}", field="kind", expected=f"one of {list(WRITERS)}")
    if len(prompts) != len(texts) or len(prompts) < 2:
        raise InputError(f"{len(prompts)} prompts and {len(texts)} texts", expected="two pairs or more")
    tokenizer = tokenizer or train_wordpiece([*prompts, *texts], vocabulary)
    places = longest + longest_prompt + 3
    model = WRITERS[kind](len(tokenizer), longest=places, seed=seed, **(shape or {}))
    writer = TinyGenerator(model, tokenizer, name or f"tiny-{kind}", longest_prompt)
    start = int(tokenizer.cls_token_id)
    pieces = writer.prompt_ids(prompts), writer.target_ids(texts, longest)
    return writer, WritingBatches(*pieces, start, batch, seed)


def train_generator(
    prompts: Sequence[str],
    texts: Sequence[str],
    steps: int,
    seed: int = 0,
    *,
    lr: float = 2e-3,
    fitting: dict[str, Any] | None = None,
    **settings: Any,
) -> tuple[TinyGenerator, Fitted]:
    """A tiny writer that has learned to go on from each prompt with its text.

    Give it pairs of *other* entities than those it will be asked about, or it recites (see the card of HyDE).

    Parameters
    ----------
    settings: the writer's, see `new_writer`. fitting: passed on to `fit` (folder, device, config, progress, ...).
    """
    writer, batches = new_writer(prompts, texts, seed, **settings)
    about = {"what": "learning to write", "decay": "cosine", **(fitting or {})}
    return writer, fit(writer.model, batches, mean_nll, steps=steps, lr=lr, seed=seed, **about)
