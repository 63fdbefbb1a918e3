"""A small extractive reader: it points at the start and the end of the answer in a text.

    P(start = i) = softmax(H w_s)_i      P(end = j) = softmax(H w_e)_j      over the text's tokens and [CLS], for "none"

    loss = -(1/2B) sum_b ( log P(start = s_b) + log P(end = e_b) )

Question and text are read together; the best span of at most `longest` tokens with start <= end is the answer. A long
text is read in windows that overlap by half, and the best span of all windows wins.
Source: Devlin et al., 2019, section 4.2 (SQuAD); [CLS] for no answer as in its SQuAD 2.0.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from retrievarium.contracts import InputError
from retrievarium.encoders import Backbone
from retrievarium.evaluation.answers import answer_spans
from retrievarium.training import RandomSampler, TokenTable, fit, stream
from retrievarium.training.checkpoints import load_weights, save_weights
from retrievarium.workspace import read_json, write_json

if TYPE_CHECKING:
    from retrievarium.data import Collection

_TOGETHER = 32


class SpanReader(nn.Module):
    """`reader(question, text) -> str`, empty where it finds no answer.

    Parameters
    ----------
    longest: tokens of an answer.
    """

    def __init__(self, backbone: Backbone, longest: int = 12, max_length: int = 160, seed: int = 0) -> None:
        super().__init__()
        self.backbone, self.longest, self.max_length = backbone, longest, max_length
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.ends = nn.Linear(backbone.dim, 2)

    @property
    def fingerprint(self) -> str:
        digest = hashlib.sha256(repr((self.longest, self.max_length)).encode())
        for name, tensor in sorted(self.state_dict().items()):
            digest.update(name.encode() + tensor.detach().float().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    def windows(self, question: str, text: str) -> list[tuple[list[int], list[tuple[int, int]], int]]:
        """Ids, the characters `[start, stop)` of the text that each of its tokens covers, and where they begin."""
        made = self.backbone.tokenizer(
            question, text, truncation="only_second", max_length=self.max_length, stride=self.max_length // 4,
            return_overflowing_tokens=True, return_offsets_mapping=True,
        )  # fmt: skip
        found = []
        for i, ids in enumerate(made["input_ids"]):
            own = [at for at, part in enumerate(made.sequence_ids(i)) if part == 1]
            if own:
                offsets = [tuple(made["offset_mapping"][i][at]) for at in own]
                found.append((list(ids), offsets, own[0]))
        return found

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Scores of start and end at every place, `(B, T, 2)`; places that are none are minus infinity."""
        h = self.backbone.last(input_ids, attention_mask)  # (B, T, d)
        return self.ends(h).masked_fill(~attention_mask[..., None].bool(), -torch.inf)

    def __call__(self, *arguments: Any) -> Any:
        """A question and a text give an answer; ids and their mask give scores."""
        if len(arguments) == 2 and isinstance(arguments[0], str):
            return self.many([arguments[0]], [arguments[1]])[0]
        return super().__call__(*arguments)

    @torch.inference_mode()
    def many(self, questions: Sequence[str], texts: Sequence[str]) -> list[str]:
        """An answer for each pair, whatever stands beside it."""
        self.eval()
        jobs = [
            (i, *window)
            for i, (question, text) in enumerate(zip(questions, texts, strict=True))
            for window in self.windows(question, text)
        ]
        best: list[tuple[float, str]] = [(0.0, "")] * len(questions)
        order = sorted(range(len(jobs)), key=lambda j: len(jobs[j][1]))
        for at in range(0, len(order), _TOGETHER):
            some = [jobs[j] for j in order[at : at + _TOGETHER]]
            ids, mask = TokenTable.of([job[1] for job in some]).padded(self.backbone.device)
            scores = self(ids, mask).float().cpu().numpy()
            for (i, _, offsets, first), table in zip(some, scores, strict=True):
                value, start, stop = best_span(table[first : first + len(offsets)], self.longest)
                value -= float(table[0].sum())  # against "there is none", which points at [CLS]
                if value > best[i][0]:
                    best[i] = (value, texts[i][offsets[start][0] : offsets[stop][1]])
        return [said for _, said in best]

    def save(self, folder: str | Path) -> Path:
        folder = Path(folder)
        self.backbone.save(folder)
        save_weights(self.ends, folder / "ends.safetensors")
        write_json(folder / "reader.json", {"longest": self.longest, "max_length": self.max_length})
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> SpanReader:
        folder = Path(folder)
        if not (folder / "reader.json").is_file():
            raise InputError("there is no reader here", path=folder, expected="reader.json")
        about = read_json(folder / "reader.json")
        reader = cls(Backbone.load(folder, about["max_length"]), **about)
        load_weights(reader.ends, folder / "ends.safetensors")
        return reader


