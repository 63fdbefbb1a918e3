"""What a form needs to know of a method, and what `build` would do before it does it."""

from __future__ import annotations

from typing import Any

import pytest

from retrievarium.contracts import InputError, MissingError
from retrievarium.methods import Budget, build, methods, plan, settings_of
from retrievarium.methods.settings import described

TINY = Budget("smoke", 2, 12, 2, 1e-3, 24, 12, "seconds")


def test_settings_carry_kind_default_choices_and_help() -> None:
    told = {s.name: s for s in settings_of("dpr")}
    assert list(told) == list(methods()["dpr"].settings)
    assert told["negatives"].kind is int
    assert told["negatives"].default == 1
    assert told["negatives"].says == "h, hard negatives a question; 0 leaves the in-batch ones."
    assert "`" not in told["hard"].says
    assert told["hard"].choices == ("bm25", "random", "given")
    assert told["lr"].kind is float
    assert told["lr"].default is None
    assert told["index"].serving
    assert not told["index"].choices


def test_every_setting_of_every_method_has_its_help() -> None:
    assert [(k, s.name) for k in methods() for s in settings_of(k) if not s.says] == []


def test_a_planned_method_has_no_settings_yet() -> None:
    with pytest.raises(MissingError, match="planned"):
        settings_of("condenser")


def test_lines_of_a_docstring() -> None:
    def train(*, a: int = 1, b: int = 2, kind: str = "x", d: int = 1, m: int = 1, n: int = 1) -> None:
        """Train.

        a, z: two numbers
            that go on here.
        kind: what.

        c: after a gap.
        Words without a name.
        d: one thing; e: another; f: no setting.
        m: one thing; n: another. b: the third.
        """

    told = described(train)
    assert told["a"] == "two numbers that go on here."
    assert told["kind"] == "what."
    assert told["c"] == "after a gap. Words without a name."
    assert told["d"] == "one thing; e: another; f: no setting."
    assert (told["m"], told["n"], told["b"]) == ("one thing", "another", "the third.")


def test_a_plan_grows_with_the_work(collection: Any, ws: Any) -> None:
    short, long = (plan("dpr", collection, "small", ws=ws, steps=n) for n in (10, 1000))
    assert 0 < short.seconds < long.seconds
    assert plan("dpr", collection, "small", ws=ws, steps=1000, negatives=0).seconds < long.seconds
    assert long.settings["batch"] == Budget.named("small").batch
    assert long.bytes > 1_000_000
    assert (long.trained, long.kept, long.measured_here) == (None, {}, False)
    assert plan("dpr", collection, ws=ws).name == "dpr"
    assert short.name.startswith("dpr_small_s0_")


def test_every_method_can_be_planned(collection: Any, ws: Any) -> None:
    assert all(plan(key, collection, ws=ws).seconds > 0 for key in methods())


def test_a_plan_raises_as_build_does(collection: Any, ws: Any) -> None:
    with pytest.raises(InputError, match="no setting"):
        plan("dpr", collection, ws=ws, colour="red")
    with pytest.raises(MissingError, match="planned"):
        plan("ance-prf", collection, ws=ws, base="condenser")
    with pytest.raises(InputError, match="no train split"):
        plan("dpr", collection.replace(qrels={"test": collection.test.qrels.table}), ws=ws)


def test_a_plan_knows_what_is_kept_and_what_is_done(collection: Any, ws: Any) -> None:
    from retrievarium.contracts import Cancelled
    from retrievarium.methods import shelf

    def stop(done: int, total: int, what: str, metrics: Any) -> None:
        if what == "training" and done == 5:
            raise Cancelled("enough")

    about: dict[str, Any] = {"ws": ws, "seed": 3, "negatives": 0}
    with pytest.raises(Cancelled):
        build("dpr", collection, TINY, progress=stop, **about)
    assert plan("dpr", collection, TINY, **about).kept == {"training": 5}
    assert plan("dpr", collection, TINY, ws=ws, seed=4, negatives=0).kept == {}
    built = build("dpr", collection, TINY, **about)
    told = plan("dpr", collection, TINY, **about)
    assert (told.trained, told.seconds, told.kept) == (built.folder, 0.0, {})
    assert told.measured_here
    assert told.name in {o.name for o in shelf(collection, ws) if o.kind == "trained"}
    other = plan("dpr", collection, TINY, ws=ws, seed=4, negatives=0)
    assert other.trained is None
    assert other.bytes == pytest.approx(told.bytes, rel=0.01)
    above, unfounded = (plan("ance-prf", collection, TINY, ws=ws, seed=n) for n in (3, 4))
    assert (above.first, unfounded.first) == ((), ("dpr",))  # what it stands on is trained before it, and counted
    assert unfounded.seconds > above.seconds + 0.9 * plan("dpr", collection, TINY, ws=ws, seed=4).seconds
