"""The tie rule: `top_k` is a full sort cut short."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from retrievarium.contracts.order import id_ranks, top_k, total_order


@given(
    arrays(np.float32, st.integers(1, 40), elements=st.sampled_from([0.0, -0.0, 0.5, 1.0, -1.0, np.inf, -np.inf])),
    st.integers(0, 45),
    st.randoms(),
)
def test_top_k_equals_a_full_sort(scores: np.ndarray, k: int, random) -> None:  # type: ignore[no-untyped-def]
    ids = [f"d{i}" for i in range(len(scores))]
    random.shuffle(ids)
    best = top_k(scores, id_ranks(ids), k)
    assert best.tolist() == total_order(scores, ids)[:k].tolist()
    expected = sorted(range(len(ids)), key=lambda i: (scores[i], ids[i].encode()), reverse=True)
    assert total_order(scores, ids).tolist() == expected


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), unique=True, max_size=20))
def test_ranks_follow_bytes(ids: list[str]) -> None:
    ranks = id_ranks(ids)
    assert [ids[i] for i in np.argsort(ranks)] == sorted(ids, key=lambda i: i.encode())


def test_nothing_to_order() -> None:
    assert total_order(np.empty(0), []).tolist() == []
    assert top_k(np.empty(0, dtype=np.float32), id_ranks([]), 5).tolist() == []
