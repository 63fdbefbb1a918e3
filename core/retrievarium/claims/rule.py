"""The verdict rule: from one number a seed to a verdict in words. Pure functions; nothing here reads or runs anything.

    c_s = treatment - base on seed s, oriented so that the paper predicts > 0;  c = mean of c_s
    interval: c +- t(.975, S - 1) sd(c_s) / sqrt(S)

    replicates          lower end > 0 and c >= delta
    opposite            upper end < 0
    does not replicate  upper end < delta
    inconclusive        otherwise

in this order, after the preconditions. Each seed draws its own World, test questions, initial weights and data order,
shared by all arms, so the interval speaks of these two *methods* on other seeds and Worlds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retrievarium.claims.intervals import (
    PILOT,
    SEEDS,
    Interval,
    benjamini_hochberg,
    fixed_collection_interval,
    half_width,
    one_sided_p,
    seeds_from_pilot,
    t_interval,
)

DELTA = 0.02  # the smallest effect that counts on measures in [0, 1]
FEWEST = 3  # seeds for an indication
ABOVE_UNTRAINED = 0.05
RANGE = (0.10, 0.90)  # of the base arm's measure
SLICE = 300  # questions

NOT_MEASURED = "not yet measured"
INDICATIVE = "indicative"
UNTESTABLE = "untestable here"
REPLICATES = "replicates"
NOT_REPLICATES = "does not replicate"
OPPOSITE = "opposite"
INCONCLUSIVE = "inconclusive"
TESTED = (REPLICATES, NOT_REPLICATES, OPPOSITE, INCONCLUSIVE)


def decide(mean: ArrayLike, low: ArrayLike, high: ArrayLike, delta: float, margin: bool = False) -> NDArray[np.str_]:
    """The verdict in its order, elementwise over equally shaped arrays.

    margin: for claims of "not worse by more than m" the means already contain m; then lower end > 0 replicates,
    upper end < 0 does not, and there is no *opposite*.
    """
    _, lower, upper = np.broadcast_arrays(mean, low, high)
    if margin:
        return np.select([lower > 0, upper < 0], [REPLICATES, NOT_REPLICATES], INCONCLUSIVE)
    enough = (lower > 0) & (np.asarray(mean) >= delta)
    return np.select([enough, upper < 0, upper < delta], [REPLICATES, OPPOSITE, NOT_REPLICATES], INCONCLUSIVE)


@dataclass(frozen=True)
class Measured:
    """What the rule reads of one claim.

    c: one number a judged seed, in the order they were recorded.
    arms: means a seed by arm, each `(S,)`; an arm that some seed lacks is left out.
    treatment, base, untrained, control, placebo: names of arms; "none" where the claim declares none.
    control_c, placebo_c: the control's effect, and treatment minus placebo, a seed; None where not measured.
    conditions: the card's own, one number a seed, >= 0 where it holds (a yes counts 0, a no -1): the mean decides.
    questions: size of the judged slice in the smallest seed.
    pilot: c of the first four development seeds with the same recipe; fewer: no pilot yet.
    query_effects: `(S, Q)` on fixed real collections only.
    """

    c: Sequence[float]
    arms: Mapping[str, Sequence[float]]
    treatment: str
    base: str
    untrained: str
    questions: int
    control: str = "none"
    placebo: str = "none"
    control_c: Sequence[float] | None = None
    placebo_c: Sequence[float] | None = None
    conditions: Mapping[str, Sequence[float]] = field(default_factory=dict)
    pilot: Sequence[float] = ()
    delta: float = DELTA
    margin: float | None = None
    query_effects: Sequence[Sequence[float]] | None = None

    @property
    def within(self) -> float:
        """The half-width a pilot must promise: delta, or the margin of a margin claim."""
        return self.delta if self.margin is None else self.margin


@dataclass(frozen=True)
class Check:
    """One precondition: `holds` is None where it does not apply, or is not measured yet (`missing`)."""

    name: str
    holds: bool | None
    figure: str
    missing: bool = False


@dataclass(frozen=True)
class Verdict:
    state: str
    effect: float | None = None
    interval: tuple[float, float] | None = None
    seeds: int = 0
    wanted: int = SEEDS[0]  # seeds that the verdict takes
    p: float | None = None  # one-sided; of tested claims alone
    why: str = ""
    checks: tuple[Check, ...] = ()
    mechanism: str = ""  # "shown", "not shown", or "" where there is no placebo

    @property
    def words(self) -> str:
        """The state, and "mechanism not shown" where the placebo does as well."""
        no_mechanism = self.state == REPLICATES and self.mechanism == "not shown"
        return f"{REPLICATES}, mechanism not shown" if no_mechanism else self.state


def lexical(arm: str) -> bool:
    """An arm without training: of BM25 only the range is asked, not that it beats its untrained self."""
    return arm.lower().startswith("bm25")


def _signed(interval: Interval) -> str:
    return f"{interval.mean:+.3f} ({interval.low:+.3f} to {interval.high:+.3f})"


def _beats_untrained(m: Measured) -> Check:
    name = "trained arms beat untrained"
    trained = [a for a in dict.fromkeys((m.treatment, m.base)) if not lexical(a) and a != m.untrained]
    if not trained or m.untrained == "none":
        return Check(name, None, "no arm is trained")
    if m.untrained not in m.arms:
        return Check(name, None, f"{m.untrained} is not measured yet", missing=True)
    told, holds = [], True
    for arm in trained:
        gain = t_interval(np.subtract(m.arms[arm], m.arms[m.untrained]))
        holds &= gain.mean >= ABOVE_UNTRAINED and gain.low > 0
        told.append(f"{arm} {_signed(gain)}")
    return Check(name, holds, f"{', '.join(told)} over {m.untrained}; {ABOVE_UNTRAINED} wanted, interval above 0")


def _range(m: Measured) -> Check:
    mean = float(np.mean(m.arms[m.base]))
    holds = RANGE[0] <= mean <= RANGE[1]
    return Check("base in range", holds, f"{m.base} {mean:.3f}; {RANGE[0]:.2f} to {RANGE[1]:.2f} wanted")


def _conditions(m: Measured) -> list[Check]:
    return [
        Check(n, float(np.mean(v)) >= 0, f"mean {np.mean(v):+.3f} over its threshold") for n, v in m.conditions.items()
    ]


def _control(m: Measured) -> Check:
    name = "positive control"
    if m.control == "none":
        return Check(name, None, "the claim declares none: skipped")
    if m.control_c is None:
        return Check(name, None, f"control {m.control} is not measured yet", missing=True)
    gain = t_interval(m.control_c)
    return Check(name, gain.mean >= m.delta and gain.low > 0, f"{m.control} {_signed(gain)}; {m.delta} wanted")


def _slice(m: Measured) -> Check:
    return Check(f"slice of {SLICE} questions", m.questions >= SLICE, f"{m.questions} questions")


def _pilot(m: Measured) -> Check:
    name = "pilot"
    if len(m.pilot) < PILOT:
        return Check(name, None, f"pilot: {len(m.pilot)} of {PILOT} development seeds", missing=True)
    sd = float(np.std(m.pilot[:PILOT], ddof=1))
    seeds = seeds_from_pilot(m.pilot[:PILOT], m.within)
    told = f"half-width {half_width(sd, seeds or SEEDS[-1]):.3f} predicted at {seeds or SEEDS[-1]} seeds"
    return Check(name, seeds is not None, f"{told}; {m.within} wanted")


_PRECONDITIONS: tuple[Callable[[Measured], Check | list[Check]], ...] = (
    _beats_untrained,
    _range,
    _conditions,
    _control,
    _slice,
    _pilot,
)


def preconditions(m: Measured) -> tuple[Check, ...]:
    """All of them in their order; two judged seeds at least."""
    checks: list[Check] = []
    for condition in _PRECONDITIONS:
        told = condition(m)
        checks.extend(told if isinstance(told, list) else [told])
    return tuple(checks)


def _mechanism(m: Measured, seeds: int) -> tuple[str, str]:
    if m.placebo == "none":
        return "", "no placebo declared"
    if m.placebo_c is None:
        return "", f"placebo {m.placebo} is not measured yet"
    over = t_interval(list(m.placebo_c)[:seeds])
    return ("shown" if over.low > 0 else "not shown"), f"treatment minus placebo {_signed(over)}"


def _first(m: Measured, seeds: int) -> Measured:
    """One look: the first `seeds` that were recorded."""

    def cut(x: Sequence | None) -> Sequence | None:
        return None if x is None else list(x)[:seeds]

    return replace(
        m,
        c=list(m.c)[:seeds],
        arms={a: list(v)[:seeds] for a, v in m.arms.items()},
        conditions={n: list(v)[:seeds] for n, v in m.conditions.items()},
        control_c=cut(m.control_c),
        placebo_c=cut(m.placebo_c),
        query_effects=cut(m.query_effects),
    )


def verdict(m: Measured) -> Verdict:
    """Apply the rule. Fewer than three seeds: not yet measured. Fewer than the pilot fixed, or a pilot, control or
    placebo still missing: indicative. A precondition that fails: untestable here, naming the first one."""
    n = len(m.c)
    if n < FEWEST:
        return Verdict(NOT_MEASURED, seeds=n, why=f"{n} of {SEEDS[0]} seeds measured")
    pilot = seeds_from_pilot(m.pilot[:PILOT], m.within) if len(m.pilot) >= PILOT else None
    wanted = pilot or (SEEDS[-1] if len(m.pilot) >= PILOT else SEEDS[0])
    m = _first(m, wanted)
    interval = t_interval(m.c) if m.query_effects is None else fixed_collection_interval(m.query_effects)
    checks = preconditions(m)
    mechanism, placebo = _mechanism(m, wanted)
    failed = [c for c in checks if c.holds is False]
    waiting = [c.figure for c in checks if c.missing]
    if m.placebo != "none" and m.placebo_c is None:
        waiting.append(placebo)
    result = Verdict(
        INDICATIVE, interval.mean, (interval.low, interval.high), interval.n, wanted, None, placebo, checks, mechanism
    )
    few = [f"{interval.n} of {wanted} seeds"] if interval.n < (wanted if pilot else SEEDS[0]) else []
    if few or (waiting and not failed):
        doubts = [f"precondition not met so far: {c.name} ({c.figure})" for c in failed]
        return replace(result, why="; ".join([*few, *waiting, *doubts]))
    if failed:
        return replace(result, state=UNTESTABLE, why=f"precondition failed: {failed[0].name} ({failed[0].figure})")
    state = str(decide(interval.mean, interval.low, interval.high, m.delta, m.margin is not None))
    return replace(result, state=state, p=one_sided_p(interval))


def headline(verdicts: Sequence[Verdict]) -> str:
    """ "31 replicate; 27 after correction; at most 2 expected by chance among 80", and what is counted apart.

    Correction: Benjamini-Hochberg at .05 on the one-sided p of all tested claims. By chance: each test without an
    effect ends above 0 in at most 2.5%.
    """
    tested = [v for v in verdicts if v.state in TESTED]
    apart = {s: sum(v.state == s for v in verdicts) for s in (UNTESTABLE, INDICATIVE, NOT_MEASURED)}
    counted_apart = "; ".join(f"{n} {s}" for s, n in apart.items() if n)
    if not tested:
        return f"No claim has a verdict yet{': ' + counted_apart if counted_apart else ''}."
    kept = benjamini_hochberg([1.0 if v.p is None else v.p for v in tested])
    replicate = [v.state == REPLICATES for v in tested]
    corrected = sum(r and k for r, k in zip(replicate, kept, strict=True))
    first = f"{sum(replicate)} replicate; {corrected} after correction; at most {0.025 * len(tested):.2g} expected "
    return first + f"by chance among {len(tested)}." + (f" Apart: {counted_apart}." if counted_apart else "")
