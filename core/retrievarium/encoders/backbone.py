"""A small BERT made from scratch, or taken from a folder: what every encoder trained here stands on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from retrievarium.contracts import InputError
from retrievarium.encoders.loading import quiet


class Backbone(nn.Module):
    """Token ids to hidden states, with the tokenizer that makes the ids.

    Parameters
    ----------
    tokenizer: a fast tokenizer, its vocabulary the model's (`train_wordpiece`).
    layers, dim, heads: of the transformer; the feed-forward part is four times `dim` wide.
    max_length: tokens it reads, special tokens included.
    seed: of the initial weights, which depend on nothing else.
    """

    def __init__(
        self,
        tokenizer: Any,
        layers: int = 2,
        dim: int = 128,
        heads: int = 2,
        max_length: int = 256,
        *,
        dropout: float = 0.1,
        seed: int = 0,
    ) -> None:
        from transformers import BertConfig, BertModel

        if min(layers, dim, heads) < 1 or dim % heads:
            raise InputError(
                f"layers={layers}, dim={dim}, heads={heads}", expected="positive, and dim divisible by heads"
            )
        config = BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=dim,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            intermediate_size=4 * dim,
            max_position_embeddings=max_length,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
            type_vocab_size=2,
            pad_token_id=tokenizer.pad_token_id,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = BertModel(config, add_pooling_layer=False)
        self._set(model, tokenizer, max_length)

    def _set(self, model: Any, tokenizer: Any, max_length: int) -> None:
        super().__init__()
        tokenizer.model_max_length = max_length
        self.model = model
        self.tokenizer = tokenizer
        self.max_length = max_length

    @classmethod
    def around(cls, model: Any, tokenizer: Any, max_length: int | None = None) -> Backbone:
        """A backbone around a `BertModel` that exists. Raises InputError when the vocabularies do not fit."""
        if len(tokenizer) > model.config.vocab_size:
            raise InputError(
                f"the tokenizer has {len(tokenizer)} pieces, the model {model.config.vocab_size} embeddings",
                expected="a tokenizer that belongs to the model",
            )
        backbone = cls.__new__(cls)
        positions = int(model.config.max_position_embeddings)
        backbone._set(model, tokenizer, min(max_length or positions, positions))
        return backbone

    @property
    def dim(self) -> int:
        return int(self.model.config.hidden_size)

    @property
    def layers(self) -> int:
        return int(self.model.config.num_hidden_layers)

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        """The embeddings' output and each layer's, L+1 states `(B, T, d)`, from ids and mask `(B, T)`."""
        out = self.model(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True)
        return tuple(out.hidden_states)

    def last(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """The last state alone, `(B, T, d)`."""
        return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, special tokens included, cut at `max_length`, not padded."""
        if not texts:
            return []
        return self.tokenizer(
            list(texts),
            truncation=True,
            max_length=self.max_length,
            padding=False,
            return_attention_mask=False,
            return_token_type_ids=False,
        )["input_ids"]

    def save(self, folder: str | Path) -> Path:
        """Write a transformers folder: `model.safetensors`, `config.json` and the tokenizer's files."""
        folder = Path(folder)
        with quiet():
            self.model.save_pretrained(folder, safe_serialization=True)
        self.tokenizer.save_pretrained(folder)
        return folder

    @classmethod
    def load(cls, folder: str | Path, max_length: int | None = None) -> Backbone:
        """The backbone of a transformers folder, or of a sentence-transformers folder with one BERT in it."""
        from transformers import AutoTokenizer, BertModel

        folder = Path(folder)
        if not (folder / "model.safetensors").is_file() or not (folder / "config.json").is_file():
            raise InputError("there is no model here", path=folder, expected="config.json and model.safetensors")
        with quiet():
            model = BertModel.from_pretrained(
                folder, add_pooling_layer=False, use_safetensors=True, local_files_only=True, dtype=torch.float32
            )
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        stated = int(tokenizer.model_max_length)
        return cls.around(model.eval(), tokenizer, max_length or (stated if stated < 10**9 else None))


def extend_backbone(backbone: Backbone, texts: Sequence[str], extra: int) -> Backbone:
    """A copy with up to `extra` more word pieces learned on `texts`; a new embedding is the mean of its old pieces.

    Nothing else changes: a text without a new piece has the same states as before.
    """
    from copy import deepcopy

    from retrievarium.encoders.wordpiece import extend_vocab

    tokenizer, spelling = extend_vocab(backbone.tokenizer, texts, extra)
    model = deepcopy(backbone.model)
    before = len(backbone.tokenizer)
    with torch.no_grad():
        old = model.embeddings.word_embeddings
        weights = torch.empty(before + len(spelling), old.embedding_dim, device=old.weight.device)
        weights[:before] = old.weight[:before]
        for row, ids in enumerate(spelling, start=before):
            weights[row] = old.weight[ids].mean(dim=0)
        model.set_input_embeddings(nn.Embedding.from_pretrained(weights, freeze=False, padding_idx=old.padding_idx))
    model.config.vocab_size = len(tokenizer)
    return Backbone.around(model, tokenizer, backbone.max_length)


def lengthen_backbone(backbone: Backbone, positions: int) -> Backbone:
    """A copy that reads up to `positions` tokens: the places it lacks begin as copies of those it has, in their order.

    A text that fitted before has the same states as before. Attention within a stretch as long as the old limit is as
    good as trained; what lies across two stretches is learned in the training that follows.

    Source: Beltagy et al., 2020 (Longformer), section 5, which lengthens RoBERTa so.
    """
    from copy import deepcopy

    old = backbone.model.embeddings.position_embeddings
    before = old.num_embeddings
    if positions <= before:
        return Backbone.around(deepcopy(backbone.model), backbone.tokenizer, positions)
    model = deepcopy(backbone.model)
    place = torch.arange(positions, device=old.weight.device)
    embeddings = model.embeddings
    embeddings.position_embeddings = nn.Embedding.from_pretrained(old.weight[place % before].detach(), freeze=False)
    embeddings.register_buffer("position_ids", place[None], persistent=False)
    embeddings.register_buffer("token_type_ids", torch.zeros_like(place)[None], persistent=False)
    model.config.max_position_embeddings = positions
    return Backbone.around(model, backbone.tokenizer, positions)
