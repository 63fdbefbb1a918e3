"""Pictures of ideas: sound SVG that says what it shows."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from retrievarium.contracts import InputError
from retrievarium.figures import (
    batch_of_scores,
    block_and_lights,
    first_vectors,
    four_models,
    invented_passages,
    lists_left_behind,
    queue_of_keys,
    search_twice,
    two_roads,
    weighed_words,
)

SVG = "{http://www.w3.org/2000/svg}"


def test_pictures_are_sound_svg_with_a_title() -> None:
    for picture in (
        *(
            draw()
            for draw in (
                two_roads,
                first_vectors,
                block_and_lights,
                invented_passages,
                search_twice,
                lists_left_behind,
                four_models,
                queue_of_keys,
                weighed_words,
            )
        ),
        *(batch_of_scores(*about) for about in ((4, 1), (8, 2), (2, 0))),
    ):
        title = ET.fromstring(picture._repr_svg_()).find(f"{SVG}title")
        assert title is not None
        assert title.text == picture.alt


@pytest.mark.parametrize(("questions", "hard"), [(2, 0), (4, 1), (6, 2)])
def test_a_batch_has_one_positive_a_row(questions: int, hard: int) -> None:
    texts = [t.text for t in ET.fromstring(batch_of_scores(questions, hard).svg).iter(f"{SVG}text")]
    assert texts.count("+") == questions
    assert texts.count("-") == questions * questions * (1 + hard) - questions


def test_a_batch_that_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(InputError, match="1 questions"):
        batch_of_scores(1)
