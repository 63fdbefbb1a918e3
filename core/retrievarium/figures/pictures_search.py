"""Pictures of what happens at search time: several vectors, invented passages, a second round."""

from __future__ import annotations

from retrievarium.figures.pictures import BLUE, GREEN, INK, ORANGE, PALE, Picture, _arrow, _box, _svg, _text


def first_vectors() -> Picture:
    """A passage keeps its first few vectors; the question's only vector takes the best of them."""
    parts = [
        _box(14, 20, 500, 34, ["[CLS]   The   ship   has   used   a   winged   boar   as   its   badge   ..."], ORANGE)
    ]
    scores = (".2", ".1", ".8", ".3")
    for j, score in enumerate(scores):
        x, best = 40 + 84 * j, score == max(scores)
        parts.append(_arrow(x + 28, 54, x + 28, 88))
        parts.append(_box(x, 90, 56, 40, [f"D{j + 1}"], ORANGE, "#f7ddc4"))
        parts.append(_arrow(x + 28, 196, x + 28, 132, GREEN if best else INK))
        parts.append(_text(x + 46, 168, score, 13, GREEN if best else INK))
    parts.append(_text(470, 114, "all others are dropped", 12))
    parts.append(_box(40, 198, 308, 40, ["q, one vector of the question"], BLUE))
    parts.append(_text(470, 222, "score = the largest = .8", 14, GREEN))
    alt = (
        "A passage keeps the vectors of its first four tokens. The question has one vector; its products with the four "
        "are .2, .1, .8 and .3, and the largest is the score."
    )
    return _svg(620, 256, parts, alt)


def invented_passages() -> Picture:
    """Texts that a language model writes stand in for the question, and find what is like them."""
    parts = [
        _box(14, 126, 110, 50, ["question"], fill=PALE),
        _arrow(124, 151, 160, 151),
        _box(162, 126, 90, 50, ["writer"], BLUE),
        *[_arrow(252, 151, 296, 81 + 46 * i) for i in range(4)],
        *[_box(298, 62 + 46 * i, 130, 36, [f"invented text {i + 1}"], ORANGE) for i in range(4)],
        f"<path d='M69 126V30H530V118' fill='none' stroke='{INK}' stroke-width='1.5' marker-end='url(#tip)'/>",
        _text(300, 22, "f(q): the question itself takes part", 12),
        *[_arrow(428, 80 + 46 * i, 480, 142 + 4 * i) for i in range(4)],
        _text(454, 256, "f(h1) ... f(h4)", 12),
        _box(482, 120, 96, 56, ["mean of", "5 vectors"], GREEN),
        _arrow(578, 148, 614, 148),
        _box(616, 120, 110, 56, ["passages", "that exist"], fill=PALE),
    ]
    alt = (
        "A writer invents four texts that would answer the question. The mean of their vectors and the question's own "
        "searches, and finds passages that exist."
    )
    return _svg(740, 268, parts, alt)


def search_twice() -> Picture:
    """The question is read again together with what it found; the index is the same both times."""
    parts = [
        _box(14, 30, 110, 50, ["question"], fill=PALE),
        _arrow(124, 55, 180, 55),
        _box(182, 30, 90, 50, ["E_Q"], BLUE),
        _arrow(272, 55, 348, 84, BLUE),
        _text(318, 56, "round 1", 12, BLUE),
        _box(350, 66, 120, 90, ["one index", "of E_P", "(frozen)"], ORANGE),
        _arrow(470, 84, 546, 55, BLUE),
        _box(548, 30, 112, 50, ["p1, p2, p3"], fill=PALE),
        _arrow(604, 80, 604, 206),
        _box(330, 208, 330, 40, ["[CLS] q [SEP] p1 [SEP] p2 [SEP] p3 [SEP]"], fill=PALE),
        f"<path d='M69 80V228H328' fill='none' stroke='{INK}' stroke-width='1.5' marker-end='url(#tip)'/>",
        f"<path d='M360 208V184H230V166' fill='none' stroke='{INK}' stroke-width='1.5' marker-end='url(#tip)'/>",
        _box(182, 114, 96, 50, ["E'", "(learns)"], GREEN),
        _arrow(278, 139, 348, 128, GREEN),
        _text(312, 156, "round 2", 12, GREEN),
        _arrow(470, 132, 506, 132, GREEN),
        _text(548, 136, "ranked list", 13),
    ]
    alt = (
        "Round 1 finds three passages with the question encoder. A second encoder reads question and passages together "
        "and searches the same frozen index again."
    )
    return _svg(680, 262, parts, alt)
