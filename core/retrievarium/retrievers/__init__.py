"""Queries to runs: words, vectors, term weights, pairs, feedback, imported runs; and operators that combine them."""

from retrievarium._lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "retrievarium.retrievers.analyzers": ["Analyzer", "analyzer_for"],
        "retrievarium.retrievers.base": ["BaseRetriever", "Cut"],
        "retrievarium.retrievers.bm25": ["BM25", "tune_bm25"],
        "retrievarium.retrievers.cascade": ["Cascade", "Stage"],
        "retrievarium.retrievers.chance": ["Chance"],
        "retrievarium.retrievers.dense": ["Dense"],
        "retrievarium.retrievers.expression": ["parse_retriever"],
        "retrievarium.retrievers.feedback": ["Feedback", "feedback_lists"],
        "retrievarium.retrievers.frozen": ["FrozenRun"],
        "retrievarium.retrievers.fusion": ["LinearFusion", "RankFusion", "fuse_linear", "fuse_rrf", "tune_weight"],
        "retrievarium.retrievers.hyde": ["HyDE", "Hypotheses"],
        "retrievarium.retrievers.late": ["LateInteraction", "MaxSimGrid"],
        "retrievarium.retrievers.over_units": ["ByChunks", "ByUnits", "by_units"],
        "retrievarium.retrievers.refiners": ["Average", "Refiner", "Rocchio"],
        "retrievarium.retrievers.rerank": ["Rerank"],
        "retrievarium.retrievers.sparse": ["Sparse", "at_one_cost"],
    },
)
