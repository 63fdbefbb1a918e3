"""The World: a seeded, fictional encyclopedia in which every fact is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from retrievarium.contracts import InputError
from retrievarium.data.collection import Collection
from retrievarium.data.world import slices, tables
from retrievarium.data.world.asking import Question
from retrievarium.data.world.book import Book, write_book
from retrievarium.data.world.dials import Dials
from retrievarium.data.world.ids import Ids
from retrievarium.data.world.phrasing import phrase
from retrievarium.data.world.renaming import rename_collection

ARMS = ("A", "B")


class World:
    """A fictional encyclopedia with questions, exposure text and the truth about all of it.

    Parameters
    ----------
    seed: any integer; 1 to 9 are for development, 101 to 120 for judging.
    passages: index passages, 100 or more.
    bank: template bank, `a` or `b`.
    dials: see `retrievarium.data.world.dials`.

    Raises
    ------
    InputError
        For a dial out of range, an unknown dial, or too few passages.
    """

    def __init__(self, seed: int = 7, passages: int = 5000, *, bank: str = "a", prefix: str = "", **dials: int) -> None:
        if passages < 100:
            raise InputError(f"{passages} passages are too few", field="passages", expected="100 or more")
        self.seed, self.size, self.bank = seed, passages, bank
        self.dials = Dials().with_(**dials)
        self._prefix, self._ids = prefix, Ids(prefix)

    def __repr__(self) -> str:
        return f"World(seed={self.seed}, passages={self.size}, bank={self.bank!r})"

    @cached_property
    def book(self) -> Book:
        """Cast, plan, passages and questions; written on first use."""
        seed = f"{self.seed}/{self._prefix}" if self._prefix else str(self.seed)
        return write_book(seed, self.size, self.dials, self.bank)

    # -- collections -----------------------------------------------------------------------------------------

    def collection(self, arm: str = "A") -> Collection:
        """Index, questions (train, dev, test), qrels and truth tables. Arms differ in exposure and training alone."""
        if arm not in ARMS:
            raise InputError(f"no arm {arm!r}", field="arm", expected="'A' or 'B'")
        book, ids = self.book, self._ids
        train = book.train(arm)
        parts = {
            split: tables.queries(book, ids, split, questions)
            for split, questions in (("test", book.test), ("dev", book.dev), ("train", train))
        }
        truth = self.tables(arm, train)
        if self.dials.hidden_positives:
            full = [
                {"query_id": ids.query("train", n), "passage_id": ids.passage(page), "grade": 1}
                for n, question in enumerate(train)
                for page in book.gold(question)
            ]
            text = pa.string()
            truth["full_train_qrels"] = tables.rows_to_table(full, query_id=text, passage_id=text, grade=pa.int32())
        return Collection(
            f"world-{self.seed}-{arm}",
            tables.passages(book, ids),
            pa.concat_tables([parts[split][0] for split in ("test", "dev", "train")]),
            {split: parts[split][1] for split in ("train", "dev", "test")},
            tables=truth,
            meta=self.meta(arm),
        )

    def meta(self, arm: str = "A") -> dict[str, Any]:
        """What made the collection: seed, size, arm, bank and dials that differ from their defaults."""
        defaults = Dials()
        changed = {k: v for k, v in vars(self.dials).items() if v != getattr(defaults, k)}
        return {
            "language": "en",
            "default_split": "test",
            "training_tables": ["exposure_text"],  # what a method may see beside passages and questions
            "source": "World",
            "licence": "Apache-2.0",
            "seed": self.seed,
            "passages": self.size,
            "arm": arm,
            "bank": self.bank,
            "dials": changed,
        }

    def tables(self, arm: str = "A", train: Sequence[Question] | None = None) -> dict[str, pa.Table]:
        """Truth tables by name."""
        book, ids = self.book, self._ids
        asked = list(train) if train is not None else book.train(arm)
        text = pa.string()
        exposure_text = list(book.exposure(arm).write(arm, ids))
        return {
            "entities": tables.entities(book, ids),
            "aliases": tables.aliases(book, ids),
            "facts": tables.facts(book, ids),
            "propositions": tables.propositions(book, ids),
            "mentions": tables.mentions(book, ids),
            "exposure": tables.exposure(book, ids, arm, asked),
            "exposure_text": tables.rows_to_table(exposure_text, id=text, text=text, entities=tables.STRINGS),
            "slices": slices.slices(book, ids, arm),
            "causes": slices.causes(book, ids),
            "siblings": tables.siblings(book, ids),
            "unanswerable": tables.unanswerable(book, ids),
        }

    def rename(self, mapping: Mapping[str, str], arm: str = "A") -> Collection:
        """The collection with name tokens replaced one for one, in every text, answer and table.

        Raises
        ------
        InputError
            When the mapping is not one to one, or a new token already stands in the collection.
        """
        return rename_collection(self.collection(arm), mapping)

    def graded(self, levels: int = 4) -> pa.Table:
        """Test qrels with grades: 3 tells the asked fact, 2 tells other facts of the subject, 1 only names it.

        `levels` 2 keeps grade 1 for the gold passages alone; 3 drops the passages that only name the subject.
        """
        if levels not in (2, 3, 4):
            raise InputError(f"{levels} levels", field="levels", expected="2, 3 or 4 (grade 0 counts as one)")
        book, ids, rows = self.book, self._ids, []
        for number, question in enumerate(book.test):
            gold, subject = book.gold(question), book.plan.facts[question.facts[0]].subject
            graded = dict.fromkeys(gold, levels - 1)
            if levels > 2:
                for page in book.plan.articles[subject]:
                    graded.setdefault(page, levels - 2)
            if levels > 3:
                for page in sorted(book.named_in[subject]):
                    graded.setdefault(page, 1)
            name = ids.query("test", number)
            rows += [{"query_id": name, "passage_id": ids.passage(p), "grade": g} for p, g in graded.items()]
        return tables.rows_to_table(rows, query_id=pa.string(), passage_id=pa.string(), grade=pa.int32())

    # -- single questions ------------------------------------------------------------------------------------

    def questions(self, relation: str, template: str, subjects: Sequence[str]) -> tuple[pa.Table, pa.Table]:
        """Queries and qrels that ask one relation of entities by id, in one wording (`train0`..`train3`, `test0`..)."""
        part, wording = template[:-1], int(template[-1])
        made = []
        wanted = {ids: n for n, ids in enumerate(self._ids.entity(e.number) for e in self.book.plan.cast.entities)}
        for subject in subjects:
            number = wanted[subject]
            facts = [f.number for f in tables.told_facts(self.book) if (f.subject, f.relation) == (number, relation)]
            if facts:
                question = Question(facts, part, wording, "")
                question.text = phrase(question, self.book.plan, self.book.bank)
                made.append(question)
        return tables.queries(self.book, self._ids, f"{relation}-{template}", made)

    def popularity(self, entity: str, arm: str = "A") -> int:
        """Mentions of an entity in an arm's exposure text; 0 for entities without an article."""
        number = int(entity.removeprefix(self._prefix)[1:])
        described = self.book.plan.cast.described
        if number >= len(described):
            return 0
        step = self.book.steps[number]
        return self.dials.levels[step if arm == "A" else 5 - step]

    # -- files -----------------------------------------------------------------------------------------------

    def write(self, folder: str | Path, arm: str = "A") -> Path:
        """Write a BEIR folder and the truth tables (JSON Lines) beside it."""
        from retrievarium.data.world.writing import write_world

        return write_world(self, Path(folder), arm)


def stream(
    seed: int = 7, passages: int = 1_000_000, block: int = 5000, *, bank: str = "a", **dials: int
) -> Iterator[World]:
    """Worlds of `block` passages that together make a large one, one in memory at a time.

    Ids of block b start with `b<number>-`; each block has entities and names of its own, so that the document frequency
    of a name stays what the dials say at every size.
    """
    for number, start in enumerate(range(0, passages, block)):
        yield World(seed, max(100, min(block, passages - start)), bank=bank, prefix=f"b{number:04d}-", **dials)
