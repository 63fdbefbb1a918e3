"""Train: what it shows, what it refuses, and what a click does."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from retrievarium.workspace import Jobs

from .conftest import shown
from .test_pages import until

Opened = Callable[..., Any]


@pytest.fixture(autouse=True)
def _no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are queued, and none is launched."""
    monkeypatch.setattr(Jobs, "_launch", lambda self, job: None)


def labels(app: Any) -> list[str]:
    return [b.label for b in app.button]


def test_the_form_holds_every_setting_with_its_help_and_says_the_cost(opened: Opened) -> None:
    app = opened("train", c="small", tb="smoke")
    told = until(app, "Takes about")
    assert not app.exception
    assert "40 steps of 16 questions" in told
    assert "hard negatives a question" in told
    keys = {w.key for w in [*app.number_input, *app.selectbox, *app.text_input]}
    assert {"t-dpr-negatives", "t-dpr-hard", "t-dpr-batch", "t-dpr-lr", "t-dpr-steps"} <= keys
    assert "t-dpr-index" not in keys  # how it searches is no part of the model
    assert app.number_input(key="t-dpr-batch").placeholder == "16, by the budget"


def test_every_method_has_its_form_and_its_cost(opened: Opened) -> None:
    from retrievarium.methods import methods, settings_of

    app = opened("train", c="small", tb="smoke")
    for key in methods():
        app.session_state["tm"] = key
        app.run()
        told = until(app, "Takes about")
        assert not app.exception, key
        fields = {w.key for w in [*app.number_input, *app.selectbox, *app.text_input, *app.toggle]}
        assert fields >= {f"t-{key}-{s.name}" for s in settings_of(key) if not s.serving}
        assert "This cannot be trained" not in told, key


def test_a_link_sets_the_dials_and_a_click_starts_exactly_that(opened: Opened, ws: Any) -> None:
    params = {"t-dpr-negatives": "0", "t-dpr-lr": "0.002", "t-dpr-hard": "random"}
    app = opened("train", c="small", tb="smoke", ts="3", **params)
    until(app, "Takes about")
    assert app.number_input(key="t-dpr-lr").value == 0.002
    app.number_input(key="t-dpr-steps").set_value(12).run()
    until(app, "12 steps of 16 questions")
    app.button(key="train-go").click().run()
    (job,) = ws.jobs.all()
    more = ["--set", "hard=random", "--set", "lr=0.002", "--set", "negatives=0", "--set", "steps=12"]
    assert job.config["argv"] == ["train", "dpr", "-c", "small", "--budget", "smoke", "--seed", "3", *more]
    assert app.session_state["tj"] == job.id
    assert "waiting" in shown(app)
    app.button(key="train-cancel").click().run()
    assert job.status().state == "cancelled"
    app.run()
    assert "Resume" in labels(app)
    app.button(key="train-resume").click().run()
    assert [j.config["argv"] for j in ws.jobs.all()] == [job.config["argv"]] * 2


def test_all_dials_go_back_at_once(opened: Opened) -> None:
    app = opened("train", c="small", **{"t-dpr-negatives": "0", "t-dpr-batch": "8"})
    app.button(key="train-reset").click().run()
    assert app.number_input(key="t-dpr-negatives").value == 1
    assert app.number_input(key="t-dpr-batch").value is None


def test_a_collection_without_train_split_is_divided(opened: Opened, collection: Any, ws: Any) -> None:
    from retrievarium.data import load_collection, save_collection

    save_collection(collection.replace(qrels={"test": collection.test.qrels.table}), "bare", ws)
    app = opened("train", c="bare")
    assert "bare has no train split yet" in shown(app)
    app.text_input(key="split-name").set_value("small").run()
    app.selectbox(key="split-by").set_value("random").run()
    app.button(key="split-go").click().run()
    assert "small is taken" in until(app, "It was not divided")
    app.text_input(key="split-name").set_value("bare-two").run()
    app.button(key="split-go").click().run()
    until(app, "Test judgements stay sealed")
    assert app.session_state["c"] == "bare-two"
    assert "train" in load_collection("bare-two", ws).splits


