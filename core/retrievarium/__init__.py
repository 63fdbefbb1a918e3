"""Retrievarium: watch retrievers live.

The public names below load on first use, so that `import retrievarium` stays under half a second.
"""

from retrievarium._lazy import lazy

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "retrievarium.contracts": [
            "Run",
            "InputError",
            "RetrievariumError",
            "check_encoder",
            "check_index",
            "check_retriever",
            "check_sparse_encoder",
        ],
        "retrievarium.workspace": ["Workspace", "use_workspace"],
        "retrievarium.data": ["Collection", "World", "import_collection", "load_collection", "preflight"],
        "retrievarium.evaluation": ["compare", "evaluate", "paired"],
        "retrievarium.encoders": ["load_encoder"],
        "retrievarium.indexes": ["FlatIndex", "HNSWIndex"],
        "retrievarium.retrievers": ["BM25", "Dense", "FrozenRun", "fuse_linear", "fuse_rrf"],
        "retrievarium.methods": ["Budget", "build", "papers"],
        "retrievarium.claims": ["board", "run_claim"],
    },
)
