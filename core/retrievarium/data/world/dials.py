"""The dials of the World: every number that shapes it, with its range, unit and meaning."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from retrievarium.contracts import InputError


def _dial(default: Any, low: int, high: int, unit: str, says: str) -> Any:
    return field(default=default, metadata={"low": low, "high": high, "unit": unit, "says": says})


@dataclass(frozen=True)
class Dials:
    """Settings of a World; `describe()` lists them for a page of sliders.

    Raises
    ------
    InputError
        When a dial is out of its range or two dials contradict each other.
    """

    articles: int = _dial(24, 20, 33, "per 100 passages", "How many articles the passages are grouped into.")
    test_subjects: int = _dial(66, 10, 70, "% of articles", "Articles whose subject is asked about in the test.")
    dev_subjects: int = _dial(8, 2, 20, "% of articles", "Articles whose subject is asked about in the dev split.")
    test_questions: int = _dial(60, 5, 70, "per 100 passages", "Test questions, equally many for each relation.")
    dev_questions: int = _dial(8, 1, 20, "per 100 passages", "Dev questions, on subjects of their own.")
    train_questions: int = _dial(800, 20, 1000, "per 100 passages", "Distinct training questions.")
    words_low: int = _dial(60, 0, 100, "words", "Shortest passage; 0 leaves out everything that states no fact.")
    words_high: int = _dial(100, 40, 200, "words", "Longest passage.")
    facts_low: int = _dial(4, 1, 8, "facts", "Fewest facts told in a passage.")
    facts_high: int = _dial(8, 1, 8, "facts", "Most facts told in a passage; 1 is an off switch.")
    given_names: int = _dial(300, 50, 2000, "per 5,000 passages", "Given names: fewer make names more ambiguous.")
    surnames: int = _dial(500, 50, 4000, "per 5,000 passages", "Surnames: fewer make names more ambiguous.")
    place_names: int = _dial(
        2800, 300, 9000, "per 5,000 passages", "Names that towns, firms, ships and the rest draw on."
    )
    homonyms: int = _dial(4, 0, 20, "% of articles", "Subjects that share their full name with one of another type.")
    ask_full: int = _dial(45, 0, 100, "% of questions", "Questions that give the subject's full name.")
    ask_short: int = _dial(25, 0, 100, "% of questions", "Questions that give a type and the short name.")
    ask_alias: int = _dial(15, 0, 100, "% of questions", "Questions that give an alias told in another passage.")
    ask_description: int = _dial(15, 0, 100, "% of questions", "Questions that describe the subject by another fact.")
    alias_keeps: int = _dial(
        94, 0, 100, "% of aliases", "Aliases that keep a token of the name, as nicknames often do."
    )
    clue_near: int = _dial(88, 0, 100, "% of descriptions", "Descriptions by a fact that the gold passage tells too.")
    gold_full: int = _dial(40, 0, 100, "% of passages", "Passages that give their subject's full name.")
    gold_short: int = _dial(30, 0, 100, "% of passages", "Passages that give only its short name.")
    gold_pronoun: int = _dial(30, 0, 100, "% of passages", "Passages that name it by pronoun or type alone.")
    pronouns: int = _dial(
        40, 0, 100, "% of sentences", "Later sentences that use a pronoun though the passage names it."
    )
    share_none: int = _dial(
        50, 0, 100, "% of questions", "Questions whose wording shares no stem with the gold sentence."
    )
    share_one: int = _dial(30, 0, 100, "% of questions", "Questions whose wording shares one stem with it.")
    share_all: int = _dial(20, 0, 100, "% of questions", "Questions whose wording shares all its stems with it.")
    crowd_low: int = _dial(12, 3, 40, "passages", "Fewest passages that name a subject without the asked fact.")
    crowd_high: int = _dial(40, 3, 80, "passages", "Most passages that name a subject without the asked fact.")
    hints: int = _dial(
        100, 0, 100, "% of mentions", "Mentions that touch on a relation of whom they name, and tell nothing."
    )
    siblings: int = _dial(
        3,
        0,
        6,
        "sixths of a look-alike",
        "How often an aside tells of a look-alike name; 0, an off switch, also gives names of their own to all.",
    )
    hidden_positives: int = _dial(
        0, 0, 3, "passages", "Further passages that tell a fact and are left out of the training qrels."
    )
    several: int = _dial(10, 0, 40, "% of facts", "Facts with a second value elsewhere, where the relation allows it.")
    skew: int = _dial(4, 1, 4, "factor", "Each step of exposure multiplies mentions by this; 1 is an off switch.")

    def __post_init__(self) -> None:
        for item in fields(self):
            value, low, high = getattr(self, item.name), item.metadata["low"], item.metadata["high"]
            if not isinstance(value, int) or not low <= value <= high:
                raise InputError(
                    f"dial {item.name} is {value!r}",
                    field=item.name,
                    expected=f"a whole number from {low} to {high} ({item.metadata['unit']})",
                )
        for names in (
            ("ask_full", "ask_short", "ask_alias", "ask_description"),
            ("gold_full", "gold_short", "gold_pronoun"),
            ("share_none", "share_one", "share_all"),
        ):
            if sum(getattr(self, name) for name in names) != 100:
                raise InputError(
                    f"{', '.join(names)} add up to {sum(getattr(self, name) for name in names)}",
                    expected="shares that add up to 100",
                    fix="change them together",
                )
        for low_name, high_name in (
            ("words_low", "words_high"),
            ("facts_low", "facts_high"),
            ("crowd_low", "crowd_high"),
        ):
            if getattr(self, low_name) > getattr(self, high_name):
                raise InputError(f"{low_name} is above {high_name}", field=low_name, expected=f"at most {high_name}")

    @property
    def levels(self) -> tuple[int, ...]:
        """Mentions in the exposure text, by step: 0, 1, 4, 16, 64, 256 by default; all 16 when the skew is 1."""
        if self.skew == 1:
            return (16,) * 6
        return (0, *(self.skew**step for step in range(5)))

    def with_(self, **changes: int) -> Dials:
        """A copy with some dials changed; unknown names are refused."""
        known = {item.name for item in fields(self)}
        for name in changes:
            if name not in known:
                raise InputError(f"no dial {name!r}", field=name, expected=", ".join(sorted(known)))
        return replace(self, **changes)


def describe(dials: Dials | None = None) -> list[dict[str, Any]]:
    """One record a dial: name, value, default, low, high, unit, says."""
    dials = dials or Dials()
    return [
        {"name": item.name, "value": getattr(dials, item.name), "default": item.default, **item.metadata}
        for item in fields(Dials)
    ]


PRESETS: dict[str, dict[str, int]] = {
    "default": {"passages": 5000, "seed": 7},
    "class": {"passages": 2000, "seed": 7},
}

OFF_SWITCHES: dict[str, dict[str, int]] = {
    "no hidden positives": {"hidden_positives": 0},
    "no siblings": {"siblings": 0},
    "one fact a passage": {"facts_low": 1, "facts_high": 1},
    "equal exposure": {"skew": 1},
}
