"""Pictures of what raw text teaches: crops that find each other, and words that stand for others."""

from __future__ import annotations

from retrievarium.figures.pictures import BLUE, GREEN, INK, ORANGE, PALE, Picture, _arrow, _box, _svg, _text


def queue_of_keys() -> Picture:
    """Contriever: two crops of a text, one of them encoded by a slow copy, against a queue of earlier keys."""

    def crop(x: float, y: float, width: float, colour: str) -> str:
        return f"<rect x='{x}' y='{y}' width='{width}' height='12' rx='3' fill='{colour}' fill-opacity='.35'/>"

    lines = [f"<rect x='20' y='{y}' width='150' height='4' rx='2' fill='#c9ced4'/>" for y in (64, 82, 100, 118, 136)]
    parts = [
        _box(10, 40, 170, 116, [], fill=PALE),
        *lines,
        crop(20, 60, 110, BLUE),
        crop(20, 78, 60, BLUE),
        crop(58, 78, 112, ORANGE),
        crop(20, 96, 84, ORANGE),
        _text(95, 30, "one text, two crops", 12),
        _box(246, 40, 120, 44, ["encoder"], BLUE),
        _box(246, 132, 120, 44, ["slow copy"], ORANGE),
        _arrow(180, 76, 242, 64, BLUE),
        _arrow(180, 110, 242, 150, ORANGE),
        f"<path d='M306 86V130' stroke='{INK}' stroke-width='1.5' stroke-dasharray='4 4' marker-end='url(#tip)'/>",
        _text(362, 112, "a little at each step", 11),
        _arrow(366, 62, 446, 62, BLUE),
        _text(462, 67, "q", 18, BLUE),
        _arrow(366, 154, 446, 154, ORANGE),
        _text(462, 159, "k", 18, ORANGE),
        f"<path d='M462 76V138' stroke='{GREEN}' stroke-width='2.5'/>",
        _text(476, 112, "near", 12, GREEN, "start"),
    ]
    for place in range(8):
        x, fade = 240 + 44 * place, 0.95 - 0.1 * place
        parts.append(f"<rect x='{x}' y='214' width='36' height='26' rx='4' fill='{ORANGE}' fill-opacity='{fade:.2f}'/>")
    parts += [
        f"<path d='M462 166V190H258V210' fill='none' stroke='{ORANGE}' stroke-width='1.5' marker-end='url(#tip)'/>",
        _text(414, 258, "the queue: keys of the batches before, newest first; all far from q", 12),
        _arrow(592, 227, 622, 227),
    ]
    alt = (
        "Two crops of one text. The encoder makes a query of the first, its slow copy a key of the second; the query "
        "should be near its key and far from the keys of earlier batches, which wait in a queue until they leave it."
    )
    return _svg(640, 270, parts, alt)


def weighed_words() -> Picture:
    """SPLADE: a passage's own words and added ones as bars, most words at zero, and a question that meets them."""
    terms = (
        ("harbour", 92, "own"),
        ("built", 58, "own"),
        ("mason", 44, "own"),
        ("the", 0, "own"),
        ("port", 66, "added"),
        ("founded", 38, "added"),
        ("architect", 30, "added"),
        ("snail", 0, "added"),
    )
    parts = [
        _text(150, 24, "the harbour, built by the mason", 13),
        _text(492, 24, "who is the architect of the port?", 13),
    ]
    asked = {"port": 70, "architect": 64, "built": 26}
    for row, (term, weight, kind) in enumerate(terms):
        y = 44 + 24 * row
        colour = BLUE if kind == "own" else ORANGE
        parts.append(_text(318, y + 12, term, 13, INK if weight else "#9aa0a6"))
        if weight:
            parts.append(
                f"<rect x='{262 - weight * 2}' y='{y}' width='{weight * 2}' height='15' rx='3' fill='{colour}'/>"
            )
        if term in asked:
            parts.append(f"<rect x='374' y='{y}' width='{asked[term] * 2}' height='15' rx='3' fill='{GREEN}'/>")
    parts += [
        _text(150, 252, "blue: its own words; orange: added", 12),
        _text(492, 252, "only shared words are multiplied", 12),
    ]
    alt = (
        "A passage as bars over the vocabulary: its own words, some at zero, and words that it does not hold but that "
        "belong to it. A question has bars too, and the score is the sum of products where both have one."
    )
    return _svg(640, 266, parts, alt)
