"""What `load_encoder` takes and what it refuses."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest

from retrievarium.contracts import InputError
from retrievarium.encoders import load_encoder, two_towers


@pytest.fixture
def folder(backbone, tmp_path):
    return two_towers(backbone, "mean", tied=True, normalize=True).save(tmp_path / "model")


def test_no_such_folder(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        load_encoder(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="there is no model here"):
        load_encoder(tmp_path / "empty")


def test_a_hub_model_that_cannot_be_fetched(monkeypatch, tmp_path):
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    asked = []

    def offline(name, **options):
        asked.append(options)
        raise LocalEntryNotFoundError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    with pytest.raises(InputError, match=r"'owner/model' is not on this machine.*offline there is 'minilm'"):
        load_encoder("owner/model")
    assert asked[0] == {"local_files_only": True}
    assert "*.safetensors" in asked[1]["allow_patterns"]
    assert not any("bin" in p or "py" in p for p in asked[1]["allow_patterns"])


def test_code_of_its_own_is_never_run(folder, tmp_path):
    marker = tmp_path / "ran"
    (folder / "evil.py").write_text(f"open({str(marker)!r}, 'w')\nclass Module: pass\n")
    modules = json.loads((folder / "modules.json").read_text())
    modules[1]["type"] = "evil.Module"
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(InputError, match=r"evil\.Module brings code of its own"):
        load_encoder(folder)
    assert not marker.exists()


def test_pickled_weights_are_refused(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="unpickling can run code"):
        load_encoder(folder)


def test_other_kinds_of_model_are_refused(folder):
    about = json.loads((folder / "config_sentence_transformers.json").read_text())
    for change, message in (
        ({"model_type": "CrossEncoder"}, "load_cross_encoder"),
        ({"similarity_fn_name": "euclidean"}, "euclidean"),
    ):
        (folder / "config_sentence_transformers.json").write_text(json.dumps({**about, **change}))
        with pytest.raises(InputError, match=message):
            load_encoder(folder)


def test_prompts_go_before_the_text_and_into_the_fingerprint(folder):
    plain = load_encoder(folder, device="cpu")
    path = folder / "config_sentence_transformers.json"
    about = json.loads(path.read_text())
    path.write_text(json.dumps({**about, "prompts": {"query": "badu: ", "document": "kelo: "}}))
    prompted = load_encoder(folder, device="cpu")
    assert prompted.fingerprint != plain.fingerprint
    np.testing.assert_allclose(prompted.encode_queries(["mi"]), plain.encode_queries(["badu: mi"]), atol=1e-6)
    np.testing.assert_allclose(prompted.encode_passages(["mi"]), plain.encode_passages(["kelo: mi"]), atol=1e-6)
    np.testing.assert_allclose(prompted.encode_passages(["mi"]), prompted.model.encode_document(["mi"]), atol=1e-6)


def test_a_model_that_excludes_its_prompt_takes_the_models_own_way(folder):
    path = next(folder.glob("*_Pooling")) / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "include_prompt": False}))
    about = folder / "config_sentence_transformers.json"
    about.write_text(json.dumps({**json.loads(about.read_text()), "prompts": {"query": "badu: ", "document": ""}}))
    encoder = load_encoder(folder, device="cpu")
    assert not encoder._plain
    texts = ["mi", "kelo mi sapo"] * 40
    np.testing.assert_allclose(encoder.encode_queries(texts), encoder.model.encode_query(texts), atol=1e-5)


def test_a_changed_weight_changes_the_fingerprint(folder):
    before = load_encoder(folder).fingerprint
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-3] ^= 1
    (folder / "model.safetensors").write_bytes(bytes(data))
    assert load_encoder(folder).fingerprint != before


def test_threads_may_share_an_encoder(folder):
    encoder = load_encoder(folder, device="cpu")
    jobs = [[f"badu kelo {'mi ' * i}" for i in range(1, 1 + n)] for n in range(1, 9)]
    expected = [encoder.encode_passages(j) for j in jobs]
    got: list[np.ndarray | None] = [None] * len(jobs)

    def work(i: int) -> None:
        for _ in range(5):
            got[i] = encoder.encode_passages(jobs[i])
            encoder.count_tokens(jobs[i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(jobs))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
