"""Rank lines: which way each goes, in colour, stroke, sign and words."""

from __future__ import annotations

import re
import xml.etree.ElementTree as tree

import pytest

from retrievarium.contracts import InputError
from retrievarium.figures import rank_lines

LISTS = {"a": [*"pqrst"], "b": [*"qprxt", "s"]}


def signs(svg: str) -> list[str]:
    inside = re.findall(r"aria-hidden='true'>(.)<", svg)
    return [*inside, *re.findall(r">(✕) ", svg), *re.findall(r"[\d–] (\+)<", svg)]


def test_every_direction_has_its_sign_and_the_words_agree() -> None:
    told = rank_lines(LISTS, k=4)
    assert sorted(signs(told.svg)) == sorted(["▼", "▲", "=", "✕", "+"])
    assert "from a to b: 1 up, 1 down, 1 same, 1 new, 1 lost" in told.alt
    # p falls from 1 to 2: the dashed line starts above and ends below
    line = re.search(r"<title>p: rank 1 to 2</title><line [^>]*y1='([\d.]+)'[^>]*y2='([\d.]+)'[^>]*>", told.svg)
    assert line is not None
    assert float(line[1]) < float(line[2])
    assert "stroke-dasharray='7 4'" in line[0]
    up = re.search(r"<title>q: rank 2 to 1</title><line [^>]*>", told.svg)
    assert up is not None
    assert "dasharray" not in up[0]
    assert ">✕ 6</text>" in told.svg  # s left the first four: its rank further down is told
    assert ">– +</text>" in told.svg  # x came from nowhere
    assert "x: rank beyond the list to 4" in told.svg


@pytest.mark.parametrize("n", [2, 6])
def test_two_to_six_lists_give_one_picture(n: int) -> None:
    told = rank_lines({f"r{i}": list("abcd")[i % 3 :] for i in range(n)}, 3, gold=["c"], width=900)
    root = tree.fromstring(told.svg)
    assert root.get("width") == "900"
    assert told.svg.count("★ c") == n
    assert sum(e.tag.endswith("line") for e in root.iter()) == len(signs(told.svg)) > 0
    with pytest.raises(InputError, match="lists"):
        rank_lines({f"r{i}": ["a"] for i in range(7)}, 3)


def test_texts_are_escaped() -> None:
    told = rank_lines({"<b>": ["&"], "c": ["&"]}, 2, {"&": "<script>alert(1)</script>"})
    assert "<script" not in told.svg
    tree.fromstring(told.svg)
