"""The map of a batch's scores."""

from __future__ import annotations

import numpy as np
import pytest

from retrievarium.contracts import InputError
from retrievarium.figures import score_maps, shares


def test_shares_are_a_softmax_by_row() -> None:
    scores = np.array([[1e4, 1e4 + 1.0], [0.0, np.log(3.0)]])
    np.testing.assert_allclose(shares(scores), [[0.268941, 0.731059], [0.25, 0.75]], atol=1e-6)


def test_maps_share_one_scale_and_need_one_shape() -> None:
    figure = score_maps({"before": np.zeros((3, 3)), "after": 9 * np.eye(3)})
    assert [(t.zmin, t.zmax) for t in figure.data] == [(0, 1), (0, 1)]
    np.testing.assert_allclose(figure.data[0].z, 1 / 3)
    assert figure.data[1].z[0][0] > 0.99
    with pytest.raises(InputError, match="differ in shape"):
        score_maps({"a": np.zeros((2, 2)), "b": np.zeros((3, 3))})
    with pytest.raises(InputError, match="no scores"):
        score_maps({})
