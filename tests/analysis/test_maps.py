"""A collection's map: what it shows, what it is held against, and what it says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from retrievarium.analysis import (
    Map,
    Vectors,
    choose_points,
    collection_vectors,
    find_checks,
    find_map,
    find_pair,
    found_shade,
    joint_space,
    kept_sentence,
    kept_vectors,
    known_shades,
    make_checks,
    make_frames,
    make_map,
    make_pair,
    map_key,
    neighbours,
    query_sentence,
    shown_space,
    verdict,
)
from retrievarium.contracts import Cancelled, InputError
from retrievarium.data import Collection

RNG = np.random.default_rng(5)
N, M = 200, 30
TYPES = ("river", "city", "bird")


@pytest.fixture(scope="module")
def docs() -> Collection:
    """200 passages of three types, 30 test queries; query i asks for passage 5 i; entities, and their popularity."""
    entity = [f"e{i}" for i in range(N)]
    passages = pa.table(
        {
            "id": [f"p{i}" for i in range(N)],
            "title": [f"{TYPES[i % 3]} {i}" for i in range(N)],
            "text": [
                f"The {TYPES[i % 3]} number {i} is known for its {['length', 'age', 'song'][i % 3]}." for i in range(N)
            ],
            "document": [f"d{i}" for i in range(N)],
            "entities": pa.array([[e] for e in entity]),
        }
    )
    queries = pa.table(
        {
            "id": [f"q{i}" for i in range(M)],
            "text": [f"What is number {5 * i} known for?" for i in range(M)],
            "entity": [f"e{5 * i}" for i in range(M)],
            "kind": ["short" if i % 2 else "full" for i in range(M)],
        }
    )
    judged = pa.table(
        {
            "query_id": [f"q{i}" for i in range(M)],
            "passage_id": [f"p{5 * i}" for i in range(M)],
            "grade": pa.array([1] * M, pa.int32()),
        }
    )
    tables = {
        "entities": pa.table(
            {"id": entity, "type": [TYPES[i % 3] for i in range(N)], "document": [f"d{i}" for i in range(N)]}
        ),
        "exposure": pa.table({"entity": entity, "mentions": [(0, 1, 16)[i % 3] for i in range(N)]}),
    }
    return Collection("docs", passages, queries, {"test": judged}, tables)


def space(seed: int = 0, similarity: str = "cosine", spread: float = 0.6) -> Vectors:
    """Passages in three groups, each spread along two directions of 16; a query lies beside the passage it is about."""
    rng, shared = np.random.default_rng(seed), np.random.default_rng(99)
    centres, sheets = shared.normal(size=(3, 16)), shared.normal(size=(3, 2, 16))
    group = np.arange(N) % 3
    passages = centres[group] + np.einsum("nk,nkd->nd", rng.normal(size=(N, 2)) * spread, sheets[group])
    if similarity == "cosine":
        passages /= np.linalg.norm(passages, axis=1, keepdims=True)
    queries = passages[np.arange(M) * 5] + rng.normal(size=(M, 16)) * 0.02
    both = (passages.astype(np.float32), queries.astype(np.float32))
    return Vectors(f"toy{seed}", f"{seed:016x}", similarity, *both)


def noise() -> Vectors:
    rng = np.random.default_rng(11)
    return Vectors("noise", "f" * 16, "cosine", rng.normal(size=(N, 40)), rng.normal(size=(M, 40)))


def test_a_map_shows_everything_it_can(docs: Collection, ws: Any) -> None:
    made = make_map(docs, space(), ws=ws)
    assert made.places.shape == (N + M, 2)
    assert made.kept.shape == (N + M,)
    assert made.points.whole
    assert made.points.sentence() == "Shown: 200 of 200 passages and 30 of 30 queries."
    told = made.about
    assert told["kept_at_k"] == pytest.approx(made.kept[:N].mean(), abs=1e-4)
    assert told["query_fidelity"] == pytest.approx(made.kept[N:].mean(), abs=1e-4)
    assert made.lists[7, 0] == 35  # query 7 lies beside passage 35


def test_the_second_request_is_a_load(docs: Collection, ws: Any) -> None:
    made = make_map(docs, space(), ws=ws)
    stamp = (made.folder / "places.npy").stat().st_mtime_ns
    again = make_map(docs, space(), ws=ws, progress=_never)
    assert again.folder == made.folder
    assert (again.folder / "places.npy").stat().st_mtime_ns == stamp
    assert find_map(docs, map_key(docs, space().fingerprint), ws=ws) == made.folder
    assert find_map(docs, map_key(docs, space().fingerprint, seed=1), ws=ws) is None
    assert make_map(docs, space(), seed=1, ws=ws).folder != made.folder


def _never(*_: Any) -> None:
    raise AssertionError("it was laid out again")


def test_a_cancelled_map_leaves_nothing(docs: Collection, ws: Any) -> None:
    def stop(done: int, total: int, what: str, metrics: Any) -> None:
        if what.startswith("laying out") and done > 5:
            raise Cancelled(what)

    with pytest.raises(Cancelled):
        make_map(docs, space(), ws=ws, progress=stop)
    assert not ws.list("map")


def test_a_handful_of_passages_is_refused(collection: Collection, encoder: Any, ws: Any) -> None:
    with pytest.raises(InputError, match="a map of 9 passages"):
        make_map(collection, collection_vectors(collection, encoder, ws), ws=ws)


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_the_joint_space_ranks_as_the_retriever_does(similarity: str) -> None:
    """The nearest passages of a query, in the space that is drawn, are the retriever's own."""
    v = space(similarity=similarity, spread=1.5)
    drawn = joint_space(v.passages, v.queries, v.similarity)
    theirs = neighbours(v.passages, 10, similarity, v.queries)[0]
    assert (neighbours(drawn.passages, 10, drawn.metric, drawn.queries)[0] == theirs).all()
    assert drawn.metric == ("cosine" if similarity == "cosine" else "euclidean")
    with pytest.raises(InputError, match="has no map"):
        joint_space(v.passages, v.queries, "euclidean")


