"""A tiny writer with its vocabulary, as a generator: writes, scores, is saved and loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from retrievarium.contracts import InputError
from retrievarium.generation.tokens import TokenCount, check_request
from retrievarium.generation.writers import WRITERS, Writer
from retrievarium.training import TokenTable, stream
from retrievarium.training.checkpoints import load_weights, save_weights
from retrievarium.workspace import read_json, write_json

_TOGETHER = 64


class TinyGenerator:
    """A `TinyCausal` or `TinySeq2Seq` with a WordPiece vocabulary. What it writes is in lower case, as it reads.

    A text depends on its prompt, its number and the seed alone, not on the prompts beside it. Prompts are cut at
    `longest_prompt` pieces, from the front: what is asked stands at the end.
    """

    can_score = True

    def __init__(self, model: Writer, tokenizer: Any, name: str = "tiny", longest_prompt: int = 128) -> None:
        if len(tokenizer) != model.settings["pieces"]:
            raise InputError(f"{len(tokenizer)} pieces for a model of {model.settings['pieces']}")
        self.model, self.tokenizer, self.name, self.longest_prompt = model.eval(), tokenizer, name, longest_prompt
        self.count = TokenCount()
        self._start, self._end = int(tokenizer.cls_token_id), int(tokenizer.sep_token_id)
        self._never = [i for i in tokenizer.all_special_ids if i != self._end]

    @property
    def fingerprint(self) -> str:
        digest = hashlib.sha256(self.tokenizer.backend_tokenizer.to_str().encode("utf-8"))
        digest.update(repr((self.model.kind, sorted(self.model.settings.items()), self.longest_prompt)).encode())
        for name, tensor in sorted(self.model.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().float().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    # -- texts and ids

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids without special tokens."""
        return self.tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"] if texts else []

    def prompt_ids(self, prompts: Sequence[str]) -> list[list[int]]:
        """[CLS] prompt [SEP]."""
        return [[self._start, *row[-self.longest_prompt :], self._end] for row in self.pieces(prompts)]

    def target_ids(self, texts: Sequence[str], longest: int | None = None) -> list[list[int]]:
        """text [SEP]: what is to be written."""
        return [[*row[:longest], self._end] for row in self.pieces(texts)]

    def to(self, device: Any) -> TinyGenerator:
        """Where it computes from now on."""
        self.model.to(device)
        return self

    def _device(self) -> torch.device:
        return next(self.model.parameters()).device

    # -- the protocol

    @torch.inference_mode()
    def generate(
        self, prompts: Sequence[str], n: int = 1, max_new_tokens: int = 64, temperature: float = 0.7, seed: int = 0
    ) -> list[list[str]]:
        """n texts for each prompt; at temperature 0 all n are the likeliest piece by piece."""
        check_request(n, max_new_tokens, temperature)
        self.model.eval()
        rows = self.prompt_ids(prompts)
        jobs = sorted(((i, j) for i in range(len(rows)) for j in range(n)), key=lambda job: (len(rows[job[0]]), job))
        texts: dict[tuple[int, int], str] = {}
        for start in range(0, len(jobs), _TOGETHER):
            some = jobs[start : start + _TOGETHER]
            draws = [stream(seed, prompts[i], j) for i, j in some]
            written = self._write([rows[i] for i, _ in some], draws, max_new_tokens, temperature)
            self.count.add(0, 0, sum(len(w) for w in written))
            texts |= {
                job: self.tokenizer.decode(w, clean_up_tokenization_spaces=True)
                for job, w in zip(some, written, strict=True)
            }
        self.count.add(len(rows), n * sum(len(r) for r in rows), 0)
        return [[texts[i, j] for j in range(n)] for i in range(len(rows))]

    def _write(
        self, prompts: list[list[int]], draws: list[np.random.Generator], most: int, temperature: float
    ) -> list[list[int]]:
        source, mask = TokenTable.of(prompts).padded(self._device())
        target = torch.full((len(prompts), 1), self._start, dtype=torch.int64, device=source.device)
        done = np.zeros(len(prompts), dtype=bool)
        for _ in range(most):
            follows = self.model.following(source, mask, target)
            follows[:, self._never] = 0
            chosen = self._choose(follows, draws, temperature)
            chosen[done] = self._end
            done |= chosen == self._end
            target = torch.cat([target, torch.from_numpy(chosen)[:, None].to(target.device)], dim=1)
            if done.all():
                break
        written = target[:, 1:].tolist()
        return [row[: row.index(self._end)] if self._end in row else row for row in written]

    def _choose(self, follows: Tensor, draws: list[np.random.Generator], temperature: float) -> np.ndarray:
        if temperature == 0:
            return follows.argmax(dim=1).cpu().numpy()
        logits = follows.double().clamp(min=1e-300).log() / temperature
        logits[follows == 0] = -torch.inf
        up_to = logits.softmax(dim=1).cumsum(dim=1).cpu().numpy()  # (B, V)
        marks = np.array([d.random() for d in draws])[:, None] * up_to[:, -1:]
        return (up_to <= marks).sum(axis=1).clip(max=follows.shape[1] - 1)

    @torch.inference_mode()
    def score(self, prompts: Sequence[str], continuations: Sequence[str]) -> list[float]:
        """Log-probability in nats of each whole continuation, its end included, after its prompt."""
        self.model.eval()
        rows, wanted = self.prompt_ids(prompts), self.target_ids(continuations)
        values: list[float] = []
        for start in range(0, len(rows), _TOGETHER):
            here = slice(start, start + _TOGETHER)
            values += log_probabilities(self.model, rows[here], wanted[here], self._start)[1].sum(dim=1).tolist()
        self.count.add(len(rows), sum(map(len, rows)) + sum(map(len, wanted)), 0)
        return values

    # -- on disk

    def save(self, folder: str | Path) -> Path:
        """Weights, vocabulary and settings, in safetensors and JSON."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.tokenizer.save_pretrained(folder)
        save_weights(self.model, folder / "writer.safetensors")
        about = {"kind": self.model.kind, "settings": self.model.settings, "longest_prompt": self.longest_prompt}
        write_json(folder / "writer.json", {**about, "name": self.name})
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> TinyGenerator:
        from transformers import AutoTokenizer

        folder = Path(folder)
        if not (folder / "writer.json").is_file():
            raise InputError("there is no tiny writer here", path=folder, expected="writer.json")
        about = read_json(folder / "writer.json")
        model = WRITERS[about["kind"]](**about["settings"])
        load_weights(model, folder / "writer.safetensors")
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        return cls(model, tokenizer, about["name"], about["longest_prompt"])


def log_probabilities(
    model: Any, prompts: Sequence[Sequence[int]], wanted: Sequence[Sequence[int]], start: int
) -> tuple[Tensor, Tensor]:
    """Which places are real `(B, T)` bool, and the log-probability of each wanted piece there, 0 elsewhere."""
    device = next(model.parameters()).device
    source, mask = TokenTable.of(prompts).padded(device)  # (B, S)
    following, there = TokenTable.of(wanted).padded(device)  # (B, T)
    written = torch.cat([torch.full_like(following[:, :1], start), following[:, :-1]], dim=1)
    values = model(source, mask, written, following)
    return there.bool(), values.masked_fill(~there.bool(), 0.0)
