"""The Map page: every state opens, says what it must, and never grades what is not measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .conftest import shown

Opened = Callable[..., Any]


def markup(app: Any) -> str:
    return shown(app)


def test_the_first_map_is_there_at_once(opened: Opened) -> None:
    app = opened("map", c="lookalikes")
    assert not app.exception
    told = shown(app)
    assert 'data-grade="close"' in told
    assert "are among its true 10 (noise" in told
    assert "are in its true top 10 (noise" in told
    assert "Shown: 240 of 240 passages" in told
    assert len(app.get("plotly_chart")) == 1
    assert "query in view" in told.lower()


def test_other_seeds_and_noise_carry_their_own_badge(opened: Opened) -> None:
    told = shown(opened("map", c="lookalikes", ml="noise"))
    assert 'data-grade="noise"' in told
    assert 'data-grade="close"' not in told
    assert "These points are nobody" in told
    told = shown(opened("map", c="lookalikes", ml="seed 1"))
    assert "Seed 2 of 3" in told


def test_the_buttons_walk_through_seeds_and_noise(opened: Opened) -> None:
    app = opened("map", c="lookalikes")
    for seed in ("Seed 2 of 3", "Seed 3 of 3"):
        _button(app, "Another seed").click().run()
        assert seed in shown(app)
    _button(app, "Another seed").click().run()
    assert "of 3:" not in shown(app)
    _button(app, "Shuffle the data").click().run()
    assert 'data-grade="noise"' in shown(app)
    _button(app, "Show the data again").click().run()
    assert 'data-grade="close"' in shown(app)


def _button(app: Any, label: str) -> Any:
    return next(b for b in app.button if b.label == label)


def test_a_link_brings_colour_search_point_and_selection(opened: Opened) -> None:
    app = opened(
        "map", c="lookalikes", mc="neighbours kept", mf="cambridge", mp="p:cit-001", ms="p:cit-001~p:cit-002~q:cit-q001"
    )
    assert not app.exception
    told = shown(app)
    assert app.session_state["mc"] == "neighbours kept"
    assert "Selected: 3 of" in told
    assert "hold “cambridge”" in told
    assert "passage in view" in told
    assert "false friends" in told or "All 10 nearest" in told


def test_names_from_a_link_that_nobody_knows_are_left_out(opened: Opened) -> None:
    app = opened("map", c="lookalikes", mc="<script>", mp="p:nobody", ms="p:nobody~x:1~q:nobody", mf="<b>zz</b>")
    assert not app.exception
    told = shown(app)
    assert "Selected: 0 of" in told
    assert "<b>zz</b>" not in told
    told = shown(opened("map", c="lookalikes", ms="@0123456789abcdef"))
    assert "only another workspace knows" in told


def test_a_selection_survives_another_colour(opened: Opened) -> None:
    app = opened("map", c="lookalikes", ms="p:cit-001~p:cit-002")
    app.selectbox(key="mc").set_value("found or missed").run()
    assert "Selected: 2 of" in shown(app)
    app.selectbox(key="mc").set_value("cluster").run()
    assert "Selected: 2 of" in shown(app)


def test_a_lasso_of_the_browser_becomes_the_selection(small: Any, opened: Opened) -> None:
    """What the browser reports is read by item, positions only, and rings and rays are ignored."""
    from components import map_chart

    assert map_chart._row({"customdata": 7}) == 7
    assert map_chart._row({"customdata": [7]}) == 7
    assert map_chart._row({"customdata": []}) is None
    assert map_chart._row({"x": 1}) is None


def test_details_hold_every_number(opened: Opened) -> None:
    app = opened("map", c="lookalikes")
    app.session_state["map-details"] = True
    app.run()
    told = shown(app)
    for name in ("trustworthiness", "continuity", "false friends", "lost friends", "agreement of seeds", "hubness"):
        assert name in told
    for name in ("mean cosine", "effective rank", "IsoScore", "alignment", "uniformity", "query-passage gap"):
        assert name in told
    assert "/ 240" in told or "/ 7" in told  # colours as a table, selected of all
    assert "retrievarium[atlas]" in told or "WebGPU" in told


def test_a_collection_without_vectors_is_offered_a_job(small: Any, opened: Opened, ws: Any) -> None:
    told = shown(opened("map", c="small"))
    assert "too small for a map" in told


def keep_vectors(docs: Any, ws: Any, spec: str, seed: int) -> None:
    """Random vectors of 8 dimensions as if `spec` had made them."""
    from retrievarium.encoders.bundled import texts_hash
    from retrievarium.encoders.fingerprints import folder_fingerprint
    from retrievarium.encoders.loading import resolve

    rng = np.random.default_rng(seed)
    known = docs.queries
    for side, texts, n in (
        ("passages", docs.text_fingerprint, len(docs.passages)),
        ("queries", texts_hash(known.ids, known.texts), len(known)),
    ):
        key = {"encoder": folder_fingerprint(resolve(spec)[1]), "side": side, "texts": texts, "similarity": "cosine"}
        rows = rng.normal(size=(n, 8)).astype(np.float32)
        ws.build("vectors", key, lambda f, rows=rows: np.save(f / "vectors.npy", rows))


def many(ws: Any, vectors: bool) -> Any:
    """Forty passages in the workspace, with MiniLM's vectors or without."""
    import pyarrow as pa

    from retrievarium.data import Collection, load_collection, save_collection

    ids = [f"p{i}" for i in range(40)]
    docs = Collection(
        "many",
        pa.table({"id": ids, "title": [f"<i>{i}</i>" for i in ids], "text": [f"text of {i}" for i in ids]}),
        pa.table({"id": ["q1", "q2"], "text": ["text of p1", "text of p2"]}),
        {"test": pa.table({"query_id": ["q1"], "passage_id": ["p1"], "grade": pa.array([1], pa.int32())})},
    )
    save_collection(docs, "many", ws)
    docs = load_collection("many", ws)
    if vectors:
        keep_vectors(docs, ws, "minilm", 0)
    return docs


