"""Failures named by rule. Each rule looks at one failure and says yes, no, or that this collection cannot tell.

A failure is a judged question whose first `cut` results hold no relevant passage; `top` is what stands first. What the
rules see is gathered by `evidence`: exact where truth tables exist, else read off titles, names and answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

DUPLICATE = 0.5  # overlap of five-word shingles
PULL = 4.0  # times as popular: one step of the World's exposure
OTHER_FAILURE = "none of these"


@dataclass(frozen=True)
class Sight:
    """One passage as the rules see it, for one question. None: the collection cannot tell.

    about: the entity the passage is about; two may bear the same name. names_subject, tells: whether it names the
    asked entity, and states the asked fact. same_name: whether its entity's name can be taken for the asked one's.
    shingles: five-word sequences.
    """

    id: str
    document: str | None = None
    about: str | None = None
    name: str | None = None
    type: str | None = None
    names_subject: bool | None = None
    tells: bool | None = None
    same_name: bool | None = None
    popularity: float | None = None
    shingles: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True)
class Failure:
    """A question that one retriever failed, with all that the rules look at."""

    query: str
    system: str
    top: Sight | None  # None: nothing was retrieved
    gold: tuple[Sight, ...]
    subject: str | None = None
    name: str | None = None
    type: str | None = None
    popularity: float | None = None
    by_alias: bool | None = None  # the question calls the subject by another name
    name_in_gold: bool | None = None  # some gold passage holds the name that the question uses
    cut_off: bool | None = None  # what answers the question lies beyond the part that the retriever reads
    judged_top: bool = False  # somebody graded the top passage (as not relevant)


Rule = Callable[[Failure], bool | None]


def _other_entity(f: Failure) -> bool | None:
    """Whether the top passage is about another entity than the asked one, and does not even name that one."""
    if f.top is None:
        return False
    if f.subject is None or f.top.about is None:
        return None
    return f.top.about != f.subject and f.top.names_subject is not True


def near_duplicate(f: Failure) -> bool | None:
    """The top passage says nearly what a gold passage says: at least half of all their five-word sequences are common
    (Jaccard; Broder, 1997)."""
    if f.top is None:
        return False
    return any(
        g.shingles and len(g.shingles & f.top.shingles) >= DUPLICATE * len(g.shingles | f.top.shingles) for g in f.gold
    )


def judged_incomplete(f: Failure) -> bool | None:
    """Nobody judged the top passage, and it names the asked entity and states the asked fact: it looks relevant."""
    if f.top is None or f.judged_top:
        return False
    if f.top.tells is None or f.top.names_subject is None:
        return False if False in (f.top.tells, f.top.names_subject) else None
    return f.top.tells and f.top.names_subject


def truncated_away(f: Failure) -> bool | None:
    """What answers the question stands in the gold passages only beyond the part that the retriever reads."""
    return f.cut_off


def right_document_wrong_passage(f: Failure) -> bool | None:
    """The top passage belongs to the document of a gold passage."""
    if f.top is None:
        return False
    if f.top.document is None:
        return None
    return any(g.document == f.top.document for g in f.gold)


def right_entity_wrong_relation(f: Failure) -> bool | None:
    """The top passage is about the asked entity, or names it, and does not state the asked fact."""
    if f.top is None or f.top.tells is True:
        return False
    about = None if f.subject is None or f.top.about is None else f.top.about == f.subject
    named = True if True in (about, f.top.names_subject) else None if None in (about, f.top.names_subject) else False
    if named is False:
        return False
    return None if named is None or f.top.tells is None else True


def lookalike_name(f: Failure) -> bool | None:
    """The top passage is about another entity, whose name shares a part with the asked one's or nearly equals it."""
    other = _other_entity(f)
    if not other or f.top is None:
        return other
    return f.top.same_name


def alias_missed(f: Failure) -> bool | None:
    """The question calls the entity by a name that no gold passage holds."""
    if f.by_alias is False and f.name_in_gold is not False:
        return False
    return None if f.name_in_gold is None else not f.name_in_gold


def popular_entity_pull(f: Failure) -> bool | None:
    """The top passage is about another entity, at least four times as popular as the asked one.

    Popular entities are on top by chance as well: the share to compare with is that of a retriever which cannot know
    popularity.
    """
    other = _other_entity(f)
    if not other or f.top is None:
        return other
    if f.popularity is None or f.top.popularity is None:
        return None
    return f.top.popularity >= PULL * max(f.popularity, 1.0)


def wrong_entity_same_type(f: Failure) -> bool | None:
    """The top passage is about another entity of the asked one's type."""
    other = _other_entity(f)
    if not other or f.top is None:
        return other
    return None if f.type is None or f.top.type is None else f.type == f.top.type


RULES: Mapping[str, Rule] = {
    "near duplicate": near_duplicate,
    "judged incomplete": judged_incomplete,
    "truncated away": truncated_away,
    "right document, wrong passage": right_document_wrong_passage,
    "right entity, wrong relation": right_entity_wrong_relation,
    "look-alike name": lookalike_name,
    "alias missed": alias_missed,
    "popular-entity pull": popular_entity_pull,
    "wrong entity, same type": wrong_entity_same_type,
}


@dataclass(frozen=True)
class Tagged:
    """A failure with the tags that hold, in the order of `RULES`, and those that nobody can tell here."""

    failure: Failure
    tags: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def first(self) -> str:
        """The tag it is counted under where each failure counts once: the first that holds."""
        return self.tags[0] if self.tags else OTHER_FAILURE


def tag(failure: Failure) -> Tagged:
    """Apply every rule. A failure may bear several tags."""
    told = {name: rule(failure) for name, rule in RULES.items()}
    return Tagged(failure, tuple(n for n, v in told.items() if v), tuple(n for n, v in told.items() if v is None))


def because(told: Tagged, name: str) -> str:
    """Why a tag holds, in a sentence with the names at hand."""
    f = told.failure
    top = f.top or Sight("")
    about, asked = top.name or top.about or "its entity", f.name or f.subject or "the asked entity"
    about += " (another of that name)" if about == asked else ""
    sentences = {
        "near duplicate": f"{top.id} repeats most of {', '.join(g.id for g in f.gold)}",
        "judged incomplete": f"nobody judged {top.id}, yet it names {asked} and holds the answer",
        "truncated away": "the answer stands beyond the part that this retriever reads",
        "right document, wrong passage": f"{top.id} is from the same document, {top.document}",
        "right entity, wrong relation": f"{top.id} names {asked} and does not hold the answer",
        "look-alike name": f"{about} can be taken for {asked}",
        "alias missed": f"no relevant passage calls {asked} what the question does",
        "popular-entity pull": f"{about} is far better known ({top.popularity or 0:,.0f} to {f.popularity or 0:,.0f})",
        "wrong entity, same type": f"{about} is another {f.type or 'one'}",
        OTHER_FAILURE: "no rule explains it" + ("" if f.top else ": nothing was retrieved"),
    }
    return sentences[name]
