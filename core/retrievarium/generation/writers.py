"""Two tiny language models that can copy: without that, a small model is blind to names it has never seen.

    p(w) = g softmax(E h)[w] + (1 - g) sum over places j of the prompt with x_j = w of a_j

g = sigmoid(u . h) chooses between the vocabulary and the prompt; a is an attention over the prompt's places. Its keys
also know the piece that stands before a place, so that going on with a name once begun is easy to learn.
Source: See et al., 2017 (pointer-generator), equations 8 and 9.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from retrievarium.contracts import InputError


class CopyHead(nn.Module):
    """From a writer's state to a distribution over word pieces. `gate=False` leaves the vocabulary alone."""

    def __init__(self, dim: int, gate: bool = True) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.ask, self.key = nn.Linear(2 * dim, dim), nn.Linear(3 * dim, dim)
        self.gate = nn.Linear(dim, 1) if gate else None

    def forward(
        self, h: Tensor, e: Tensor, source: Tensor, mask: Tensor, s: Tensor, x: Tensor, embeddings: Tensor
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Vocabulary log-probabilities `(B, T, V)`, and copying's `(B, T, S)` and log g's and log(1 - g)'s `(B, T, 2)`.

        h, e: the writer's states and input embeddings `(B, T, d)`; source, mask `(B, S)`; s, x: the prompt's states
        and embeddings `(B, S, d)`; embeddings `(V, d)`.
        """
        vocabulary = (self.norm(h) @ embeddings.T).log_softmax(dim=-1)
        if self.gate is None:
            return vocabulary, None, None
        before = torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], dim=1)  # the piece before each place
        keys = self.key(torch.cat([s, x, before], dim=-1))  # (B, S, d)
        asked = self.ask(torch.cat([h, e], dim=-1))  # (B, T, d)
        places = asked @ keys.transpose(1, 2) / keys.shape[-1] ** 0.5  # (B, T, S)
        places = places.masked_fill(~mask[:, None].bool(), -torch.inf).log_softmax(dim=-1)
        chosen = self.gate(h)
        return vocabulary, places, nn.functional.logsigmoid(torch.cat([chosen, -chosen], dim=-1))


class Writer(nn.Module):
    """What both writers share. `states` is each one's own."""

    kind = ""

    def __init__(
        self, pieces: int, layers: int = 2, dim: int = 128, heads: int = 4, longest: int = 256, gate: bool = True,
        dropout: float = 0.0, seed: int = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        if dim % heads:
            raise InputError(f"dim={dim} with {heads} heads", expected="dim divisible by heads")
        self.settings: dict[str, Any] = {"pieces": pieces, "layers": layers, "dim": dim, "heads": heads}
        self.settings |= {"longest": longest, "gate": gate, "dropout": dropout}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.pieces, self.places = nn.Embedding(pieces, dim), nn.Embedding(longest, dim)
            nn.init.normal_(self.pieces.weight, std=dim**-0.5)
            nn.init.normal_(self.places.weight, std=0.1 * dim**-0.5)
            self.head = CopyHead(dim, gate)
            self._build(layers, {"d_model": dim, "nhead": heads, "dim_feedforward": 4 * dim, "dropout": dropout})

    def _build(self, layers: int, shape: dict[str, Any]) -> None:
        raise NotImplementedError

    def states(self, source: Tensor, mask: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """The writer's states `(B, T, d)` and the prompt's `(B, S, d)`."""
        raise NotImplementedError

    def embed(self, ids: Tensor, start: Tensor | None = None) -> Tensor:
        """`(B, T, d)`; `start (B,)` is the place of the first piece."""
        where = torch.arange(ids.shape[1], device=ids.device)[None]
        where = where if start is None else where + start[:, None]
        return self.pieces(ids) + self.places(where.clamp(max=self.places.num_embeddings - 1))

    def parts(self, source: Tensor, mask: Tensor, target: Tensor) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """As `CopyHead` gives them, from prompt ids and mask `(B, S)` and what is written so far `(B, T)`."""
        h, s = self.states(source, mask, target)
        e, x = self.pieces(target), self.pieces(source)
        return self.head(h, e, source, mask, s, x, self.pieces.weight)

    def forward(self, source: Tensor, mask: Tensor, target: Tensor, wanted: Tensor) -> Tensor:
        """Log-probability `(B, T)` of the piece `wanted (B, T)` that follows each place of `target (B, T)`."""
        vocabulary, places, gate = self.parts(source, mask, target)
        own = vocabulary.gather(2, wanted[..., None]).squeeze(-1)  # (B, T)
        if places is None or gate is None:
            return own
        same = (source[:, None] == wanted[..., None]) & mask[:, None].bool()  # (B, T, S)
        copied = places.masked_fill(~same, torch.finfo(places.dtype).min).logsumexp(dim=-1)
        return torch.logaddexp(gate[..., 0] + own, gate[..., 1] + copied)

    def following(self, source: Tensor, mask: Tensor, target: Tensor) -> Tensor:
        """Probability `(B, V)` of every piece after what is written so far."""
        vocabulary, places, gate = self.parts(source, mask, target)
        last = vocabulary[:, -1].exp()
        if places is None or gate is None:
            return last
        copied = torch.zeros_like(last).scatter_add_(1, source, places[:, -1].exp())
        return gate[:, -1, :1].exp() * last + gate[:, -1, 1:].exp() * copied


class TinyCausal(Writer):
    """Prompt and text in one stream; each place sees what stands before it."""

    kind = "causal"

    def _build(self, layers: int, shape: dict[str, Any]) -> None:
        layer = nn.TransformerEncoderLayer(**shape, batch_first=True, norm_first=True, activation="gelu")
        self.body = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)

    def states(self, source: Tensor, mask: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        s, t = source.shape[1], target.shape[1]
        stream = torch.cat([self.embed(source), self.embed(target, mask.sum(dim=1))], dim=1)  # (B, S + T, d)
        ahead = torch.ones(s + t, s + t, dtype=torch.bool, device=source.device).triu(1)
        absent = torch.cat([~mask.bool(), torch.zeros_like(target, dtype=torch.bool)], dim=1)
        out = self.body(stream, mask=ahead, src_key_padding_mask=absent)
        return out[:, s:], out[:, :s]


class TinySeq2Seq(Writer):
    """The prompt is read from both sides first; the text is written looking at it."""

    kind = "seq2seq"

    def _build(self, layers: int, shape: dict[str, Any]) -> None:
        settings = {**shape, "batch_first": True, "norm_first": True, "activation": "gelu"}
        self.reader = nn.TransformerEncoder(nn.TransformerEncoderLayer(**settings), layers, enable_nested_tensor=False)
        self.writer = nn.TransformerDecoder(nn.TransformerDecoderLayer(**settings), layers)

    def states(self, source: Tensor, mask: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        absent, t = ~mask.bool(), target.shape[1]
        read = self.reader(self.embed(source), src_key_padding_mask=absent)  # (B, S, d)
        ahead = torch.ones(t, t, dtype=torch.bool, device=source.device).triu(1)
        return self.writer(self.embed(target), read, tgt_mask=ahead, memory_key_padding_mask=absent), read


WRITERS: dict[str, type[Writer]] = {w.kind: w for w in (TinyCausal, TinySeq2Seq)}
