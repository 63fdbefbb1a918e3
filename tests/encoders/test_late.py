"""MiniLM that loads late is MiniLM, and searching with kept vectors needs no torch."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from retrievarium.contracts import check_encoder
from retrievarium.encoders import LateEncoder, load_encoder


def test_it_is_the_encoder_itself() -> None:
    late = LateEncoder()
    assert not late.loaded
    check_encoder(late)
    assert late.loaded
    texts = ["Where does the river rise?", ""]
    assert np.array_equal(late.encode_queries(texts), load_encoder("minilm").encode_queries(texts))


def test_a_bundled_collection_is_searched_without_torch() -> None:
    program = (
        "import sys; from retrievarium.data import load_collection; from retrievarium.methods import retriever;"
        "c = load_collection('lookalikes'); r = retriever('minilm', c);"
        "run = r.search(c.queries, 10); one = r.search(c.queries.select(c.queries.ids[:1]), 10);"
        "assert one[c.queries.ids[0]].ids == run[c.queries.ids[0]].ids;"
        "assert len(run) == len(c.queries); assert 'torch' not in sys.modules, 'torch was imported'"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_tokens_are_counted_without_loading_the_weights() -> None:
    late = LateEncoder()
    texts = ["Where does the river rise?", "", "Mabrynmar & Solkkeska, " * 200]
    told = late.count_tokens(texts)
    assert not late.loaded
    assert told.tolist() == load_encoder("minilm").count_tokens(texts).tolist()
    assert told[-1] > late.max_length  # nothing was cut
