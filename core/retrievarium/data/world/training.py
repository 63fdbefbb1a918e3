"""Training questions, skewed like exposure; never about a tested fact, never naming an unseen subject."""

from __future__ import annotations

from retrievarium.data.world.asking import Question
from retrievarium.data.world.banks import Bank
from retrievarium.data.world.draws import Draw
from retrievarium.data.world.exposure import TRAIN_QUESTIONS, arm_step
from retrievarium.data.world.phrasing import phrase
from retrievarium.data.world.plan import Fact, Plan
from retrievarium.data.world.relations import RELATIONS


def _variants(facts: list[Fact], plan: Plan, bank: Bank, described: bool) -> list[Question]:
    """Every training question about a subject's relation: 4 wordings, for described subjects with 3 ways of naming."""
    questions = []
    for wording in range(4):
        for form in ("full", "short", "alias") if described else ("full",):
            question = Question([fact.number for fact in facts], "train", wording, "", form)
            question.text = phrase(question, plan, bank)
            questions.append(question)
    return questions


def _deal(variants: list[Question], count: int, draw: Draw) -> list[Question]:
    """`count` of the variants, the full name most often (weights 5, 3, 1 for full, short, alias)."""
    by_form: dict[str, list[Question]] = {"full": [], "short": [], "alias": []}
    for question in draw.shuffled(variants):
        by_form[question.form].append(question)
    dealt: list[Question] = []
    while len(dealt) < count and any(by_form.values()):
        form = ("full", "short", "alias")[draw.weighted((5, 3, 1))]
        if by_form[form]:
            dealt.append(by_form[form].pop())
    return dealt


def training_questions(
    seed: str,
    plan: Plan,
    bank: Bank,
    steps: list[int],
    asked: set[tuple[int, str]],
    total: int,
    arm: str,
    equal: bool = False,
) -> list[Question]:
    """Distinct questions, `total` of them where the facts suffice.

    Seen test subjects get 1 to 16 by exposure, other described subjects four times as many, and the rest concerns
    entities without an article. `asked` holds the (subject, relation) pairs of test and dev; `equal` gives
    every seen test subject the same number.
    """
    draw, entities = Draw(seed, "train", arm), plan.cast.entities
    own: dict[int, list[Question]] = {}
    rest: list[Question] = []
    groups: dict[tuple[int, str], list[Fact]] = {}
    for fact in plan.facts:
        if fact.told and not RELATIONS[fact.relation].held_out and (fact.subject, fact.relation) not in asked:
            groups.setdefault((fact.subject, fact.relation), []).append(fact)
    for (number, _), facts in groups.items():
        subject = entities[number]
        if subject.unseen or subject.role == "dev":
            continue
        if subject.role == "minor":
            rest += _variants(facts, plan, bank, False)
        else:
            own.setdefault(number, []).extend(_variants(facts, plan, bank, True))
    chosen: list[Question] = []
    left: list[Question] = []
    for number, variants in own.items():
        count = 4 if equal else TRAIN_QUESTIONS[arm_step(steps[number], arm)]
        if entities[number].role == "train":
            count *= 4
        dealt = _deal(variants, count, draw)
        chosen += dealt
        if entities[number].role == "train":
            kept = {id(question) for question in dealt}
            left += [question for question in variants if id(question) not in kept]
    seen: set[str] = set()
    result: list[Question] = []
    for question in [*chosen, *draw.shuffled(rest), *draw.shuffled(left)]:
        if len(result) == total:
            break
        if question.text not in seen:
            seen.add(question.text)
            result.append(question)
    return draw.shuffled(result)
