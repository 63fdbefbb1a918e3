"""A new paper is one new file: the registry, the command line and the pages' forms and views follow from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from retrievarium.methods import papers

APP = Path(__file__).resolve().parents[2] / "app"
PAPER = '''"""A toy: one small tower from nothing, told <b>apart</b> in the batch.

    s(q, p) = E(q) . E(p)

No paper says this.
"""

from retrievarium import encoders, objectives, training
from retrievarium.methods.budget import given
from retrievarium.methods.registry import Arms, claim, method


@method(paper=NUMBER, key="KEY", name="Toy", says="A small tower that has read nothing.")
def toy(collection, budget, seed, work, *, width: int = 16, flavour: str = "plain", batch: int | None = None,
        lr: float | None = None, steps: int | None = None):
    """Train it.

    width: d, numbers in a vector.
    flavour: "plain" or "sweet".
    """
    batch, lr, steps = given(batch, lr, steps)
    texts = [*collection.passages.joined, *collection.all_queries.texts]
    start = encoders.Backbone(encoders.train_wordpiece(texts, 120), 1, width, 2, 32, dropout=0.0, seed=seed)
    towers = encoders.two_towers(start, "mean", tied=True, name="KEY")
    batches = training.PairBatches(towers, collection, collection.train, batch, seed)
    work.fit("training", towers, batches, objectives.info_nce, steps=steps, lr=lr, seed=seed)
    return towers


@claim(paper=NUMBER, says="A toy finds more than chance.", measure="RR@10", treatment="toy", base="chance",
       untrained="toy@0", control="none", placebo="none")
def contrast(seed, budget="small", device=None):
    return Arms()
'''
WATCH = """
import json, sys
key, folder, app_folder = sys.argv[1:]
import retrievarium.methods
retrievarium.methods.__path__.append(folder)
sys.path.insert(0, app_folder)
from streamlit.testing.v1 import AppTest
from retrievarium.cli import main

def command(*argv):
    try:
        main([*argv, "--json"])
    except SystemExit as stop:
        assert not stop.code, stop.code

def page(name, **params):
    app = AppTest.from_file(app_folder + "/main.py", default_timeout=120)
    for param, value in params.items():
        app.query_params[param] = value
    app.switch_page(f"app_pages/{name}.py").run()
    assert not app.exception, app.exception
    fields = [w.key for w in [*app.number_input, *app.selectbox]]
    html = " ".join(e.proto.body for e in app.get("html"))
    offered = list(app.multiselect(key="r").options)
    return {"html": html, "code": [c.value for c in app.code], "fields": fields, "retrievers": offered}

command("papers")
small = ("--budget", "smoke", "--set", "width=8", "--set", "steps=2", "--set", "batch=2")
command("train", key, "-c", "small", *small)
pages = {"papers": {"pk": key}, "claims": {"ck": key}, "train": {"c": "small", "tm": key, "tb": "smoke"}}
print(json.dumps({n: page(n, **params) for n, params in pages.items()}))
"""


def values(text: str) -> list[Any]:
    """JSON values that stand one after another."""
    found, reader = [], json.JSONDecoder()
    while text := text.lstrip():
        value, end = reader.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


@pytest.mark.usefixtures("small")
def test_one_file_and_it_is_listed_trained_and_shown(tmp_path: Path, ws: Any) -> None:
    planned = next(p for p in papers() if p.status == "planned")
    key = planned.key
    (tmp_path / "toys").mkdir()
    text = PAPER.replace("NUMBER", str(planned.number)).replace("KEY", key)
    (tmp_path / "toys" / "toy.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-c", WATCH, key, str(tmp_path / "toys"), str(APP)]
    about = {**os.environ, "OMP_NUM_THREADS": "1", "RETRIEVARIUM_WORKSPACE": str(ws.root)}
    done = subprocess.run(command, capture_output=True, text=True, env=about)
    assert done.returncode == 0, done.stderr[-3000:]
    listed, report, pages = values(done.stdout)

    (row,) = (r for r in listed if r["key"] == key)
    assert (row["status"], row["claim"]["verdict"]) == ("runs", "not yet measured")
    assert report["settings"] == {
        "width": 8,
        "flavour": "plain",
        "batch": 2,
        "lr": report["settings"]["lr"],
        "steps": 2,
    }
    assert report["stages"][0]["what"] == "training"

    paper = pages["papers"]
    assert 'rv-formula"><span>s(q, p) = E(q) . E(p)' in paper["html"]
    assert "told &lt;b&gt;apart&lt;/b&gt;" in paper["html"]
    assert "A toy finds more than chance." in paper["html"]
    assert text.rstrip() in paper["code"]
    assert "A toy finds more than chance." in pages["claims"]["html"]
    assert "about 1.4 h" in pages["claims"]["html"]  # 14 seeds, two trained arms of three minutes
    form = pages["train"]
    assert {f"t-{key}-{n}" for n in ("width", "flavour", "batch", "lr", "steps")} <= set(form["fields"])
    assert f"t-{key}-index" not in form["fields"]
    assert "d, numbers in a vector." in form["html"]
    assert any(n.startswith(f"{key.replace('-', '_')}_smoke_s0_") for n in form["retrievers"])
