"""A collection's vectors: made once, in blocks, kept and found again."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from retrievarium.contracts import Cancelled, InputError
from retrievarium.encoders import (
    bundle_vectors,
    estimate,
    has_vectors,
    passage_vectors,
    query_vectors,
    vectors,
)
from retrievarium.workspace import read_json, shipped


class Counting:
    """An encoder by rule: a vector is made of a text's letters. Counts the texts it is given."""

    name, dim, max_length, similarity, fingerprint = "counting", 4, 512, "dot", "0123456789abcdef"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def encode_passages(self, texts, progress=None):
        self.seen.extend(texts)
        if progress is not None:
            progress(len(texts), len(texts), "counting", {})
        rows = [[len(t), t.count("a"), t.count("e"), t.count(" ")] for t in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), 4)

    encode_queries = encode_passages


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(vectors, "BLOCK", 64)


def test_made_once_and_mapped(collection, ws):
    encoder = Counting()
    assert not has_vectors(collection, encoder, ws)
    steps = []
    made = passage_vectors(collection, encoder, ws, lambda done, total, what, metrics: steps.append((done, total)))
    assert isinstance(made, np.memmap)
    assert made.dtype == np.float32
    np.testing.assert_array_equal(made, Counting().encode_passages(collection.passages.joined))
    assert steps[-1] == (300, 300)
    assert has_vectors(collection, encoder, ws)
    again = passage_vectors(collection, encoder, ws)
    np.testing.assert_array_equal(again, made)
    assert len(encoder.seen) == 300, "the second request is a load"
    assert not list((ws.root / "scratch").rglob("*.npy"))


def test_the_key_says_what_they_were_made_from(collection, ws):
    passage_vectors(collection, Counting(), ws)
    key = ws.list("vectors")[0].key
    assert key["texts"] == collection.text_fingerprint
    assert key["text_join"] == "{title} {text}"
    expected = {"unit", "max_length", "normalised", "similarity", "encoder", "versions"}
    assert expected <= set(key)


def test_other_text_or_encoder_is_encoded_anew(collection, ws):
    encoder = Counting()
    passage_vectors(collection, encoder, ws)
    encoder.fingerprint = "f" * 16
    assert not has_vectors(collection, encoder, ws)
    passage_vectors(collection, encoder, ws)
    assert len(encoder.seen) == 600


def test_stopping_keeps_the_finished_blocks(collection, ws):
    encoder = Counting()

    def stop(done, total, what, metrics):
        if done > 128:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        passage_vectors(collection, encoder, ws, stop)
    assert not ws.list("vectors")
    fresh = Counting()
    made = passage_vectors(collection, fresh, ws)
    assert len(fresh.seen) == 300 - 128
    np.testing.assert_array_equal(made, Counting().encode_passages(collection.passages.joined))


