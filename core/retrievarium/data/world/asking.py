"""Which facts the test and dev splits ask, in which words, and by which name."""

from __future__ import annotations

from dataclasses import dataclass

from retrievarium.data.world.banks import Bank, overlap_class
from retrievarium.data.world.cast import Entity
from retrievarium.data.world.dials import Dials
from retrievarium.data.world.draws import Draw
from retrievarium.data.world.plan import Fact, Plan
from retrievarium.data.world.relations import HELD_OUT, RELATIONS

FORMS = ("full", "short", "alias", "description")
OVERLAPS = ("none", "one", "all")


@dataclass(slots=True)
class Question:
    """A question: the facts that answer it, its wording (`train` or `test`, number), and how it names the subject."""

    facts: list[int]
    part: str
    wording: int
    overlap: str
    form: str = "full"
    text: str = ""
    clue: int = -1  # the fact a description uses

    def template(self, relation: str) -> str:
        """Name of the question wording, e.g. `birthplace/test1`."""
        return f"{relation}/{self.part}{self.wording}"


def _deck(draw: Draw, size: int, shares: tuple[int, ...]) -> list[int]:
    """`size` indices in exact proportion to `shares` (to rounding), in random order."""
    counts = [size * share // 100 for share in shares]
    while sum(counts) < size:
        counts[draw.weighted(shares)] += 1
    return draw.shuffled([index for index, count in enumerate(counts) for _ in range(count)])


class Asker:
    """Chooses questions; `choose` fixes the wording of the facts they ask, so it runs before any prose is written."""

    def __init__(self, seed: str, plan: Plan, bank: Bank, dials: Dials) -> None:
        self.seed, self.plan, self.bank, self.dials = seed, plan, bank, dials
        self._seen: dict[tuple[str, str, str], set[int]] = {}
        self.pairs = {name: _pairs(bank, name) for name in RELATIONS}

    def choose(self, role: str, count: int) -> list[Question]:
        """About `count` questions on the subjects of a role, equally many for each relation."""
        draw = Draw(self.seed, "ask", role)
        subjects = [e for e in self.plan.cast.described if e.role == role]
        picked = self._facts(subjects, max(1, count // len(RELATIONS)), draw, spare=role == "test")
        questions: list[Question] = []
        for relation in RELATIONS:
            groups = draw.shuffled(picked[relation])
            shares = (self.dials.share_none, self.dials.share_one, self.dials.share_all)
            half = (len(groups) + draw.below(2)) // 2 if role == "test" else len(groups)
            for part, chunk in (("train", groups[:half]), ("test", groups[half:])):
                for group, at in zip(chunk, _deck(draw, len(chunk), shares), strict=True):
                    questions.append(self._word(group, relation, part, OVERLAPS[at], draw))
        questions = draw.shuffled(questions)
        self._name(questions, draw)
        return questions

    def _facts(self, subjects: list[Entity], per: int, draw: Draw, spare: bool) -> dict[str, list[list[int]]]:
        """For each relation, fact groups of `per` subjects; with `spare` each keeps a trained relation unasked.

        Seen and unseen subjects, and the types among them, are asked in proportion to what is told of them, and within
        a type those come first of whose facts the smallest share is asked.
        """
        by: dict[str, dict[int, list[int]]] = {name: {} for name in RELATIONS}
        for subject in subjects:
            for number in self.plan.own_facts[subject.number]:
                by[self.plan.facts[number].relation].setdefault(subject.number, []).append(number)
        told: dict[tuple[int, bool], int] = {}  # relations told of a subject, by whether training asks them
        for name, tellers in by.items():
            for number in tellers:
                told[number, name not in HELD_OUT] = told.get((number, name not in HELD_OUT), 0) + 1
        asked = dict.fromkeys(told, 0)
        entities = self.plan.cast.entities
        picked: dict[str, list[list[int]]] = {}
        for name in sorted(by, key=lambda name: (len(by[name]), name)):
            trained = name not in HELD_OUT
            groups: dict[tuple[bool, str], list[int]] = {}
            for number in draw.shuffled(sorted(by[name])):
                groups.setdefault((entities[number].unseen, entities[number].kind), []).append(number)
            ranked: list[tuple[int, int]] = []  # the place of a subject in its group, from 0 to 999
            for members in groups.values():
                start = draw.below(1000)
                few = sorted(members, key=lambda number: 1000 * asked[number, trained] // told[number, trained])
                ranked += [((1000 * at + start) // len(few), number) for at, number in enumerate(few)]
            picked[name] = []
            for _, number in sorted(ranked, key=lambda item: item[0]):
                if len(picked[name]) == per:
                    break
                if not (spare and trained) or asked[number, trained] + 1 < told[number, trained]:
                    asked[number, trained] += 1
                    picked[name].append(by[name][number])
        return picked

    def _word(self, group: list[int], relation: str, part: str, overlap: str, draw: Draw) -> Question:
        """Fix the wording of question and passage so that they share what the dial says."""
        passage, questions = draw.choice(self.pairs[relation][part, overlap])
        for number in group:
            self.plan.facts[number].wording = passage
        return Question(group, part, draw.choice(questions), overlap)

    def _name(self, questions: list[Question], draw: Draw) -> None:
        """Deal the forms of naming: alias and description to questions that can bear them."""
        dials, total = self.dials, len(questions)
        left = {"alias": total * dials.ask_alias // 100, "description": total * dials.ask_description // 100}
        waiting = []
        for question in questions:
            fact = self.plan.facts[question.facts[0]]
            pages = {self.plan.facts[n].passage for n in question.facts}
            alias_page = next((n for n in self.plan.articles[fact.subject] if self.plan.pages[n].alias), -1)
            options = ["alias"] if left["alias"] and alias_page >= 0 and alias_page not in pages else []
            clue = self._clue(fact, draw)
            options += ["description"] if left["description"] and clue >= 0 else []
            # Later questions must not differ from earlier ones, so an eligible question takes a form by chance.
            if options and draw.chance(45):
                question.form = draw.choice(options)
                left[question.form] -= 1
                question.clue = clue if question.form == "description" else -1
            else:
                waiting.append((question, alias_page not in pages and alias_page >= 0, clue))
        rest = []
        for question, alias_fits, clue in draw.shuffled(waiting):
            if left["alias"] and alias_fits:
                question.form, left["alias"] = "alias", left["alias"] - 1
            elif left["description"] and clue >= 0:
                question.form, left["description"] = "description", left["description"] - 1
                question.clue = clue
            else:
                rest.append(question)
        shares = dials.ask_full + dials.ask_short
        short = len(rest) * dials.ask_short // shares if shares else 0
        for question in draw.sample(rest, short):
            question.form = "short"

    def _clue(self, fact: Fact, draw: Draw) -> int:
        """Another fact that picks the subject out among all entities of its type, or -1."""
        kind = self.plan.cast.entities[fact.subject].kind
        order = draw.shuffled(self.plan.own_facts[fact.subject])
        near = draw.chance(self.dials.clue_near)
        order = [n for n in order if (self.plan.facts[n].passage == fact.passage) == near]
        order.sort(key=lambda number: self._common(self.plan.facts[number]))
        for number in order:
            other = self.plan.facts[number]
            if other.relation != fact.relation and other.value != fact.value and self._unique(kind, other):
                return number
        return -1

    def _common(self, clue: Fact) -> bool:
        """Whether a clue's value is an entity named in many places; people describe by what is telling."""
        return clue.target >= 0 and self.plan.cast.entities[clue.target].role != "minor"

    def _unique(self, kind: str, fact: Fact) -> bool:
        if not self._seen:
            for item in self.plan.facts:
                key = (self.plan.cast.entities[item.subject].kind, item.relation, item.value)
                self._seen.setdefault(key, set()).add(item.subject)
        return len(self._seen[kind, fact.relation, fact.value]) == 1


def wording_weights(bank: Bank, dials: Dials, relation: str) -> list[int]:
    """How often each passage wording serves an asked fact; other facts use the same weights, and none stands out."""
    weights = [0] * len(bank.relations[relation].passage)
    shares = dict(zip(OVERLAPS, (dials.share_none, dials.share_one, dials.share_all), strict=True))
    for (_, overlap), passages in _pairs(bank, relation).items():
        for at, _ in passages:
            weights[at] += 60 * shares[overlap] // len(passages)
    return weights


def _pairs(bank: Bank, relation: str) -> dict[tuple[str, str], list[tuple[int, list[int]]]]:
    """By part and overlap class: passage wordings, each with the question wordings that stand so to it."""
    wording = bank.relations[relation]
    found: dict[tuple[str, str], list[tuple[int, list[int]]]] = {}
    for part in ("train", "test"):
        for overlap in OVERLAPS:
            for at, passage in enumerate(wording.passage):
                fits = [i for i, q in enumerate(getattr(wording, part)) if overlap_class(q, passage) == overlap]
                if fits:
                    found.setdefault((part, overlap), []).append((at, fits))
    return found
