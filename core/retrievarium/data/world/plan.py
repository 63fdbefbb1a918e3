"""What each passage will tell: facts, asides, mentions, before a word is written."""

from __future__ import annotations

from dataclasses import dataclass, field

from retrievarium.data.world.cast import Cast, Entity, look_alike
from retrievarium.data.world.dials import Dials
from retrievarium.data.world.draws import Draw
from retrievarium.data.world.relations import KINDS, RELATIONS, relations_of
from retrievarium.data.world.telling import tellings
from retrievarium.data.world.words import literal


@dataclass(slots=True)
class Fact:
    """`subject` `relation` `value`; `target` is the value's entity number or -1. `wording` is fixed for asked facts."""

    number: int
    subject: int
    relation: str
    target: int
    value: str
    passage: int
    wording: int = -1
    told: list[tuple[int, int]] = field(default_factory=list)  # (passage, sentence), home passage first


@dataclass(slots=True)
class Page:
    """The plan of one passage."""

    number: int
    subject: int
    naming: str  # full, short or pronoun
    own: list[int] = field(default_factory=list)
    asides: list[tuple[int, list[int]]] = field(default_factory=list)  # (entity, its facts), mentioned out of the blue
    follow: dict[int, list[int]] = field(default_factory=dict)  # own fact -> facts about its value
    retold: list[int] = field(default_factory=list)
    mentions: list[tuple[int, ...]] = field(default_factory=list)
    alias: bool = False
    named: set[int] = field(default_factory=set)


@dataclass
class Plan:
    """All facts and pages, and the pages of each article."""

    cast: Cast
    facts: list[Fact]
    pages: list[Page]
    articles: list[list[int]]
    own_facts: list[list[int]]
    lacking: list[tuple[int, str]]


