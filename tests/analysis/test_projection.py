"""UMAP against umap-learn, and what a layout has to be: the same for a seed, whatever the threads."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from scipy.spatial import procrustes as scipy_procrustes
from sklearn.decomposition import PCA

from retrievarium.analysis import align_all, kept_at_k, neighbour_table, noise_baseline, pca, procrustes, umap
from retrievarium.analysis.umap_graph import fuzzy_graph
from retrievarium.contracts import Cancelled, InputError

RNG = np.random.default_rng(2)


@pytest.fixture(scope="module")
def blobs() -> np.ndarray:
    """600 unit vectors in 12 groups."""
    centres = RNG.normal(size=(12, 24))
    x = centres[RNG.integers(12, size=600)] + RNG.normal(size=(600, 24)) * 0.5
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def test_pca_is_scikit_learns(blobs: np.ndarray) -> None:
    ours, share = pca(blobs, 3)
    theirs = PCA(3, svd_solver="full").fit(blobs)
    assert np.abs(ours) == pytest.approx(np.abs(theirs.transform(blobs)), abs=1e-4)
    assert share == pytest.approx(theirs.explained_variance_ratio_.sum(), abs=1e-5)
    largest = ours[np.abs(ours).argmax(axis=0), range(3)]
    assert (largest > 0).all()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_graph_is_umap_learns(blobs: np.ndarray, metric: str) -> None:
    umap_learn = pytest.importorskip("umap.umap_")
    rows, apart = neighbour_table(blobs, 15, metric)
    ours = fuzzy_graph(rows, apart)
    theirs, _, _ = umap_learn.fuzzy_simplicial_set(
        blobs, 15, np.random.RandomState(0), metric, knn_indices=rows, knn_dists=apart.astype(np.float32)
    )
    assert abs(ours - theirs).max() < 2e-4
    assert (ours != ours.T).nnz == 0
    assert ours.diagonal().max() == 0


def test_a_layout_depends_on_the_seed_alone(blobs: np.ndarray) -> None:
    one = umap(blobs, epochs=60, threads=1)
    assert (one == umap(blobs, epochs=60, threads=3)).all()
    assert (one != umap(blobs, epochs=60, seed=1)).any()


def test_a_layout_shows_structure_and_noise_shows_less(blobs: np.ndarray) -> None:
    kept = kept_at_k(blobs, umap(blobs)).mean()
    noise, _ = noise_baseline(blobs, umap)
    assert kept > noise.mean() + 0.05
    assert kept > 0.2


@pytest.mark.parametrize("dims", [2, 3])
def test_a_layout_has_the_dimensions_asked_for(blobs: np.ndarray, dims: int) -> None:
    places = umap(blobs, dims, epochs=20)
    assert places.shape == (600, dims)
    assert places.dtype == np.float32
    assert np.isfinite(places).all()


def test_equal_points_and_tiny_collections_are_laid_out() -> None:
    assert np.isfinite(umap(np.ones((50, 8)), epochs=20)).all()
    assert umap(RNG.normal(size=(3, 8))).shape == (3, 2)
    assert umap(RNG.normal(size=(5, 8)), epochs=20).shape == (5, 2)


def test_no_metric_is_guessed(blobs: np.ndarray) -> None:
    with pytest.raises(InputError, match="lift"):
        umap(blobs, metric="dot")
    with pytest.raises(InputError, match="no metric"):
        umap(blobs, metric="hamming")
    with pytest.raises(InputError, match="dimensions"):
        umap(blobs, 4)


def test_a_layout_can_be_stopped(blobs: np.ndarray) -> None:
    def stop(done: int, total: int, what: str, metrics: object) -> None:
        if done >= 10:
            raise Cancelled(what)

    with pytest.raises(Cancelled):
        umap(blobs, progress=stop)


def test_procrustes_is_scipys() -> None:
    a = RNG.normal(size=(50, 2))
    b = a @ [[0, -1], [1, 0]] * 4 + 7 + RNG.normal(size=(50, 2)) * 0.3
    told = procrustes(a, b)
    theirs = scipy_procrustes(a, b)
    assert told.residual == pytest.approx(theirs[2])
    centred = (told.places - a.mean(axis=0)) / np.linalg.norm(a - a.mean(axis=0))
    assert centred == pytest.approx(theirs[1], abs=1e-9)


def test_a_turned_mirrored_map_comes_back() -> None:
    a = RNG.normal(size=(30, 2))
    told = procrustes(a, a @ [[-2, 0], [0, 2]] + 5)
    assert told.places == pytest.approx(a)
    assert told.residual == pytest.approx(0, abs=1e-12)
    some = procrustes(a, a * 3 + 1, np.arange(10))
    assert some.places == pytest.approx(a)
    assert align_all([a, -a])[1].places == pytest.approx(a)
    with pytest.raises(InputError, match="one place"):
        procrustes(a, np.ones((30, 2)))


@pytest.mark.slow
def test_aligned_umap_lays_out_both(blobs: np.ndarray) -> None:
    pytest.importorskip("umap")
    from retrievarium.analysis import aligned_umap

    some = blobs[:150]
    turn = np.linalg.qr(RNG.normal(size=(24, 24)))[0].astype(np.float32)
    first, second = aligned_umap([some, some @ turn])
    assert first.shape == second.shape == (150, 2)
    assert procrustes(first, second).residual < 0.5
    with pytest.raises(InputError, match="same points"):
        aligned_umap([some, some[:10]])


def test_a_map_needs_no_umap_learn() -> None:
    """umap-learn compiles for most of a minute in a fresh process; only AlignedUMAP may ask for it."""
    import subprocess

    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import numpy as np, sys\nfrom retrievarium.analysis import umap\n"
            "umap(np.random.default_rng(0).normal(size=(60, 5)), epochs=5)\n"
            "print([m for m in ('umap', 'pynndescent', 'torch', 'sklearn') if m in sys.modules])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "[]"
