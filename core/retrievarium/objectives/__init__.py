"""One formula each: a pure function from embeddings or scores to a scalar."""

from retrievarium._lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {"retrievarium.objectives.contrastive": ["InfoNCE", "info_nce", "softmax_nll"]},
)
