"""Queries to runs: BM25, dense retrieval, imported runs, and the operators that combine them."""

from retrievarium._lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "retrievarium.retrievers.analyzers": ["Analyzer", "analyzer_for"],
        "retrievarium.retrievers.base": ["BaseRetriever", "Cut"],
        "retrievarium.retrievers.bm25": ["BM25", "tune_bm25"],
        "retrievarium.retrievers.cascade": ["Cascade"],
        "retrievarium.retrievers.dense": ["Dense"],
        "retrievarium.retrievers.expression": ["parse_retriever"],
        "retrievarium.retrievers.frozen": ["FrozenRun"],
        "retrievarium.retrievers.fusion": ["LinearFusion", "RankFusion", "fuse_linear", "fuse_rrf", "tune_weight"],
    },
)