def test_kept_vectors_are_found_without_torch(collection: Collection, encoder: Any, ws: Any, monkeypatch: Any) -> None:
    from retrievarium.encoders import fingerprints, loading

    monkeypatch.setattr(loading, "resolve", lambda name: (encoder.name, Path(".")))
    monkeypatch.setattr(fingerprints, "folder_fingerprint", lambda folder: encoder.fingerprint)
    assert kept_vectors(collection, "words", ws) is None
    made = collection_vectors(collection, encoder, ws)
    found = kept_vectors(collection, "words", ws)
    assert found is not None
    assert (found.similarity, found.encoder) == ("cosine", "words")
    assert (found.passages == made.passages).all()
    assert (found.queries == made.queries).all()


# -- sampling


def test_a_sample_keeps_all_relevant_and_all_retrieved(docs: Collection) -> None:
    v = space()
    retrieved = neighbours(v.passages, 2, "cosine", v.queries)[0]
    some = choose_points(docs, retrieved, limit=140)
    assert len(some.passages) + len(some.queries) == 140
    assert set(retrieved.ravel()) <= set(some.passages.tolist())
    assert {5 * i for i in range(M)} <= set(some.passages.tolist())
    assert some.kept_gold == (M, M)
    assert some.kept_retrieved[0] == some.kept_retrieved[1]
    assert some.sentence() == (
        "Shown: 110 of 200 passages and 30 of 30 queries; "
        "a random sample that keeps every relevant and every retrieved passage."
    )
    assert (choose_points(docs, retrieved, limit=140).passages == some.passages).all()
    assert (choose_points(docs, retrieved, limit=140, seed=1).passages != some.passages).any()


def test_what_does_not_fit_is_said(docs: Collection) -> None:
    v = space()
    retrieved = neighbours(v.passages, 10, "cosine", v.queries)[0]
    some = choose_points(docs, retrieved, limit=60)
    assert len(some.queries) == 15
    assert some.kept_gold[0] == some.kept_gold[1] == 15  # relevant ones go first
    assert some.kept_retrieved[0] < some.kept_retrieved[1]
    assert "too many to keep all" in some.sentence()
    with pytest.raises(InputError, match="map of 3 points"):
        choose_points(docs, limit=3)


