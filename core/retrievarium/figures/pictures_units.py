"""Pictures of what is indexed: one block of many facts, or its facts one by one."""

from __future__ import annotations

from retrievarium.figures.pictures import BLUE, GREEN, INK, ORANGE, PALE, Picture, _arrow, _box, _svg, _text

_FACTS = ("Hauwen was launched in 1902.", "Hauwen carried salt.", "Hauwen is called after Ann Bell.")


def block_and_lights() -> Picture:
    """A question meets the average of a passage, or the one of its propositions that answers it."""
    parts = [
        _box(14, 92, 150, 60, ["question:", "what did it carry?"], BLUE, PALE),
        _arrow(164, 108, 232, 62),
        _text(516, 86, ".4", 13, ORANGE),
        _box(234, 20, 300, 76, ["She was launched in 1902. It carried", "salt. The ship is called after ..."], ORANGE),
        _text(384, 14, "one vector for all that the passage says", 12, ORANGE),
    ]
    scores = (".3", ".8", ".2")
    for i, (fact, score) in enumerate(zip(_FACTS, scores, strict=True)):
        y, best = 128 + 46 * i, score == max(scores)
        colour = GREEN if best else INK
        parts.append(_arrow(164, 136, 232, y + 18, colour))
        parts.append(_text(516, y + 23, score, 13, colour))
        parts.append(_box(234, y, 300, 36, [fact], colour, "#dff3e7" if best else "#ffffff"))
        parts.append(_arrow(534, y + 18, 588, 192, colour))
    parts.append(_box(590, 168, 100, 50, ["the passage", "scores .8"], GREEN))
    parts.append(_arrow(534, 58, 588, 58))
    parts.append(_box(590, 34, 100, 50, ["the passage", "scores .4"], ORANGE))
    alt = (
        "A question meets one vector for a whole passage and scores .4. Against the passage's three propositions, each "
        "with its full name, it scores .3, .8 and .2; the passage takes the best, .8."
    )
    return _svg(704, 274, parts, alt)
