"""HyDE's own: the writer, what is averaged, what stays, claim, record."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch

from retrievarium.contracts import Cancelled, check_retriever
from retrievarium.data import Collection
from retrievarium.encoders import load_encoder, load_towers
from retrievarium.generation import TinyGenerator, writing_pairs
from retrievarium.methods import Budget, Built, build, claims
from retrievarium.methods.hyde import ARMS, TOKENS
from retrievarium.methods.measuring import claim_world
from retrievarium.methods.slicing import about_others
from retrievarium.workspace import Workspace

TINY = Budget("tiny", exposure=0, steps=12, batch=8, lr=1e-3, passage_tokens=64, question_tokens=32, about="a test")
PLAIN: dict[str, Any] = {"device": "cpu", "precision": "fp32", "threads": 1}


@pytest.fixture(scope="module")
def built(world: Collection, ws: Workspace) -> Built:
    return build("hyde", world, TINY, ws=ws, **PLAIN)


def test_the_mean_of_the_question_and_four_texts_searches(world: Collection, built: Built) -> None:
    asked = world.test.queries.select(world.test.queries.ids[:3])
    run, invented = built.search(asked, 5), built.retriever.write(asked)
    passages = built.model.encode_passages(world.passages.joined)
    for query, text, texts in zip(asked.ids, asked.texts, invented.texts, strict=True):
        assert len(texts) == 4
        written = [t or text for t in texts]
        v = np.concatenate([built.model.encode_queries([text]), built.model.encode_passages(written)]).mean(axis=0)
        best = np.sort(passages @ v)[::-1][:5]
        assert np.allclose(run[query].scores, best, rtol=1e-4, atol=1e-4)
    check_retriever(built.retriever, asked)
    read = built.retriever.generator.count
    assert 0 < read.written <= 3 * 4 * (TOKENS + 1) + read.prompts * 4 * (TOKENS + 1)


@pytest.mark.works_when("hyde", 2)
def test_with_no_text_it_is_the_encoder_alone(world: Collection, built: Built, ws: Workspace) -> None:
    asked = world.test.queries
    none = build("hyde", world, TINY, ws=ws, **PLAIN, n=0)
    assert none.folder == built.folder, "how it searches is no part of the model"
    plain, nothing = built.retriever.dense.search(asked, 20), none.search(asked, 20)
    assert nothing.doc_ids.tolist() == plain.doc_ids.tolist()
    assert np.allclose(nothing.scores, plain.scores, rtol=1e-5)
    assert built.search(asked, 20) != plain


@pytest.mark.works_when("hyde", 3)
def test_the_encoder_is_taken_as_it_is(world: Collection, built: Built, ws: Workspace) -> None:
    from retrievarium.indexes import index_fingerprint

    alone = build("contriever", world, TINY, ws=ws, **PLAIN, labels=0)
    before, after = (load_towers(b.folder / k).state_dict() for b, k in ((alone, "contriever"), (built, "hyde")))
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert index_fingerprint(built.retriever) == index_fingerprint(alone.retriever)
    texts = world.passages.joined[:3]
    plain = load_encoder(built.folder / "hyde", "cpu")
    assert np.allclose(plain.encode_passages(texts), alone.model.encode_passages(texts), atol=1e-6)


def test_the_writer_learns_answers_and_is_kept_inside_the_encoders_folder(world: Collection, built: Built) -> None:
    writer = TinyGenerator.load(built.folder / "hyde" / "writer")
    assert (writer.model.kind, writer.model.settings["gate"]) == ("causal", True)
    asked = [f"{t}" for t in world.dev.queries.texts[:3]]
    assert writer.generate(asked, 2, TOKENS, 0.7, 0) == built.model.writer.generate(asked, 2, TOKENS, 0.7, 0)
    (stage,) = [s for s in built.report["stages"] if s["what"] == "writer"]
    losses = [e["loss"] for e in stage["curve"] if "loss" in e]
    assert losses[-1] < losses[0]
    assert built.report["lineage"]["contriever"]["settings"]["labels"] == 0


def test_a_cancelled_training_goes_on_to_the_same_weights(world: Collection, ws: Workspace, built: Built) -> None:
    other, seen = Workspace(ws.root / "other"), []

    def stop(done: int, total: int, what: str, metrics: Any) -> None:
        if what == "writer" and done:
            seen.append(done)
            if seen == [1, 2, 3]:
                raise Cancelled("enough")

    with pytest.raises(Cancelled):
        build("hyde", world, TINY, ws=other, **PLAIN, progress=stop)
    again = build("hyde", world, TINY, ws=other, **PLAIN, progress=stop)
    assert seen == list(range(1, TINY.steps + 1)), "no step twice, none left out"
    before, after = (b.model.writer.model.state_dict() for b in (built, again))
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_its_dials(world: Collection, built: Built, ws: Workspace) -> None:
    def made(**settings: Any) -> Built:
        return build("hyde", world, TINY, ws=ws, **PLAIN, **settings)

    read, blind = made(writer="seq2seq"), made(gate=False)
    assert read.model.writer.model.kind == "seq2seq"
    assert not blind.model.writer.model.settings["gate"]
    assert len({b.model.writer.fingerprint for b in (built, read, blind, made(steps=0))}) == 4
    text = world.dev.queries.texts[0]
    (sure,) = made(temperature=0.0).retriever.write(text).texts
    assert len(set(sure)) == 1
    assert len(made(n=2).retriever.write(text).texts[0]) == 2


def test_the_writer_of_the_claim_knows_nobody_it_is_asked_about() -> None:
    world = about_others(claim_world(1, "smoke"))
    tested = set(world.test.queries.column("entity") or [])
    learned = world.train.queries.column("entity") or []
    assert len(learned) > 500
    assert not tested & set(learned)
    whole = claim_world(1, "smoke")
    assert tested & set(whole.train.queries.column("entity") or []), "there was somebody to leave out"
    entities, prompts = world.tables["entities"], writing_pairs(world, world.train)[0]
    names = dict(zip(entities.column("id").to_pylist(), entities.column("name").to_pylist(), strict=True))
    bearers = Counter(names.values())
    alone = {names[e] for e in tested if bearers[names[e]] == 1}
    assert len(alone) > 20
    assert not [p for p in prompts if any(name in p for name in alone)]


@pytest.mark.works_when("hyde", 5)
@pytest.mark.works_when("hyde", 6)
def test_the_claim_runs_in_smoke_and_its_record_is_whole(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arms, measure and record; never the direction. Beside the gain stands what wrong facts change."""
    monkeypatch.setenv("RETRIEVARIUM_WORKSPACE", str(ws.root))
    claim = claims()["hyde"]
    arms = claim.contrast(1, "smoke", "cpu", arms=ARMS)
    named = {claim.treatment, claim.base, claim.untrained, claim.control, claim.placebo}
    assert set(ARMS) == named
    assert set(arms) == named | {"hyde, facts swapped", "oracle, facts swapped"}
    assert claim.measure == "nDCG@10"
    questions = set(arms["hyde"])
    assert questions
    assert all(set(values) == questions for values in arms.values())
    assert all(0 <= v <= 1 for values in arms.values() for v in values.values())
    assert {"means", "by overlap", "lineage", "collection", "seconds", "facts", "tokens"} <= set(arms.beside)
    assert all("R@20" in means for means in arms.beside["means"].values())
    assert 0 <= arms.beside["facts"]["true"] <= arms.beside["facts"]["stated"]
    assert arms["oracle writer"] != arms["oracle, facts swapped"], "facts that are wrong change the search"
    assert arms["written for another"] != arms["hyde"]