def test_a_sampled_map_says_n_of_n(docs: Collection, ws: Any) -> None:
    made = make_map(docs, space(), limit=120, ws=ws)
    assert made.places.shape == (120, 2)
    assert made.points.all_passages == N
    assert "of 200 passages" in made.points.sentence()
    assert made.lists.max() < made.n


# -- checks and words


@pytest.fixture(scope="module")
def checked(docs: Collection, tmp_path_factory: Any) -> Any:
    from retrievarium.workspace import Workspace

    ws = Workspace(tmp_path_factory.mktemp("maps"))
    told = {}
    for name, v in (("toy", space()), ("noise", noise())):
        made = make_map(docs, v, ws=ws)
        told[name] = (v, made, make_checks(docs, v, made, ws))
    return ws, told


def test_checks_hold_what_they_promise(docs: Collection, checked: Any) -> None:
    ws, told = checked
    v, made, checks = told["toy"]
    numbers = checks.numbers
    assert checks.array("seeds").shape == (2, N + M, 2)
    assert checks.array("noise").shape == (N + M, 2)
    assert checks.array("floor").shape == checks.array("hubs").shape == checks.array("cluster").shape == (N,)
    assert checks.array("floor").mean() == pytest.approx(numbers["seed_agreement"], abs=1e-3)
    assert checks.array("hubs").sum() == M * 10
    assert numbers["kept_noise"] < made.about["kept_at_k"]
    assert 0 < numbers["gap_accuracy"] <= 1
    assert find_checks(docs, made, ws) is not None
    again = make_checks(docs, v, made, ws, progress=_never)
    assert again.folder == checks.folder


def test_noise_never_gets_a_good_badge(checked: Any) -> None:
    for name, grades in (("noise", {"noise"}), ("toy", {"close", "rough"})):
        _, made, checks = checked[1][name]
        assert verdict(made.about, checks.numbers).grade in grades
        assert verdict(made.about, None).grade == "open"  # no grade before noise is measured


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("dims", [5, 60])
def test_noise_of_any_kind_is_called_noise(seed: int, dims: int) -> None:
    from retrievarium.analysis import kept_at_k, noise_baseline, umap

    data = np.random.default_rng(seed).normal(size=(300, dims))
    about = {"kept_at_k": kept_at_k(data, umap(data)).mean()}
    baseline = noise_baseline(data, umap, seed=seed)[0].mean()
    assert verdict(about, {"kept_noise": baseline}).grade == "noise"


def test_a_grade_is_relative() -> None:
    assert verdict({"kept_at_k": 0.7}, {"kept_noise": 0.68}).grade == "noise"
    assert verdict({"kept_at_k": 0.7}, {"kept_noise": 0.5}).grade == "rough"
    assert verdict({"kept_at_k": 0.7}, {"kept_noise": 0.1}).grade == "close"
    assert verdict({"kept_at_k": 0.3}, {"kept_noise": 0.1}).grade == "rough"


def test_the_two_numbers_in_words(checked: Any) -> None:
    _, made, checks = checked[1]["toy"]
    kept = f"{made.about['kept_at_k'] * 10:.1f} are among its true 10"
    assert kept in kept_sentence(made.about, checks.numbers)
    assert "noise" in kept_sentence(made.about, checks.numbers)
    assert "by chance" in kept_sentence(made.about)
    assert "true top 10" in query_sentence(made.about, checks.numbers)
    assert query_sentence({**made.about, "query_fidelity": None}) == "The collection has no queries to place."


# -- colours


def test_colours_come_from_what_is_known(docs: Collection, checked: Any) -> None:
    _, made, _ = checked[1]["toy"]
    shades = {s.key: s for s in known_shades(docs, made.points)}
    assert list(shades)[:3] == ["point", "type", "popularity"]
    assert shades["point"].counts() == [N, M]
    assert shades["type"].of(0) == "river"
    assert shades["type"].of(N + 1) == TYPES[5 % 3]  # of the entity that query 1 asks about
    assert shades["popularity"].names == ("0", "1", "16")
    assert shades["kind"].of(3) == ""
    assert shades["kind"].of(N) == "full"
    found = found_shade(docs, made.points, made.lists, "toy")
    assert found is not None
    assert sum(found.of(N + i) != "" for i in range(M)) == M
    assert found.of(N + 7) == "found at rank 1"
    assert found.of(35) == "relevant, found"
    assert found.of(36) == ""


