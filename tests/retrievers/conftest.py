"""A backbone made in the test, and encoders of every kind over it, loud enough to tell texts apart."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def backbone(collection: Any) -> Any:
    from retrievarium.encoders import Backbone, train_wordpiece

    texts = [*collection.passages.joined, *collection.all_queries.texts]
    made = Backbone(train_wordpiece(texts, 300), layers=1, dim=16, heads=2, max_length=64, seed=3)
    return louder(made)


def louder(module: Any, times: float = 8) -> Any:
    """Fresh weights give every text nearly the same state; larger ones do not."""
    import torch

    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.ndim > 1:
                parameter.mul_(times)
    return module


@pytest.fixture
def lexical(backbone: Any) -> Any:
    import torch

    from retrievarium.encoders import MLMHead, lexical_towers

    head = MLMHead(16, backbone.model.config.vocab_size, seed=4)
    with torch.no_grad():
        head.bias.normal_(-3, 1, generator=torch.Generator().manual_seed(2))
        head.norm.weight.mul_(4)
    return lexical_towers(backbone, louder(head))


@pytest.fixture
def multi(backbone: Any) -> Any:
    from retrievarium.encoders import multi_vector_towers

    return multi_vector_towers(backbone, dim=8)


@pytest.fixture
def me_bert(backbone: Any) -> Any:
    from retrievarium.encoders import multi_vector_towers

    return multi_vector_towers(backbone, m=4, norm="layer", tied=False, query_vectors=1, name="me-bert")


@pytest.fixture
def towers(backbone: Any) -> Any:
    from retrievarium.encoders import two_towers

    return two_towers(backbone, max_length=24)


@pytest.fixture
def cross(backbone: Any) -> Any:
    from retrievarium.encoders import CrossEncoder

    made = CrossEncoder(backbone)
    louder(made.pooler)
    louder(made.classifier, 40)
    return made
