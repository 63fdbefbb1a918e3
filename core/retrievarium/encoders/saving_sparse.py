"""Lexical towers as an ordinary sentence-transformers folder, and back.

`SparseEncoder(folder)` loads it with stock modules: Transformer (fill-mask) and SpladePooling; two towers, or a bag of
pieces (SparseStaticEmbedding) before an expanding tower, stand behind a Router.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch

from retrievarium.contracts import InputError
from retrievarium.encoders.heads import MLMHead, masked_lm
from retrievarium.encoders.lexical import BagEncoder, LexicalEncoder, LexicalTowers
from retrievarium.encoders.loading import open_stock, quiet
from retrievarium.encoders.saving import new_folder


def save_lexical(towers: LexicalTowers, folder: str | Path) -> Path:
    """Write the folder; what `SparseEncoder` makes of it gives the towers' weights to 1e-5."""
    from sentence_transformers import SparseEncoder
    from sentence_transformers.base.modules import Router

    folder = new_folder(folder)
    with quiet():
        if towers.tied:
            modules: list[Any] = _pipeline(towers.passage)
        else:
            modules = [
                Router.for_query_document(
                    query_modules=_pipeline(towers.query),
                    document_modules=_pipeline(towers.passage),
                    default_route="document",
                )
            ]
        model = SparseEncoder(
            modules=modules, similarity_fn_name="dot", max_active_dims=towers.passage.top_k, device="cpu"
        )
        model.save(str(folder), create_model_card=False, safe_serialization=True)
    return folder


def _pipeline(tower: Any) -> list[Any]:
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sparse_encoder.modules import SparseStaticEmbedding, SpladePooling

    if isinstance(tower, BagEncoder):
        return [SparseStaticEmbedding(tower.tokenizer, tower.weight.detach().cpu().clone())]
    with tempfile.TemporaryDirectory() as place:  # the Transformer module reads its model from a folder
        masked_lm(tower.backbone, tower.head).save_pretrained(place, safe_serialization=True)
        tower.tokenizer.save_pretrained(place)
        transformer = Transformer(place, transformer_task="fill-mask", max_seq_length=tower.max_length)
    return [transformer, SpladePooling(tower.pool, embedding_dimension=tower.dim)]


def load_lexical(folder: str | Path, name: str | None = None) -> LexicalTowers:
    """Towers to train further, from a folder that `save_lexical` wrote (or a BERT one like it)."""
    from sentence_transformers.base.modules import Router

    model = open_stock(Path(folder), "SparseEncoder", "cpu")
    name = name or Path(folder).resolve().name
    first = next(iter(model.children()))
    top_k = model.max_active_dims
    if not isinstance(first, Router):
        tower = _tower(list(model.children()), folder, top_k)
        return LexicalTowers(tower, tower, True, name)
    query, passage = (_tower(list(first.sub_modules[r].children()), folder, top_k) for r in ("query", "document"))
    return LexicalTowers(query, passage, False, name)


def _tower(modules: list[Any], folder: str | Path, top_k: int | None) -> Any:
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sparse_encoder.modules import SparseStaticEmbedding, SpladePooling

    from retrievarium.encoders.backbone import Backbone

    kinds = [type(m) for m in modules]
    if kinds == [SparseStaticEmbedding]:
        return BagEncoder(modules[0].tokenizer, modules[0].weight.detach(), modules[0].max_seq_length)
    if kinds != [Transformer, SpladePooling] or modules[0].model.config.model_type != "bert":
        raise InputError(
            f"lexical towers cannot be made of {[k.__name__ for k in kinds]}",
            path=folder,
            expected="a BERT masked language model and SpladePooling, or a bag of pieces",
        )
    model = modules[0].model.float()
    head = MLMHead(model.config.hidden_size, model.config.vocab_size)
    with torch.no_grad():
        head.dense.load_state_dict(model.cls.predictions.transform.dense.state_dict())
        head.norm.load_state_dict(model.cls.predictions.transform.LayerNorm.state_dict())
        head.bias.copy_(model.cls.predictions.bias)
    backbone = Backbone.around(model.bert, modules[0].tokenizer, modules[0].max_seq_length)
    return LexicalEncoder(backbone, head, modules[1].pooling_strategy, top_k)
