"""Multi-vector towers in a folder, and back.

Tied towers that give every token's vector, with norm "l2" or none, are an ordinary sentence-transformers folder:
`MultiVectorEncoder(folder)` loads Transformer (, Dense) (, Normalize) and MultiVectorMask, all stock.

Everything else (the first m vectors, layer norm, two towers, one vector a query) has no stock module. Its folder:

    retrievarium.json           {"format": 1, "kind": "multi-vector", "tied", "query_vectors", "m", "norm", ...}
    passage/                    a transformers folder: config.json, model.safetensors, the tokenizer's files
    passage/head.safetensors    projection.weight, layer_norm.weight, layer_norm.bias, where there are such
    query/                      the same, where the towers are not tied

`load_encoder` opens both.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from retrievarium.contracts import InputError
from retrievarium.encoders.backbone import Backbone
from retrievarium.encoders.loading import OWN_FORMAT, open_stock, quiet
from retrievarium.encoders.multi_vector import MultiVectorEncoder, MultiVectorTowers
from retrievarium.encoders.saving import new_folder
from retrievarium.workspace import read_json, write_json


def is_stock(towers: MultiVectorTowers) -> bool:
    """Whether sentence-transformers has the parts."""
    tower = towers.passage
    every = tower.m is None and towers.query_vectors is None and not towers.merged
    return towers.tied and every and tower.norm in (None, "l2")


def save_multi_vector(towers: MultiVectorTowers, folder: str | Path) -> Path:
    """Write the folder; the vectors of what is loaded from it equal the towers' to 1e-5."""
    folder = new_folder(folder)
    if is_stock(towers):
        with quiet():
            _as_stock(towers.passage).save(str(folder), create_model_card=False, safe_serialization=True)
        return folder
    from safetensors.torch import save_file

    tower = towers.passage
    for role in ("passage",) if towers.tied else ("passage", "query"):
        one: MultiVectorEncoder = getattr(towers, role)
        one.backbone.save(folder / role)
        head = {n: t.detach().cpu().contiguous() for n, t in one.state_dict().items() if not n.startswith("backbone.")}
        save_file(head, str(folder / role / "head.safetensors"))
    about = {"tied": towers.tied, "query_vectors": towers.query_vectors, "m": tower.m, "norm": tower.norm}
    about |= {"dim": tower.dim if tower.projection is not None else None, "merged": towers.merged}
    lengths = {role: getattr(towers, role).max_length for role in ("query", "passage")}
    write_json(folder / OWN_FORMAT, {"format": 1, "kind": "multi-vector", **about, "max_length": lengths})
    return folder


def _as_stock(tower: MultiVectorEncoder) -> Any:
    from sentence_transformers import MultiVectorEncoder as Stock
    from sentence_transformers.base.modules import Dense, Normalize, Transformer
    from sentence_transformers.multi_vector_encoder.modules import MultiVectorMask
    from torch.nn import Identity, init

    with tempfile.TemporaryDirectory() as place:
        tower.backbone.save(place)
        modules: list[Any] = [Transformer(place, max_seq_length=tower.max_length)]
    for parameter in modules[0].model.pooler.parameters():  # nothing uses BERT's own pooler
        init.zeros_(parameter)
    if tower.projection is not None:
        weight = tower.projection.weight.detach().cpu().clone()
        sizes: dict[str, Any] = {"in_features": weight.shape[1], "out_features": weight.shape[0]}
        place_ = "token_embeddings"
        modules.append(
            Dense(**sizes, bias=False, activation_function=Identity(), init_weight=weight, module_input_name=place_)
        )
    if tower.norm == "l2":
        modules.append(Normalize("token_embeddings"))
    return Stock(modules=[*modules, MultiVectorMask()], similarity_fn_name="maxsim", device="cpu")


def load_multi_vector(folder: str | Path, name: str | None = None) -> MultiVectorTowers:
    """Towers to search with or to train further, from a folder that `save_multi_vector` wrote or one like it."""
    folder = Path(folder)
    name = name or folder.resolve().name
    if not (folder / OWN_FORMAT).is_file():
        tower = _from_stock(folder)
        return MultiVectorTowers(tower, tower, True, name)
    about = read_json(folder / OWN_FORMAT)
    if about.get("kind") != "multi-vector" or about.get("format") != 1:
        raise InputError("this is no folder of multi-vector towers", path=folder / OWN_FORMAT)
    passage = _own(folder, "passage", about)
    query = passage if about["tied"] else _own(folder, "query", about)
    how = (about["tied"], name, about["query_vectors"], about.get("merged", False))
    return MultiVectorTowers(query, passage, *how)


def _own(folder: Path, role: str, about: dict[str, Any]) -> MultiVectorEncoder:
    from safetensors.torch import load_file

    backbone = Backbone.load(folder / role, about["max_length"][role])
    tower = MultiVectorEncoder(backbone, about["m"], about["norm"], about["dim"])
    head = load_file(str(folder / role / "head.safetensors"))
    missing = tower.load_state_dict(head, strict=False)
    if missing.unexpected_keys or any(not n.startswith("backbone.") for n in missing.missing_keys):
        raise InputError("the head does not fit the settings beside it", path=folder / role / "head.safetensors")
    return tower.eval()


def _from_stock(folder: Path) -> MultiVectorEncoder:
    from sentence_transformers.base.modules import Dense, Normalize, Transformer
    from sentence_transformers.multi_vector_encoder.modules import MultiVectorMask

    modules = list(open_stock(folder, "MultiVectorEncoder", "cpu").children())
    first, dense = modules[0], next((m for m in modules if isinstance(m, Dense)), None)
    kinds = [type(m) for m in modules]
    plain = kinds == [k for k in (Transformer, Dense, Normalize, MultiVectorMask) if k in kinds]
    own = plain and first.model.config.model_type == "bert" and not modules[-1].skiplist_words
    if not own or first.query_expansion is not None or (dense is not None and dense.bias):
        raise InputError(
            f"towers cannot be made of {[k.__name__ for k in kinds]}",
            path=folder,
            expected="a BERT, perhaps a projection without bias and a norm, without query expansion or skipped words",
            fix="search with it as it is: load_encoder(folder)",
        )
    first.model.pooler = None
    backbone = Backbone.around(first.model.float(), first.tokenizer, first.max_seq_length)
    norm = "l2" if Normalize in kinds else None
    tower = MultiVectorEncoder(backbone, None, norm, dense.out_features if dense is not None else None)
    if dense is not None and tower.projection is not None:
        tower.projection.load_state_dict(dense.linear.state_dict())
    return tower.eval()
