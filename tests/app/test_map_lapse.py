"""The Map and long work: a training's time-lapse is offered, laid out, shown; no page lays out or compiles itself."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from .test_map import Opened, many, shown


def test_the_time_lapse_of_a_training(opened: Opened, ws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from components import map_scene
    from retrievarium.analysis import Vectors, kept_vectors, make_frames, make_map
    from retrievarium.workspace import Jobs

    docs = many(ws, vectors=True)
    kept: dict[str, str] = {}
    monkeypatch.setattr(map_scene.methods, "snapshots_at_hand", lambda collection, name, ws=None: kept)
    assert "time-lapse" not in headings(app := opened("map", c="many", mw="1"))  # nothing was kept: nothing to offer
    assert not app.exception

    kept.update({"step 0": "somewhere", "step 9": "minilm"})
    map_scene._snapshots.clear()
    app = opened("map", c="many", mw="1")
    assert "How minilm learned: a time-lapse" in headings(app)
    assert "Its training kept 2 models: step 0 to step 9" in shown(app)
    started: list[list[str]] = []
    monkeypatch.setattr(Jobs, "start", lambda self, argv, title, **about: started.append(list(argv)))
    app.button(key="map-start-lapse").click().run()
    assert started == [["map", "-c", "many", "-e", "minilm", "--over-training", "--no-checks"]]

    last = kept_vectors(docs, "minilm", ws)
    assert last is not None
    early = Vectors("early", "0" * 16, "cosine", last.passages[::-1].copy(), last.queries)
    make_frames(docs, make_map(docs, early, ws=ws), [early, last], list(kept), ws)
    app = opened("map", c="many", mw="1")
    assert not app.exception
    assert [list(d.value["checkpoint"]) for d in app.dataframe if "checkpoint" in d.value] == [["step 0", "step 9"]]


def headings(app: Any) -> str:
    return " ".join(e.label for e in app.expander)


def test_no_page_waits_for_a_compiler(opened: Opened, ws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    many(ws, vectors=True)
    for name in ("retrievarium.analysis._umap_kernel", "numba", "umap"):
        monkeypatch.setitem(sys.modules, name, None)  # an import of it fails
    for collection, words in (("lookalikes", "Mostly true neighbours"), ("many", "A preview")):
        app = opened("map", c=collection)
        assert not app.exception
        assert words in shown(app)
        assert app.get("plotly_chart")
