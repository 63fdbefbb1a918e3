"""Cross-encoders as ordinary sentence-transformers folders (a BertForSequenceClassification), and back."""

from __future__ import annotations

import tempfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch

from retrievarium.contracts import InputError
from retrievarium.encoders.backbone import Backbone
from retrievarium.encoders.cross import CrossEncoder, SentenceCrossEncoder
from retrievarium.encoders.fingerprints import folder_fingerprint
from retrievarium.encoders.loading import check_folder, open_stock, quiet, resolve
from retrievarium.encoders.saving import new_folder

_HEAD = {"bert.pooler.dense": "pooler", "classifier": "classifier"}
_KINDS = {"sigmoid": torch.nn.Sigmoid, "identity": torch.nn.Identity}


def save_cross_encoder(encoder: CrossEncoder, folder: str | Path) -> Path:
    """Write the folder; what sentence-transformers' `CrossEncoder` makes of it gives the same scores to 1e-5."""
    from sentence_transformers import CrossEncoder as Stock

    folder = new_folder(folder)
    with tempfile.TemporaryDirectory() as place, quiet():
        _as_classifier(encoder).save_pretrained(place, safe_serialization=True)
        tokenizer = deepcopy(encoder.backbone.tokenizer)
        # the two texts have types of their own; towers, which read one text, leave them out
        tokenizer.model_input_names = ["input_ids", "token_type_ids", "attention_mask"]
        tokenizer.save_pretrained(place)
        stock = Stock(
            place, device="cpu", max_length=encoder.max_length, activation_fn=_KINDS[encoder.activation](), num_labels=1
        )
        stock.save_pretrained(str(folder), create_model_card=False, safe_serialization=True)
    return folder


def _as_classifier(encoder: CrossEncoder) -> Any:
    from transformers import BertForSequenceClassification

    config = type(encoder.backbone.model.config).from_dict(encoder.backbone.model.config.to_dict())
    config.num_labels = 1
    model = BertForSequenceClassification(config)
    missing = model.bert.load_state_dict(encoder.backbone.model.state_dict(), strict=False)
    if missing.unexpected_keys or any(not n.startswith("pooler.") for n in missing.missing_keys):
        raise InputError("the backbone does not fit a BertForSequenceClassification")
    for theirs, ours in _HEAD.items():
        model.get_submodule(theirs).load_state_dict(getattr(encoder, ours).state_dict())
    return model.eval()


def load_cross_encoder(name_or_path: str | Path, device: str | None = None) -> SentenceCrossEncoder:
    """A sentence-transformers cross-encoder with one score a pair: a folder, one trained here too, or a hub id."""
    name, folder = resolve(name_or_path)
    kind = check_folder(folder)
    if kind != "CrossEncoder" and (folder / "modules.json").is_file():
        raise InputError(f"this is a {kind}", path=folder, expected="a CrossEncoder")
    return SentenceCrossEncoder(open_stock(folder, "CrossEncoder", device), name, folder_fingerprint(folder))


def reload_cross_encoder(folder: str | Path, name: str | None = None) -> CrossEncoder:
    """A cross-encoder to train further, from a folder that `save_cross_encoder` wrote (or a BERT one like it)."""
    stock = open_stock(Path(folder), "CrossEncoder", "cpu")
    model = stock.model
    if model is None or model.config.model_type != "bert" or stock.num_labels != 1:
        raise InputError("this is no BERT with one score a pair", path=folder)
    activation = next((n for n, kind in _KINDS.items() if type(stock.activation_fn) is kind), None)
    if activation is None:
        raise InputError(f"its scores pass through {type(stock.activation_fn).__name__}", path=folder)
    head = {ours: model.get_submodule(theirs).state_dict() for theirs, ours in _HEAD.items()}
    model.bert.pooler = None
    backbone = Backbone.around(model.bert, stock.tokenizer, stock.max_seq_length)
    encoder = CrossEncoder(backbone, None, activation, name or Path(folder).resolve().name)
    for ours, state in head.items():
        getattr(encoder, ours).load_state_dict(state)
    return encoder.eval()