# -- pairs and frames


def test_two_encoders_side_by_side(docs: Collection, checked: Any, ws: Any) -> None:
    _, made, _ = checked[1]["toy"]
    left, right = space(), space(1)
    pair = make_pair(docs, made, left, right, ws=ws)
    assert pair.array("places").shape == made.places.shape
    change, floor = pair.array("change"), pair.array("floor")
    shown = [shown_space(docs, v, made.points) for v in (left, right)]
    from retrievarium.analysis import neighbour_change

    expected = neighbour_change(shown[0].passages, shown[1].passages, 10)
    assert change[:N] == pytest.approx(expected, abs=1e-6)
    assert pair.about["floor_from"] == "a tenth of the coordinates withheld"
    top = pair.most_changed(np.arange(N), 5)
    assert (pair.excess[top] > 0).all()
    assert (np.diff(pair.excess[top]) <= 0).all()
    assert (change > floor)[:N].sum() >= pair.about["passages_above"]
    found = find_pair(docs, made, right.fingerprint, ws=ws)
    assert found is not None
    assert found.folder == pair.folder


def test_an_encoder_beside_itself_changes_nothing(docs: Collection, checked: Any, ws: Any) -> None:
    _, made, _ = checked[1]["toy"]
    v = space()
    turn = np.linalg.qr(RNG.normal(size=(16, 16)))[0].astype(np.float32)
    turned = Vectors("turned", "e" * 16, "cosine", v.passages @ turn, v.queries @ turn)
    pair = make_pair(docs, made, v, turned, ws=ws)
    assert pair.about["passage_change"] < 0.002  # rounding may swap a near tie
    assert pair.about["cka"] == pytest.approx(1, abs=1e-4)
    assert len(pair.most_changed(np.arange(N))) <= 2


def test_another_seed_is_the_better_floor(docs: Collection, checked: Any, ws: Any) -> None:
    _, made, _ = checked[1]["toy"]
    pair = make_pair(docs, made, space(), space(1), seed_twin=space(), ws=ws)
    assert pair.about["floor_from"] == "another training seed"
    assert pair.excess.max() == 0  # the first encoder is the second's other seed: no difference left


def test_a_time_lapse_goes_from_frame_to_frame(docs: Collection, checked: Any, ws: Any) -> None:
    _, made, _ = checked[1]["toy"]
    frames = make_frames(docs, made, [space(), space(1), space(2)], ["0", "100", "200"], ws)
    assert frames.places.shape == (3, N + M, 2)
    assert (frames.places[0] == made.places).all()
    assert [f["name"] for f in frames.about] == ["0", "100", "200"]
    assert all("alignment" in f and 0 <= f["residual"] <= 1 for f in frames.about)
    with pytest.raises(InputError, match="two checkpoints"):
        make_frames(docs, made, [space()], ws=ws)


# -- what ships


@pytest.mark.parametrize("name", ["lookalikes", "world"])
def test_bundled_collections_carry_a_ready_layout(name: str, ws: Any) -> None:
    from retrievarium.data import load_collection
    from retrievarium.workspace import shipped

    if not (shipped(name) / "collection.json").is_file():
        pytest.skip(f"{name} is not built in this checkout")
    docs = load_collection(name, ws)
    v = kept_vectors(docs, "minilm", ws)
    assert v is not None
    for dims in (2, 3):
        folder = find_map(docs, map_key(docs, v.fingerprint, dims), ws=ws)
        assert folder is not None, "build it with: python sample_data/build.py maps"
        assert shipped() in folder.parents
        made = Map(folder)
        checks = find_checks(docs, made, ws)
        assert checks is not None
        assert verdict(made.about, checks.numbers).grade in ("close", "rough")
        assert sum(f.stat().st_size for p in (folder, checks.folder) for f in p.iterdir()) < 600_000
