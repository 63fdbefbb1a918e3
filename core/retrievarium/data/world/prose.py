"""From plan to prose: connected sentences, each knowing which facts it tells and how it names its subject."""

from __future__ import annotations

from retrievarium.data.world.asking import wording_weights
from retrievarium.data.world.banks import Bank
from retrievarium.data.world.cast import Entity
from retrievarium.data.world.dials import Dials
from retrievarium.data.world.draws import Draw
from retrievarium.data.world.plan import Fact, Page, Plan
from retrievarium.data.world.relations import KINDS, RELATIONS
from retrievarium.data.world.sentences import APPOSED, Sentence, Written, capital, insert_clause, joins
from retrievarium.data.world.words import with_article


class Writer:
    """Writes the passages of a plan with one template bank."""

    def __init__(self, seed: str, plan: Plan, bank: Bank, dials: Dials) -> None:
        self.seed, self.plan, self.bank, self.dials = seed, plan, bank, dials
        self.entities = plan.cast.entities
        self.weights = {name: wording_weights(bank, dials, name) for name in RELATIONS}

    def write(self, page: Page) -> Written:
        """One passage, told more briefly until it keeps to its words; facts it tells record where."""
        limit = self.dials.words_high
        for shrink in range(12):
            written = _Passage(self, page, shrink).written()
            if not self.dials.words_low or sum(len(s.text.split()) for s in written.sentences) <= limit:
                break
        for index, sentence in enumerate(written.sentences):
            for number in sentence.facts:
                self.plan.facts[number].told.append((page.number, index))
        return written

    def value_of(self, fact: Fact) -> str:
        """The value in running prose."""
        if fact.target >= 0:
            return self.entities[fact.target].full
        return f"the {fact.value}" if fact.relation == "disaster" else fact.value