def test_without_vectors_encoding_is_offered_with_its_time(opened: Opened, ws: Any) -> None:
    many(ws, vectors=False)
    app = opened("map", c="many")
    assert not app.exception
    assert "has not seen many yet" in shown(app)
    assert "about" in shown(app)
    assert not ws.jobs.all()  # nothing heavy starts by itself
    assert _button(app, "Encode and map")


def test_the_preview_is_shown_until_the_map_is_laid_out(opened: Opened, ws: Any) -> None:
    docs = many(ws, vectors=True)
    app = opened("map", c="many")
    assert not app.exception
    told = shown(app)
    assert "A preview" in told
    assert "data-grade" not in told
    assert len(app.get("plotly_chart")) == 1
    assert _button(app, "Lay out")
    assert not ws.jobs.all()
    from retrievarium.analysis import kept_vectors, make_checks, make_map

    vectors = kept_vectors(docs, "minilm", ws)
    assert vectors is not None
    made = make_map(docs, vectors, ws=ws)
    told = shown(app.run())
    assert 'data-grade="open"' in told  # no grade before noise is measured
    assert _button(app, "Measure")
    make_checks(docs, vectors, made, ws)
    told = shown(app.run())
    assert 'data-grade="noise"' in told  # the vectors are noise
    assert "&lt;i&gt;" in told
    assert "<i>p" not in told


