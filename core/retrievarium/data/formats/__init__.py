"""The formats collections are read from and written to, one module each."""

from retrievarium._lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "retrievarium.data.formats.draft": ["Draft"],
        "retrievarium.data.formats.reading": ["DOCUMENT_LIMIT", "LINE_LIMIT", "Limits", "Reader"],
        "retrievarium.data.formats.registry": ["FORMATS", "Format"],
        "retrievarium.data.formats.report": ["Notice", "Report"],
        "retrievarium.data.formats.beir": ["write_beir"],
        "retrievarium.data.formats.dpr": ["write_retrieval"],
        "retrievarium.data.formats.trec": ["write_qrels"],
        "retrievarium.data.formats.writing": ["write_tables"],
    },
)