class _Passage:
    """The state of one passage while it is written."""

    def __init__(self, writer: Writer, page: Page, shrink: int) -> None:
        self.w, self.page, self.shrink = writer, page, shrink
        self.bank, self.draw = writer.bank, Draw(writer.seed, "prose", page.number)
        self.subject = writer.entities[page.subject]
        self.noun = KINDS[self.subject.kind].noun
        self.group = KINDS[self.subject.kind].group
        self.dials = writer.dials
        self.named_yet = self.introduced = self.noun_seen = False
        self.used: set[str] = set()

    def written(self) -> Written:
        draw, page = self.draw, self.page
        blocks = [("own", number) for number in draw.shuffled(page.own)]
        rest: list[tuple[str, object]] = [("retold", n) for n in page.retold]
        rest += [("mention", unit) for unit in page.mentions[: max(0, 8 - self.shrink)]]
        rest += [("alias", None)] if page.alias else []
        rest += blocks[1:]
        rest += [("aside", aside) for aside in page.asides]
        low, high = self.dials.words_low, self.dials.words_high
        target = draw.between(low + 6, max(low + 6, high - 14)) if low else 0
        # What the article is about comes before most of what it strays to.
        order = sorted((draw.below(60 if what == "own" else 100), at) for at, (what, _) in enumerate(rest))
        must = [*blocks[:1], *(rest[at] for _, at in order)]
        room = self._room(must)
        parts: list[list[Sentence]] = []
        for what, item in must:
            part, room = self._part(what, item, room)
            if part:
                parts.append(part)
        count = sum(len(s.text.split()) for part in parts for s in part)
        while count < target:
            line = self._colour()
            if line is None:
                break
            size = len(line.text.split())
            if count + size > high:
                if count >= low or size < 12:
                    break
                continue
            parts.insert(draw.between(1, len(parts)), [line])
            count += size
        sentences = [sentence for part in parts for sentence in part]
        return Written(self.subject.name.full, sentences)

    def _room(self, must: list[tuple[str, object]]) -> int:
        """Facts about others that fit, so that the passage stays within its words; never under the least number."""
        page = self.page
        fixed = 10 * (len(page.own) + len(page.retold)) + 13 * len(page.mentions) + 9 * page.alias
        must_tell = self.dials.facts_low - len(page.own) - len(page.retold)
        spare = (self.dials.words_high - 2 - fixed - 11 * len(page.asides)) // 7 if self.dials.words_low else 99
        return max(must_tell, spare - self.shrink, 0)

    def _part(self, what: str, item: object, room: int) -> tuple[list[Sentence], int]:
        if what == "own":
            assert isinstance(item, int)
            return self._own(item, room)
        if what == "retold":
            assert isinstance(item, int)
            fact = self.w.plan.facts[item]
            return [self._statement(fact, self.w.entities[fact.subject], "full")], room
        if what == "mention":
            assert isinstance(item, tuple)
            return [self._mention(item)], room
        if what == "alias":
            return [self._alias()], room
        assert isinstance(item, tuple)
        entity, facts = item
        return self._aside(self.w.entities[entity], facts, room)

    # -- sentences -------------------------------------------------------------------------------------------

    def _own(self, number: int, room: int) -> tuple[list[Sentence], int]:
        fact = self.w.plan.facts[number]
        sentence = self._statement(fact, self.subject, self._form())
        follow = self.page.follow.get(number, [])[:room]
        if fact.target < 0 or not follow:
            return [sentence], room
        return self._follow(sentence, self.w.entities[fact.target], follow), room - len(follow)

    def _follow(self, first: Sentence, entity: Entity, facts: list[int]) -> list[Sentence]:
        """Further facts about an entity just named: one as a relative clause where it fits, the others after it."""
        rest = [self.w.plan.facts[number] for number in facts]
        templates = {fact.number: self._wording(fact) for fact in rest}
        clauses = {n: template.removeprefix("{s} ") for n, template in templates.items() if joins(template)}
        relative = "who" if KINDS[entity.kind].group == "person" else "which"
        for fact in rest:
            if fact.number in clauses:
                joined = insert_clause(
                    first.text, entity.full, f"{relative} {self._fill_value(clauses[fact.number], fact)}"
                )
                if joined:
                    first.text = joined
                    self._tell(first, fact)
                    rest.remove(fact)
                break
        result = [first]
        while rest:
            fact = rest.pop(0)
            bare = len(result) > 1 and self.draw.chance(60)  # the sentence before is about the same entity
            sentence = self._statement(fact, entity, "pronoun" if bare else "short", templates[fact.number])
            if rest and fact.number in clauses and rest[0].number in clauses:
                more = rest.pop(0)
                sentence.text = f"{sentence.text.removesuffix('.')} and {self._fill_value(clauses[more.number], more)}."
                self._tell(sentence, more)
            result.append(sentence)
        return result

    def _aside(self, entity: Entity, facts: list[int], room: int) -> tuple[list[Sentence], int]:
        """A minor entity comes in through a mention, and some facts about it follow."""
        kept = facts[: max(room, 0)]
        if not kept:
            return [], room
        if not self.dials.words_low:
            plain = [self.w.plan.facts[n] for n in kept]
            return [self._statement(fact, entity, "full") for fact in plain], room - len(kept)
        return self._follow(self._mention((entity.number,)), entity, kept), room - len(kept)

    def _statement(self, fact: Fact, entity: Entity, form: str, template: str | None = None) -> Sentence:
        template = template or self._wording(fact)
        text = self._fill_value(self._fill_subject(template, entity, form), fact)
        if entity is self.subject and template.startswith(("{s}", "The", "{p}")) and self.draw.chance(9):
            keep = form in ("full", "short") and template.startswith(("{s}", "{p}")) and not KINDS[entity.kind].article
            text = self._fill(self._fresh(self.bank.leads)) + (text if keep else text[:1].lower() + text[1:])
        sentence = Sentence(capital(text) + ".", [], {entity.number: form})
        self._tell(sentence, fact)
        return sentence

    def _mention(self, numbers: tuple[int, ...]) -> Sentence:
        group = KINDS[self.w.entities[numbers[0]].kind].group
        hint = self.w.entities[numbers[0]].role != "minor" and self.draw.chance(self.dials.hints)
        single = self.bank.hints[group] if hint else self.bank.mentions[group]
        template = self._fresh(self.bank.pairs[group] if len(numbers) == 2 else single)
        forms = {}
        for slot, number in zip(("{z}", "{y}"), numbers, strict=False):
            entity = self.w.entities[number]
            form = "full" if entity.role == "minor" or self.draw.chance(45) else "short"
            forms[number] = form
            short = entity.cue if entity.kind in APPOSED else entity.short
            template = template.replace(slot, entity.full if form == "full" else short)
        text = self._fill_subject(self._fill(template), self.subject, "pronoun", noun=True)
        return Sentence(capital(text), [], forms)

    def _alias(self) -> Sentence:
        form = self._form()
        template = self.draw.choice(self.bank.aliases[self.group]).replace("{a}", self.subject.alias)
        text = self._fill_subject(template, self.subject, form)
        return Sentence(capital(text), [], {self.subject.number: "alias"})

    def _colour(self) -> Sentence | None:
        """A sentence of the subject's group that the passage does not hold yet."""
        lines = (*self.bank.colour[self.group], *self.bank.colour["any"])
        left = [line for line in lines if line not in self.used]
        if not left:
            return None
        if not self.noun_seen:  # every passage should say what kind of thing it is about
            left = [line for line in left if "{kind}" in line] or left
        template = self.draw.choice(left)
        self.used.add(template)
        self.noun_seen = self.noun_seen or "{kind}" in template
        text = self._fill(template).replace("{kind}", self.noun)
        return Sentence(capital(self._fill_subject(text, self.subject, "pronoun", noun=True)))

    # -- slots -----------------------------------------------------------------------------------------------

    def _form(self) -> str:
        """How the next sentence about the subject names it."""
        naming = self.page.naming
        if naming == "pronoun":
            return "pronoun"
        if not self.named_yet:
            self.named_yet = True
            return naming
        if not self.noun_seen or self.draw.chance(self.dials.pronouns):
            return "pronoun"
        return "short"

    def _fresh(self, templates: tuple[str, ...]) -> str:
        left = [template for template in templates if template not in self.used] or list(templates)
        template = self.draw.choice(left)
        self.used.add(template)
        return template

    def _wording(self, fact: Fact) -> str:
        wordings = self.bank.relations[fact.relation].passage
        here = fact.passage == self.page.number
        if fact.wording >= 0 and here:
            self.used.add(wordings[fact.wording])
            return wordings[fact.wording]
        weights = self.w.weights[fact.relation]
        for _ in range(4):
            template = wordings[self.draw.weighted(weights)]
            if template not in self.used:
                break
        self.used.add(template)
        return template

    def _fill(self, template: str) -> str:
        """Fill the slots that vary the prose, each with words the passage has not used."""
        for slot, values in self.bank.fill.items():
            while "{" + slot + "}" in template:
                template = template.replace("{" + slot + "}", self._fresh(values), 1)
        return template

    def _fill_value(self, template: str, fact: Fact) -> str:
        value = self.w.value_of(fact)
        return template.replace("{ao}", with_article(value)).replace("{o}", value)

    def _tell(self, sentence: Sentence, fact: Fact) -> None:
        """Note that the sentence tells the fact and so names its value."""
        sentence.facts.append(fact.number)
        if fact.target >= 0:
            sentence.forms.setdefault(fact.target, "full")

    def _fill_subject(self, template: str, entity: Entity, form: str, noun: bool = False) -> str:
        if form == "full" or form == "short":
            name = entity.full if form == "full" else entity.short
            if entity is self.subject and not self.introduced:
                self.introduced = True
                if entity.kind in APPOSED and self.draw.chance(60):
                    joint = "the town of" if entity.kind == "town" else f"the {self.noun}"
                    name = f"{joint} {entity.name.full if form == 'full' else entity.name.short}"
                    self.noun_seen = True
            plain = possessive = objective = name
            possessive = f"{name}'s"
        elif entity is self.subject and (noun or not self.noun_seen or self.draw.chance(50)):
            self.introduced = self.noun_seen = True
            plain = objective = f"the {self.noun}"
            possessive = f"the {self.noun}'s"
        elif KINDS[entity.kind].group == "person":
            plain, objective, possessive = ("she", "her", "her") if entity.female else ("he", "him", "his")
        else:
            plain, objective, possessive = "it", "it", "its"
        return template.replace("{s}", plain).replace("{m}", objective).replace("{p}", possessive)
