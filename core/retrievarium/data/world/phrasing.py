"""Questions in words."""

from __future__ import annotations

from retrievarium.data.world.asking import Question
from retrievarium.data.world.banks import Bank
from retrievarium.data.world.cast import Entity
from retrievarium.data.world.plan import Fact, Plan
from retrievarium.data.world.relations import KINDS
from retrievarium.data.world.words import with_article


def named(entity: Entity, form: str, plan: Plan, bank: Bank, clue: int = -1) -> str:
    """How a question names its subject: `full`, `short` (type and short name), `alias` or `description`."""
    noun = KINDS[entity.kind].noun
    if form == "short":
        return entity.cue
    if form == "alias":
        return f"the {noun} known as {entity.alias}"
    if form == "description":
        fact = plan.facts[clue]
        value = plan.cast.entities[fact.target].full if fact.target >= 0 else fact.value
        if fact.relation == "disaster":
            value = f"the {value}"
        clause = bank.relations[fact.relation].description
        return f"the {noun} {clause.replace('{ao}', with_article(value)).replace('{o}', value)}"
    return f"the {noun} {entity.name.full}" if entity.homonym else entity.full


def phrase(question: Question, plan: Plan, bank: Bank) -> str:
    """The question's text."""
    fact = plan.facts[question.facts[0]]
    entity = plan.cast.entities[fact.subject]
    wordings = bank.relations[fact.relation]
    template = (wordings.train if question.part == "train" else wordings.test)[question.wording]
    text = template.replace("{q}", named(entity, question.form, plan, bank, question.clue))
    return text[:1].upper() + text[1:]


def proposition(fact: Fact, plan: Plan, bank: Bank) -> str:
    """The fact as a stand-alone sentence that names its subject in full."""
    entity = plan.cast.entities[fact.subject]
    value = plan.cast.entities[fact.target].full if fact.target >= 0 else fact.value
    if fact.relation == "disaster":
        value = f"the {value}"
    text = bank.relations[fact.relation].proposition
    text = text.replace("{s}", entity.full).replace("{ao}", with_article(value)).replace("{o}", value)
    return text[:1].upper() + text[1:]