def best_span(scores: np.ndarray, longest: int) -> tuple[float, int, int]:
    """The best `start + end` with start <= end < start + longest: its score, start and end. scores `(T, 2)`."""
    best = (-np.inf, 0, 0)
    for start in range(len(scores)):
        ends = scores[start : start + longest, 1]
        end = int(ends.argmax())
        value = float(scores[start, 0] + ends[end])
        if value > best[0]:
            best = (value, start, start + end)
    return best


# -- teaching


@dataclass(frozen=True)
class ReadingBatch:
    """Questions with texts as ids, and the places `(B, 2)` of start and end."""

    passages: TokenTable
    places: np.ndarray

    @property
    def size(self) -> int:
        return len(self.passages)

    def loss(self, model: Any, objective: Any) -> Tensor:
        ids, mask = self.passages.padded(next(model.parameters()).device)
        places = torch.from_numpy(self.places).to(ids.device)
        return objective(model(ids, mask).float(), places)


def span_nll(scores: Tensor, places: Tensor) -> Tensor:
    """Mean of start's and end's cross-entropy; scores `(B, T, 2)`, places `(B, 2)`."""
    return nn.functional.cross_entropy(scores.transpose(1, 2).reshape(-1, scores.shape[1]), places.reshape(-1))


class ReadingBatches:
    """`batches(step) -> ReadingBatch`: questions with a passage that holds the answer; every `without`-th with one that
    does not, where [CLS] is right."""

    def __init__(self, reader: SpanReader, collection: Collection, batch: int, seed: int, without: int = 4) -> None:
        self.reader, self.seed, self.without = reader, seed, without
        train, passages = collection.train, collection.passages
        self._texts = passages.texts
        self._asked: list[tuple[str, str, tuple[str, ...]]] = []
        for query in train.queries:
            for passage in train.qrels.relevant(query.id):
                text = passages.texts[passages.row_of[passage]]
                if answer_spans(text, query.answers):
                    self._asked.append((query.text, text, query.answers))
                    break
        if len(self._asked) < 2:
            raise InputError("no training question has its answer in a passage", fix="import it with answers")
        self._rows = RandomSampler(len(self._asked), min(batch, len(self._asked)), seed)

    def __call__(self, step: int) -> ReadingBatch:
        draw = stream(self.seed, "reading", step)
        rows, places = [], []
        for number, row in enumerate(self._rows(step).tolist()):
            question, text, answers = self._asked[row]
            if number % self.without == self.without - 1:
                text = self._texts[int(draw.integers(len(self._texts)))]
            ids, at = self._placed(question, text, answers)
            rows.append(ids)
            places.append(at)
        return ReadingBatch(TokenTable.of(rows), np.array(places, dtype=np.int64))

    def _placed(self, question: str, text: str, answers: Sequence[str]) -> tuple[list[int], tuple[int, int]]:
        """The window that holds the answer, and its places; the first window and [CLS] where none does."""
        windows = self.reader.windows(question, text)
        for start, stop in answer_spans(text, answers):
            for ids, offsets, first in windows:
                inside = [i for i, (a, b) in enumerate(offsets) if a < stop and start < b]
                if inside and offsets[inside[0]][0] <= start and offsets[inside[-1]][1] >= stop:
                    return ids, (first + inside[0], first + inside[-1])
        return windows[0][0], (0, 0)


def train_reader(
    collection: Collection, backbone: Backbone, steps: int, seed: int = 0, *, batch: int = 32, lr: float = 5e-4,
    max_length: int = 160, fitting: dict[str, Any] | None = None,
) -> SpanReader:  # fmt: skip
    """A reader taught on a collection's training questions; `fitting` is passed on to `fit`."""
    reader = SpanReader(backbone, max_length=max_length, seed=seed)
    batches = ReadingBatches(reader, collection, batch, seed)
    fit(reader, batches, span_nll, steps=steps, lr=lr, seed=seed, **{"what": "learning to read", **(fitting or {})})
    return reader.eval()