class _Deck:
    """Described entities that still have to be named elsewhere, by type, each as often as its quota says."""

    def __init__(self, seed: str, cast: Cast, dials: Dials) -> None:
        draw = Draw(seed, "crowd")
        self.left: dict[int, int] = {}
        span = dials.crowd_high - dials.crowd_low - 4
        for entity in cast.described:
            own = cast.sizes[entity.article] - 1
            if entity.role == "train":
                quota = draw.between(1, 5)
            else:
                # Most crowds are small, or name tokens would stand in too many passages; a few reach the upper end.
                tries = 1 if draw.chance(7) else 8
                extra = min(draw.below(max(1, span + 1)) for _ in range(tries))
                quota = max(0, dials.crowd_low + min(3, max(0, span)) + extra - own)
            self.left[entity.number] = quota
        self.by_kind: dict[str, list[int]] = {}
        for entity in cast.described:
            # At most half of a quota goes to values of facts: the rest is plain mention.
            self.by_kind.setdefault(entity.kind, []).extend([entity.number] * (self.left[entity.number] // 2))
        self.by_kind = {kind: draw.shuffled(numbers) for kind, numbers in self.by_kind.items()}

    def take(self, kinds: tuple[str, ...], page: Page, draw: Draw) -> int | None:
        """A described entity of one of these types that the page does not name yet, or None."""
        stocked = [kind for kind in kinds if self.by_kind.get(kind)]
        if not stocked:
            return None
        deck = self.by_kind[draw.choice(stocked)]
        for back in range(1, min(6, len(deck)) + 1):
            number = deck[-back]
            if number != page.subject and number not in page.named and self.left[number] > 0:
                del deck[-back]
                self.left[number] -= 1
                page.named.add(number)
                return number
        return None


class Planner:
    """Builds a `Plan`; each step has its own generator."""

    def __init__(self, seed: str, cast: Cast, dials: Dials) -> None:
        self.seed, self.cast, self.dials = seed, cast, dials
        self.facts: list[Fact] = []
        self.pages: list[Page] = []
        self.articles: list[list[int]] = []
        self.own: list[list[int]] = [[] for _ in cast.described]
        self.lacking: list[tuple[int, str]] = []
        self.known: set[tuple[int, str]] = set()
        self.deck = _Deck(seed, cast, dials)

    def plan(self) -> Plan:
        """Run all steps."""
        self._lay_out_pages()
        self._own_facts(Draw(self.seed, "facts"))
        if self.dials.hidden_positives and self.dials.facts_high > 1:
            self._retell(Draw(self.seed, "retell"))
        if self.dials.facts_high > 1:
            self._asides(Draw(self.seed, "asides"))
        if self.dials.words_low:
            self._mentions(Draw(self.seed, "mentions"))
        return Plan(self.cast, self.facts, self.pages, self.articles, self.own, self.lacking)

    def _lay_out_pages(self) -> None:
        dials, draw = self.dials, Draw(self.seed, "naming")
        namings, shares = ("full", "short", "pronoun"), (dials.gold_full, dials.gold_short, dials.gold_pronoun)
        for subject, size in enumerate(self.cast.sizes):
            numbers = range(len(self.pages), len(self.pages) + size)
            self.pages += [Page(n, subject, namings[draw.weighted(shares)], named={subject}) for n in numbers]
            self.articles.append(list(numbers))
            self.pages[draw.choice(self.articles[-1])].alias = bool(dials.words_low)

    def _add(self, subject: Entity, relation: str, page: Page, draw: Draw, described: int) -> Fact | None:
        """A new fact with a value; `described` is the chance in % that an entity with an article is the value."""
        spec, target = RELATIONS[relation], -1
        if isinstance(spec.values, tuple):
            taken = self.deck.take(spec.values, page, draw) if draw.chance(described) else None
            if taken is None:
                minors = self.cast.minors["person" if "person" in spec.values else draw.choice(spec.values)]
                choices = [e for e in draw.sample(minors, 6) if e.number not in page.named and e is not subject]
                if not choices:
                    return None
                taken = choices[0].number
                page.named.add(taken)
            target, value = taken, self.cast.entities[taken].name.full
        else:
            value = literal(spec.values, draw)
        fact = Fact(len(self.facts), subject.number, relation, target, value, page.number)
        self.facts.append(fact)
        self.known.add((subject.number, relation))
        return fact

    def _own_facts(self, draw: Draw) -> None:
        single, told = self.dials.facts_high == 1, tellings(self.seed, self.cast)
        for subject in self.cast.described:
            homes = draw.shuffled(self.articles[subject.article])
            relations = told[subject.number]
            if single:
                relations = relations[: len(homes)]
            else:
                self.lacking += [(subject.number, r) for r in relations_of(subject.kind) if r not in relations]
            for turn, relation in enumerate(relations):
                page = self.pages[homes[turn % len(homes)]]
                again = RELATIONS[relation].several and not single and draw.chance(self.dials.several)
                for place in (page, self.pages[homes[(turn + 1) % len(homes)]])[: 2 if again else 1]:
                    fact = self._add(subject, relation, place, draw, described=75)
                    if fact:
                        place.own.append(fact.number)
                        self.own[subject.number].append(fact.number)

    def _retell(self, draw: Draw) -> None:
        for number in [n for own in self.own for n in own]:
            fact = self.facts[number]
            for _ in range(self.dials.hidden_positives):
                for _ in range(8):
                    page = self.pages[draw.below(len(self.pages))]
                    if (
                        page.subject != fact.subject
                        and fact.subject not in page.named
                        and len(page.own) + len(page.retold) < 7
                    ):
                        page.retold.append(number)
                        page.named.add(fact.subject)
                        break

    def _asides(self, draw: Draw) -> None:
        dials = self.dials
        span = range(dials.facts_low, dials.facts_high + 1)
        weights = [(12, 28, 30, 20, 10, 3, 2, 1)[i] for i in range(len(span))]
        for page in self.pages:
            want = span[draw.weighted(weights)] - len(page.own) - len(page.retold)
            for number in page.own:
                target = self.facts[number].target
                if want > 0 and target >= 0 and self.cast.entities[target].role == "minor" and draw.chance(80):
                    told = self._tell_of(self.cast.entities[target], min(want, draw.between(2, 3)), page, draw)
                    if told:
                        page.follow[number] = told
                        want -= len(told)
            for _ in range(6):
                if want <= 0:
                    break
                if draw.below(6) < dials.siblings:
                    model = self.cast.described[draw.below(len(self.cast.described))]
                    entity = look_alike(self.cast, model, draw)
                else:
                    kind = ("person", "town", "company", "academy")[draw.weighted((6, 34, 25, 25))]
                    if draw.chance(12):
                        kind = draw.choice(("ship", "bridge", "instrument", "bird", "mineral", "tree"))
                    entity = draw.choice(self.cast.minors[kind])
                if entity.number in page.named:
                    continue
                page.named.add(entity.number)
                told = self._tell_of(entity, min(want, draw.between(3, 4)), page, draw)
                if told:
                    page.asides.append((entity.number, told))
                    want -= len(told)

    def _tell_of(self, entity: Entity, count: int, page: Page, draw: Draw) -> list[int]:
        """Up to `count` new facts about a minor entity, each relation told once in the whole World."""
        told: list[int] = []
        for relation in draw.shuffled(relations_of(entity.kind)):
            if len(told) == count:
                break
            if "person" in RELATIONS[relation].values and draw.chance(90):
                continue  # asides name few people, or given names would stand in too many passages
            if (entity.number, relation) not in self.known:
                fact = self._add(entity, relation, page, draw, described=35)
                if fact:
                    told.append(fact.number)
        return told

    def _mentions(self, draw: Draw) -> None:
        """Deal what is left of the quotas over the pages, one or two entities of a group at a time."""
        by_group: dict[str, list[int]] = {}
        for entity in self.cast.described:
            by_group.setdefault(KINDS[entity.kind].group, []).extend([entity.number] * self.deck.left[entity.number])
        units: list[tuple[int, ...]] = []
        for numbers in by_group.values():
            rest = draw.shuffled(numbers)
            while rest:
                if len(rest) > 1 and rest[-1] != rest[-2] and draw.chance(55):
                    units.append((rest.pop(), rest.pop()))
                else:
                    units.append((rest.pop(),))
        units = draw.shuffled(units)
        turn, order = 0, draw.shuffled(range(len(self.pages)))
        for unit in units:
            for attempt in range(60):
                page = self.pages[order[turn % len(order)] if attempt < 20 else draw.below(len(order))]
                turn += attempt < 20
                if len(page.mentions) < 3 and not page.named.intersection(unit):
                    page.mentions.append(unit)
                    page.named.update(unit)
                    break
