"""Towers as an ordinary sentence-transformers folder of stock modules, and back.

Tied towers are Transformer, Pooling (and Normalize); untied ones are two such pipelines behind a Router, which plain
`encode()` sends down the document way: call `encode_query` and `encode_document`. `SentenceTransformer(folder)` needs
no `trust_remote_code`; `similarity_fn_name` says how vectors compare.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from retrievarium.contracts import InputError
from retrievarium.encoders.loading import OWN_FORMAT, load_encoder, quiet
from retrievarium.encoders.towers import DenseEncoder, Towers

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def save_towers(towers: Towers, folder: str | Path) -> Path:
    """Write the folder; what `SentenceTransformer` makes of it gives the towers' vectors to 1e-5."""
    folder = new_folder(folder)
    with quiet():
        _as_sentence_transformer(towers).save(str(folder), create_model_card=False, safe_serialization=True)
    return folder


def new_folder(folder: str | Path) -> Path:
    """The folder, made, unless there is a model in it."""
    folder = Path(folder)
    if any((folder / name).exists() for name in ("modules.json", "config.json", OWN_FORMAT)):
        raise InputError("there is a model already", path=folder, fix="choose another folder, or remove this one")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _as_sentence_transformer(towers: Towers) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Router

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
    measure: Any = towers.similarity
    return SentenceTransformer(modules=modules, similarity_fn_name=measure, device="cpu")


def _pipeline(tower: DenseEncoder) -> list[Any]:
    from sentence_transformers.base.modules import Normalize, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    with tempfile.TemporaryDirectory() as place:  # the Transformer module reads its model from a folder
        tower.backbone.save(place)
        transformer = Transformer(place, max_seq_length=tower.backbone.max_length)
    # BERT's own pooler, which nothing here uses, would else be written with whatever it was drawn
    for parameter in transformer.model.pooler.parameters():
        torch.nn.init.zeros_(parameter)
    return [transformer, Pooling(tower.dim, tower.pooling), *([Normalize()] if tower.normalize else [])]


def load_towers(folder: str | Path, name: str | None = None) -> Towers:
    """Towers to train further, from a folder that `save_towers` wrote (or one like it)."""
    from sentence_transformers.base.modules import Router

    encoder = load_encoder(folder, device="cpu")
    name = name or encoder.name
    first = next(iter(encoder.model.children()))
    if not isinstance(first, Router):
        tower = _tower(list(encoder.model.children()), folder)
        return Towers(tower, tower, True, name)
    after = list(encoder.model.children())[1:]
    routes = [first.sub_modules[role] for role in ("query", "document")]
    query, passage = (_tower([*route.children(), *after], folder) for route in routes)
    return Towers(query, passage, False, name)


def _tower(modules: list[Any], folder: str | Path) -> DenseEncoder:
    from sentence_transformers.base.modules import Normalize, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    from retrievarium.encoders.backbone import Backbone

    kinds = [type(m) for m in modules]
    if kinds not in ([Transformer, Pooling], [Transformer, Pooling, Normalize]):
        raise InputError(
            f"towers cannot be made of {[k.__name__ for k in kinds]}",
            path=folder,
            expected="Transformer, Pooling and perhaps Normalize",
        )
    transformer, pooling = modules[:2]
    if transformer.model.config.model_type != "bert":
        raise InputError(f"the model is a {transformer.model.config.model_type}", path=folder, expected="a BERT")
    model = transformer.model.float()
    model.pooler = None
    backbone = Backbone.around(model, transformer.tokenizer, transformer.max_seq_length)
    return DenseEncoder(backbone, pooling.pooling_mode, len(modules) == 3)