_KILLED = """
import sys, time
from pathlib import Path
import pyarrow as pa
from retrievarium.data import Collection
from retrievarium.encoders import vectors
from retrievarium.workspace import Workspace
sys.path.insert(0, sys.argv[3])
from test_vectors import Counting
vectors.BLOCK = 64
class Slow(Counting):
    def encode_passages(self, texts, progress=None):
        time.sleep(0.15)
        return super().encode_passages(texts, progress)
vectors.passage_vectors(Collection.open(sys.argv[1]), Slow(), Workspace(sys.argv[2]))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_killed_run_goes_on(collection, ws, tmp_path):
    folder = collection.save(tmp_path / "collection")
    process = subprocess.Popen([sys.executable, "-c", _KILLED, str(folder), str(ws.root), str(Path(__file__).parent)])
    deadline = time.monotonic() + 60
    while len(list((ws.root / "scratch").rglob("[0-9]*.npy"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    left = len(list((ws.root / "scratch").rglob("[0-9]*.npy")))
    assert 2 <= left < 5, "the run must have been killed half way"
    encoder = Counting()
    made = passage_vectors(collection, encoder, ws)
    assert len(encoder.seen) == 300 - 64 * left
    np.testing.assert_array_equal(made, Counting().encode_passages(collection.passages.joined))


def test_queries_of_the_default_split_are_kept_and_found_one_by_one(collection, ws):
    encoder = Counting()
    whole = query_vectors(collection, encoder, ws=ws)
    assert whole.shape == (3, 4)
    assert len(encoder.seen) == 3
    one = query_vectors(collection, encoder, {"mine": "kelo mi", "new": "a new question"}, ws)
    assert encoder.seen[3:] == ["a new question"]
    np.testing.assert_array_equal(one[0], whole[1])
    np.testing.assert_array_equal(one[1], Counting().encode_queries(["a new question"])[0])
    query_vectors(collection, encoder, collection.queries, ws)
    assert len(encoder.seen) == 4


def test_a_typed_question_leaves_nothing_behind(collection, ws):
    query_vectors(collection, Counting(), "who is it", ws)
    assert not ws.list("vectors")
    query_vectors(collection, Counting(), "who is it", ws, keep=True)
    assert len(ws.list("vectors")) == 1


def test_bundled_vectors_come_first_and_only_where_they_fit(collection, ws, tmp_path, monkeypatch):
    encoder = Counting()
    folder = tmp_path / "shipped" / "small" / "vectors"
    written = bundle_vectors(collection, encoder, folder)
    assert [p.name for p in written] == ["counting.passages.npy", "counting.queries.npy"]
    monkeypatch.setattr("retrievarium.encoders.bundled.shipped", lambda *parts: (tmp_path / "shipped").joinpath(*parts))
    encoder.seen.clear()
    found = passage_vectors(collection, encoder, ws)
    assert found.dtype == np.float16
    assert query_vectors(collection, encoder, ws=ws).dtype == np.float16
    assert query_vectors(collection, encoder, ["badu"], ws).shape == (1, 4)
    assert has_vectors(collection, encoder, ws)
    assert not encoder.seen
    np.testing.assert_array_equal(found, Counting().encode_passages(collection.passages.joined).astype(np.float16))

    changed = collection.replace(name="small")
    table = changed.passages.table.set_column(2, "text", pa.array(["other", *changed.passages.texts[1:]]))
    other = type(collection)("small", table, collection.all_queries.table)
    assert not has_vectors(other, encoder, ws)
    encoder.fingerprint = "e" * 16
    assert not has_vectors(collection, encoder, ws)

    encoder.fingerprint = Counting.fingerprint
    data = bytearray(written[0].read_bytes())
    data[-1] ^= 1
    written[0].write_bytes(bytes(data))
    with pytest.raises(InputError, match="damaged"):
        passage_vectors(collection, encoder, ws)


def test_estimate_scales_with_the_collection(collection):
    class Timed(Counting):
        def encode_passages(self, texts, progress=None):
            time.sleep(0.001 * len(texts))
            return super().encode_passages(texts, progress)

    assert 0.2 < estimate(collection, Timed()) < 3


@pytest.mark.parametrize("sidecar", sorted(shipped().glob("*/vectors/minilm.*.json")), ids=lambda p: p.parts[-3])
def test_what_is_bundled_is_what_minilm_says(sidecar, minilm):
    """Every 40th bundled vector against a fresh encode."""
    from retrievarium.data import Collection

    about = read_json(sidecar)
    source = Collection.open(sidecar.parents[1])
    assert about["encoder"] == minilm.fingerprint
    kept = np.load(sidecar.with_suffix(".npy"), allow_pickle=False)[::40]
    if ".passages" in sidecar.name:
        assert about["texts"] == source.text_fingerprint
        fresh = minilm.encode_passages(source.passages.joined[::40])
    else:
        fresh = minilm.encode_queries(source.queries.texts[::40])
    assert len(kept)
    np.testing.assert_allclose(kept, fresh, atol=2e-3)
