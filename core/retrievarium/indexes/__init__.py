"""Vectors to the k best of them, exactly or nearly."""

from retrievarium._lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "retrievarium.indexes.codes": ["BinaryIndex", "PQIndex"],
        "retrievarium.indexes.factory": ["index_fingerprint", "load_index", "make_index"],
        "retrievarium.indexes.flat": ["FlatIndex"],
        "retrievarium.indexes.hnsw": ["HNSWIndex"],
        "retrievarium.indexes.impact": ["ImpactIndex", "postings_flops"],
        "retrievarium.indexes.ivf": ["IVFIndex"],
        "retrievarium.indexes.lift": ["lift_passages", "lift_queries"],
        "retrievarium.indexes.multi": ["MultiVectorIndex", "max_sim"],
        "retrievarium.indexes.recall": ["recall_against_exact"],
    },
)