def test_the_job_is_the_command_a_person_could_type(opened: Opened, ws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from retrievarium.workspace import Jobs

    started: list[list[str]] = []
    monkeypatch.setattr(Jobs, "start", lambda self, argv, title, **about: started.append(list(argv)))
    many(ws, vectors=True)
    app = opened("map", c="many")
    _button(app, "Lay out").click().run()
    assert started == [["map", "-c", "many", "-e", "minilm"]]


def test_the_copied_code_runs(ws: Any) -> None:
    from components import map_take

    lines: dict[str, Any] = {}
    exec(compile(map_take.code("lookalikes", "minilm"), "copied", "exec"), lines)
    assert lines["m"].places.shape[1] == 2


def test_exports_hold_the_points_and_no_foreign_markup(opened: Opened, ws: Any) -> None:
    from components import map_scene, map_take
    from retrievarium.analysis import kept_vectors, make_checks, make_map
    from retrievarium.figures import MapFigure

    docs = many(ws, vectors=True)
    vectors = kept_vectors(docs, "minilm", ws)
    assert vectors is not None
    made = make_map(docs, vectors, ws=ws)
    of = map_scene.Scene(docs, vectors, made.points, made, make_checks(docs, vectors, made, ws))
    assert map_take.table(of, [0, 40], made.places).count("\n") == 3
    figure = MapFigure(made.places, of.n, of.shades["point"], of.titles)
    told = map_take.html(of, figure)
    assert "no better than noise" in told
    assert "<i>p" not in told.split("<script")[0]
    assert "https://cdn" not in told.split("Plotly.newPlot")[-1]


def test_a_large_selection_goes_by_number(ws: Any) -> None:
    from components import map_state

    few, lot = [f"p:{i}" for i in range(5)], [f"p:{i}" for i in range(500)]
    assert map_state.unpacked(map_state.packed(few)) == tuple(few)
    text = map_state.packed(lot)
    assert len(text) == 17
    assert map_state.unpacked(text) == tuple(lot)
    odd = ["p:a~b"]
    assert map_state.unpacked(map_state.packed(odd)) == tuple(odd)
    assert map_state.unpacked("@../../../etc/passwd") == ()


def test_the_atlas_is_an_extra_that_is_looked_for(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the page says how to get it; with it, and a browser that can draw, it offers to open it."""
    import importlib.util
    import sys
    import types

    from components import map_more

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n, *a: None if n == "embedding_atlas" else find(n, *a))
    assert map_more.atlas_at_hand()[0] is False
    assert "retrievarium[atlas]" in map_more.atlas_at_hand()[1]
    given: list[dict[str, Any]] = []
    package, part = types.ModuleType("embedding_atlas"), types.ModuleType("embedding_atlas.streamlit")
    part.embedding_atlas = lambda frame, **about: given.append({"frame": frame, **about})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "embedding_atlas", package)
    monkeypatch.setitem(sys.modules, "embedding_atlas.streamlit", part)
    monkeypatch.setattr(importlib.util, "find_spec", lambda n, *a: object() if n == "embedding_atlas" else find(n, *a))
    app = opened("map", c="lookalikes")
    app.session_state["map-details"] = True
    app.run()
    assert not app.exception
    _button(app, "Open the atlas").click().run()
    assert not app.exception
    assert len(given[0]["frame"]) == 610
    first = given[0]["key"]
    app.selectbox(key="mc").set_value("kind").run()
    _button(app, "Open the atlas").click().run()
    assert given[-1]["key"] != first  # the component reads its frame once a key


def test_two_encoders_stand_side_by_side(
    opened: Opened, ws: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from components import map_scene
    from retrievarium.analysis import kept_vectors, make_checks, make_map, make_pair

    docs = many(ws, vectors=True)
    folder = tmp_path / "trained"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "modules.json").write_text("[]")
    names = {"minilm": "minilm", "dpr": str(folder)}
    monkeypatch.setattr(map_scene.methods, "encoders_at_hand", lambda collection, ws=None: names)
    first = kept_vectors(docs, "minilm", ws)
    assert first is not None
    made = make_map(docs, first, ws=ws)
    make_checks(docs, first, made, ws)
    told = shown(app := opened("map", c="many", mb="dpr"))
    assert not app.exception
    assert "dpr is not laid out beside minilm yet" in told
    assert _button(app, "Put beside")
    keep_vectors(docs, ws, str(folder), 1)
    second = kept_vectors(docs, str(folder), ws)
    assert second is not None
    make_pair(docs, made, first, second, ws=ws)
    told = shown(app := opened("map", c="many", mb="dpr", ms="p:p3~p:p4"))
    assert not app.exception
    assert len(app.get("plotly_chart")) == 2
    assert "turned onto the left map" in told
    assert "a tenth of the coordinates withheld" in told
    assert "Selected: 2 of" in told
    assert "most changed passages" in told.lower()
    assert not [b for b in app.button if b.label == "Another seed"]  # one comparison at a time
