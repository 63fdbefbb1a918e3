"""Collections: their types, formats, splits, and the World."""

from retrievarium._lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "retrievarium.data.collection": ["Collection"],
        "retrievarium.data.views": ["Passage", "Passages", "Qrels", "Queries", "Query", "Split"],
        "retrievarium.data.library": ["available", "load_collection", "save_collection"],
        "retrievarium.data.imports": ["import_collection", "read_collection"],
        "retrievarium.data.judging": [
            "grades",
            "judged_collection",
            "log_collection",
            "query_counts",
            "read_query_log",
        ],
        "retrievarium.data.preflight": ["Finding", "Preflight", "preflight"],
        "retrievarium.data.statistics": ["statistics"],
        "retrievarium.data.world": ["World"],
    },
)
