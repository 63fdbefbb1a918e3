"""The written World: cast, plan, passages and questions of one seed, shared by both arms."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from math import isqrt

from retrievarium.data.world.asking import FORMS, OVERLAPS, Asker, Question
from retrievarium.data.world.banks import Bank, load_bank
from retrievarium.data.world.cast import Entity, build_cast
from retrievarium.data.world.dials import Dials
from retrievarium.data.world.draws import Draw
from retrievarium.data.world.exposure import ExposureWriter, balanced_steps
from retrievarium.data.world.measure import Overlap, document_frequencies, look_alike_counts
from retrievarium.data.world.phrasing import phrase
from retrievarium.data.world.plan import Plan, Planner
from retrievarium.data.world.prose import Writer, Written
from retrievarium.data.world.relations import DESCRIBED, RELATIONS
from retrievarium.data.world.training import training_questions
from retrievarium.data.world.words import PARTS

FEATURES = (
    "questions", "relevant passages", "index mentions", "passage length", "fact position", "entity answer",
    "name length", "look-alikes", "homonym", "overlap", "name frequency", "test wording",
    *(f"relation {name}" for name in RELATIONS),
    *(f"type {name}" for name in DESCRIBED),
    *(f"asked by {form}" for form in FORMS),
    *(f"shared stems {overlap}" for overlap in OVERLAPS),
    *(f"gold naming {form}" for form in ("full", "short", "pronoun")),
)  # fmt: skip


def ordinary_words(bank: Bank) -> set[str]:
    """Every lower-case word of a bank and of the literal values: names keep clear of them."""
    found: set[str] = set()
    for table in (bank.colour, bank.mentions, bank.hints, bank.pairs, bank.aliases, bank.notes, bank.fill):
        for lines in table.values():
            for line in lines:
                found.update(re.findall(r"[a-z]+", line.lower()))
    for wordings in bank.relations.values():
        for line in (*wordings.passage, *wordings.train, *wordings.test):
            found.update(re.findall(r"[a-z]+", line.lower()))
    for first, second in PARTS.values():
        found.update(f"{first} {second}".lower().split())
    return found


@dataclass
class Book:
    """Everything that does not depend on the arm."""

    seed: str
    dials: Dials
    bank: Bank
    plan: Plan
    passages: list[Written]
    test: list[Question]
    dev: list[Question]

    @cached_property
    def texts(self) -> list[str]:
        """Title and text of each passage, joined as indexes join them."""
        return [f"{p.title} {p.text}".strip() for p in self.passages]

    @cached_property
    def frequencies(self) -> Counter[str]:
        """Document frequency of each term."""
        return document_frequencies(self.texts)

    @cached_property
    def overlap(self) -> Overlap:
        """The overlap measure of this corpus."""
        return Overlap(self.frequencies, len(self.texts))

    def gold(self, question: Question) -> list[int]:
        """Passages that answer a question, home passages first."""
        return list(dict.fromkeys(page for number in question.facts for page, _ in self.plan.facts[number].told))

    def labelled(self, question: Question) -> list[int]:
        """Passages that training labels: where each fact is at home, hidden positives left out."""
        return list(dict.fromkeys(self.plan.facts[number].told[0][0] for number in question.facts))

    @cached_property
    def overlaps(self) -> list[int]:
        """Thousandths of each test question's idf weight that its best gold passage holds."""
        return [max(self.overlap.share(q.text, self.texts[page]) for page in self.gold(q)) for q in self.test]

    @cached_property
    def named_in(self) -> list[set[int]]:
        """For each entity, the passages that name it (title included)."""
        found: list[set[int]] = [set() for _ in self.plan.cast.entities]
        for page, written in zip(self.plan.pages, self.passages, strict=True):
            found[page.subject].add(page.number)
            for sentence in written.sentences:
                for number, form in sentence.forms.items():
                    if form != "pronoun":
                        found[number].add(page.number)
        return found

    @cached_property
    def look_alikes(self) -> dict[str, int]:
        """For the name tokens of test subjects, how many other name tokens lie within two edits."""
        entities = self.plan.cast.entities
        words = {token for e in self.plan.cast.described if e.role == "test" for token in e.name.tokens}
        return look_alike_counts(words, {token for e in entities for token in e.name.tokens})

    @cached_property
    def tellers(self) -> dict[tuple[str, str], set[int]]:
        """By relation and name token, the entities of which some passage tells the relation."""
        index: dict[tuple[str, str], set[int]] = {}
        for fact in self.plan.facts:
            if fact.told:
                for token in self.plan.cast.entities[fact.subject].name.tokens:
                    index.setdefault((fact.relation, token), set()).add(fact.subject)
        return index

    def has_sibling(self, number: int, relation: str) -> bool:
        """Whether the relation is told of another entity that shares a name token."""
        tokens = self.plan.cast.entities[number].name.tokens
        return any(len(self.tellers.get((relation, token), ())) > 1 for token in tokens)

    def gold_sentence(self, question: Question) -> int:
        """Where in its home passage the fact stands."""
        return self.plan.facts[question.facts[0]].told[0][1]

    @cached_property
    def question_features(self) -> list[list[int]]:
        """What must not change with exposure, one row of integers a test question (see `FEATURES`)."""
        rows = []
        for question, overlap in zip(self.test, self.overlaps, strict=True):
            fact = self.plan.facts[question.facts[0]]
            entity, page = self.plan.cast.entities[fact.subject], self.plan.pages[fact.passage]
            gold = self.gold(question)
            row = [1, len(gold), len(self.named_in[entity.number]) - len(gold)]
            row += [len(self.passages[gold[0]].text.split()), self.gold_sentence(question)]
            row += [int(RELATIONS[fact.relation].entity_valued), len(entity.name.full)]
            row += [sum(self.look_alikes[t] for t in entity.name.tokens), int(entity.homonym), overlap]
            row += [min(self.frequencies[t] for t in entity.name.tokens), int(question.part == "test")]
            row += [int(fact.relation == name) for name in RELATIONS] + [int(entity.kind == name) for name in DESCRIBED]
            row += [int(question.form == form) for form in FORMS] + [int(question.overlap == c) for c in OVERLAPS]
            row += [int(page.naming == c) for c in ("full", "short", "pronoun")]
            rows.append(row)
        return rows

    @cached_property
    def features(self) -> dict[int, list[int]]:
        """For each test subject, the sums of `question_features` over its questions."""
        sums: dict[int, list[int]] = {}
        for question, row in zip(self.test, self.question_features, strict=True):
            have = sums.setdefault(self.plan.facts[question.facts[0]].subject, [0] * len(FEATURES))
            for column, value in enumerate(row):
                have[column] += value
        return sums

    @cached_property
    def steps(self) -> list[int]:
        """The exposure step (0 to 5) of each described entity in arm A."""
        described = self.plan.cast.described
        steps = [-1] * len(described)
        draw = Draw(self.seed, "exposure steps")
        tested = [e for e in described if e.role == "test"]
        if tested:
            deviations, spreads = self._deviations(tested)
            strata = [int(entity.unseen) for entity in tested]
            for entity, step in zip(tested, balanced_steps(deviations, spreads, strata, draw), strict=True):
                steps[entity.number] = step
        others = draw.shuffled([e.number for e in described if e.role != "test"])
        for position, number in enumerate(others):
            steps[number] = position % 6
        return steps

    def _deviations(self, tested: list[Entity]) -> tuple[list[list[int]], list[int]]:
        """Sums of deviations from the mean question, and standard deviations; both times the number of questions."""
        size, rows = len(self.test), self.features
        none = [0] * len(FEATURES)
        columns = list(zip(*self.question_features, strict=True))
        totals = [sum(column) for column in columns]
        spreads = [isqrt(size * sum(v * v for v in c) - t * t) for c, t in zip(columns, totals, strict=True)]
        deviations = [
            [size * v - row[0] * t for v, t in zip(row, totals, strict=True)]
            for row in (rows.get(entity.number, none) for entity in tested)
        ]
        # The first feature is the number of questions itself: its mean is over subjects.
        counts = [rows.get(entity.number, none)[0] for entity in tested]
        for row, count in zip(deviations, counts, strict=True):
            row[0] = len(tested) * count - sum(counts)
        # A question's feature adds up over more questions than there are subjects, hence the finer measure.
        per_subject = max(1, size // max(1, len(tested)))
        spreads[0] = isqrt(len(tested) * sum(c * c for c in counts) - sum(counts) ** 2) // per_subject
        return deviations, spreads

    @cached_property
    def asked(self) -> set[tuple[int, str]]:
        """(subject, relation) pairs of test and dev."""
        facts = [self.plan.facts[q.facts[0]] for q in (*self.test, *self.dev)]
        return {(fact.subject, fact.relation) for fact in facts}

    def train(self, arm: str) -> list[Question]:
        """Training questions of an arm."""
        total = len(self.passages) * self.dials.train_questions // 100
        equal = self.dials.skew == 1
        return training_questions(self.seed, self.plan, self.bank, self.steps, self.asked, total, arm, equal)

    def exposure(self, arm: str) -> ExposureWriter:
        """Writer of the exposure text, which tells no fact of test or dev."""
        barred = {
            fact.number
            for fact in self.plan.facts
            if (fact.subject, fact.relation) in self.asked or RELATIONS[fact.relation].held_out
        }
        return ExposureWriter(self.seed, self.plan, self.bank, self.dials, self.steps, barred)


def write_book(seed: str, passages: int, dials: Dials, bank_name: str) -> Book:
    """Generate the World of a seed: plan, then questions (which fix wordings), then prose."""
    bank = load_bank(bank_name)
    cast = build_cast(seed, passages, dials, ordinary_words(bank))
    plan = Planner(seed, cast, dials).plan()
    asker = Asker(seed, plan, bank, dials)
    test = asker.choose("test", passages * dials.test_questions // 100)
    dev = asker.choose("dev", passages * dials.dev_questions // 100)
    writer = Writer(seed, plan, bank, dials)
    written = [writer.write(page) for page in plan.pages]
    for fact in plan.facts:
        fact.told.sort(key=lambda place: (place[0] != fact.passage, place))
    for question in (*test, *dev):
        question.text = phrase(question, plan, bank)
    return Book(seed, dials, bank, plan, written, test, dev)