def test_without_judgements_there_is_nothing_to_learn_from(opened: Opened, collection: Any, ws: Any) -> None:
    from retrievarium.data import save_collection

    save_collection(collection.replace(qrels={}), "silent", ws)
    app = opened("train", c="silent")
    assert not app.exception
    assert "has no judgements to learn from" in shown(app)


def test_what_ended_badly_says_so_and_can_go_on(opened: Opened, ws: Any) -> None:
    argv = ["train", "dpr", "-c", "small", "--budget", "smoke", "--seed", "0"]
    job = ws.jobs.start(argv, "Train dpr", train="dpr", collection="x")
    rows = [{"step": 10, "what": "training", "loss": 2.0, "gradient norm": 1.0}]
    (job.folder / "metrics.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    status = {"state": "failed", "step": 10, "total": 40, "what": "training", "error": "the loss is no number <b>"}
    (job.folder / "status.json").write_text(json.dumps(status), encoding="utf-8")
    app = opened("train", c="small", tj=job.id)
    told = shown(app)
    assert not app.exception
    assert "It ended with an error" in told
    assert "the loss is no number &lt;b&gt;" in told
    assert "Try again" in labels(app)
    (job.folder / "status.json").write_text(json.dumps({**status, "state": "died"}), encoding="utf-8")
    app = opened("train", c="small", tj=job.id)
    assert "The process died at step 10 of 40 of training" in shown(app)
    assert "Resume" in labels(app)


def test_an_unknown_training_in_a_link_says_so(opened: Opened) -> None:
    app = opened("train", c="small", tj="nothing")
    assert "does not know" in shown(app)
    assert not app.exception


# -- what a training is


def test_a_command_and_its_recipe_are_the_same_thing() -> None:
    from trainings import Recipe, recipe

    told = Recipe("dpr", "world", "smoke", 3, {"lr": 0.0004, "hard": "random", "negatives": 0, "on": True})
    assert recipe(told.argv()) == told
    assert recipe(["train", "dpr", "-c", "world"]) == Recipe("dpr", "world")
    assert recipe(["index", "-c", "world"]) is None
    assert recipe([]) is None


def test_the_command_line_reads_settings_as_they_were_meant() -> None:
    from retrievarium.cli.data import _dials
    from trainings import Recipe

    settings = {"lr": 0.0004, "hard": "random", "negatives": 0, "on": True, "tiny": 1e-7}
    argv = Recipe("dpr", "world", settings=settings).argv()
    assert _dials([v for o, v in itertools.pairwise(argv) if o == "--set"]) == settings


def test_one_curve_whatever_stopped_in_between(ws: Any) -> None:
    from trainings import of_job, trainings

    argv = ["train", "dpr", "-c", "small", "--budget", "smoke", "--seed", "0"]
    first, second = (ws.jobs.start(argv, "Train dpr", train="dpr", collection="x") for _ in range(2))
    ws.jobs.start(["index", "-c", "small"], "Encode")
    told = {
        first: [("exposure", 10, 3.0), ("training", 10, 2.0), ("training", 20, 1.8)],
        second: [("training", 20, 1.7), ("training", 30, 1.5)],
    }
    for job, rows in told.items():
        lines = [json.dumps({"step": s, "what": w, "loss": v}) for w, s, v in rows]
        (job.folder / "metrics.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (training,) = trainings()
    assert [j.id for j in training.jobs] == [second.id, first.id]
    assert list(training.stages()) == ["exposure", "training"]
    assert [(r["step"], r["loss"]) for r in training.stages()["training"]] == [(10, 2.0), (20, 1.7), (30, 1.5)]
    found = of_job(first.id)
    assert found is not None
    assert found.newest.id == second.id
    assert of_job("nothing") is None


def test_the_code_to_copy_runs(small: Any) -> None:
    import ast

    from trainings import Recipe

    code = Recipe("dpr", "small", "smoke", 1, {"steps": 0, "negatives": 0}).code()
    ast.parse(code)
    assert "rv.build('dpr', docs, budget='smoke', seed=1, negatives=0, steps=0)" in code
