"""Pictures of what a model learns from: lists that stay behind, and stages that clean up for each other."""

from __future__ import annotations

from retrievarium.figures.pictures import BLUE, GREEN, INK, ORANGE, PALE, Picture, _arrow, _box, _svg, _text

_GREY = "#9aa0a6"


def lists_left_behind() -> Picture:
    """A question moves while it learns. What was mined for it stays; what a search finds now goes with it."""

    def dots(places: tuple[tuple[int, int], ...], colour: str) -> list[str]:
        return [f"<circle cx='{x}' cy='{y}' r='6' fill='{colour}'/>" for x, y in places]

    old, new = ((92, 84), (148, 70), (118, 152), (76, 126)), ((392, 96), (452, 118), (410, 176))
    rest = ((250, 40), (300, 210), (226, 196), (560, 60), (580, 200), (520, 222))
    parts = [
        f"<ellipse cx='112' cy='110' rx='86' ry='72' fill='none' stroke='{ORANGE}' stroke-width='1.5'/>",
        f"<ellipse cx='430' cy='132' rx='92' ry='78' fill='none' stroke='{GREEN}' stroke-width='1.5'/>",
        *dots(old, ORANGE),
        *dots(new, GREEN),
        *dots(rest, _GREY),
        _text(112, 114, "q", 18, BLUE),
        f"<path d='M126 108C200 84 300 104 404 134' fill='none' stroke='{BLUE}' stroke-width='2' "
        "stroke-dasharray='5 4' marker-end='url(#tip)'/>",
        _text(424, 142, "q", 18, BLUE),
        _text(462, 158, "+", 22, GREEN),
        _text(112, 206, "mined before the first step", 12, ORANGE),
        _text(430, 234, "found at this step", 12, GREEN),
        _text(266, 78, "100 steps of training", 12, BLUE),
    ]
    alt = (
        "A question's vector has moved during training. The passages mined for it lie where it was; the ones near it "
        "now, which it would really confuse with the right one, are others."
    )
    return _svg(640, 252, parts, alt)


def four_models() -> Picture:
    """RocketQA's four models: what each learns from, and whom it asks."""
    x, y = (14, 180, 346, 512), 96
    says = (
        ("M_D0", "finds", BLUE),
        ("M_C", "judges", GREEN),
        ("M_D1", "finds again", BLUE),
        ("M_D2", "and once more", BLUE),
    )
    learns = ("labelled questions", "what M_D0 finds", "clean negatives", "and pseudo labels")
    parts = [_box(194, 200, 300, 40, ["one language model, four times anew"], fill=PALE)]
    for left, (name, does, colour), words in zip(x, says, learns, strict=True):
        parts.append(_box(left, y, 120, 56, [name, does], colour))
        parts.append(_arrow(344, 200, left + 60, y + 60))
        parts.append(_text(left + 60, y - 14, words, 12, INK))
    for left, words in zip(x[:3], ("lists", "scores", "lists"), strict=True):
        parts.append(_arrow(left + 120, y + 28, left + 164, y + 28))
        parts.append(_text(left + 143, y + 20, words, 11, ORANGE))
    line = f"fill='none' stroke='{ORANGE}' stroke-width='1.5' marker-end='url(#tip)'"
    parts.append(f"<path d='M240 {y - 32}V24H572V{y - 34}' {line}/>")
    parts.append(_text(406, 18, "labels for bare questions", 12, ORANGE))
    alt = (
        "Four models in a row. The first finds passages, the second learns to judge them, the third learns from the "
        "negatives that the second let through, the fourth also from questions that the second labelled. Each begins "
        "from the same language model."
    )
    return _svg(646, 254, parts, alt)
