"""What gets indexed: document, passage, block, sentence, proposition, phrase. Every unit keeps its parents and span."""

from retrievarium._lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "retrievarium.units.decomposers": ["Decomposer", "Oracle", "RandomCuts", "Rules"],
        "retrievarium.units.folding": ["deepen", "reading", "to_passages"],
        "retrievarium.units.grouping": ["group_at_random", "group_by_links", "group_units", "to_units"],
        "retrievarium.units.kinds": ["KINDS", "units_of"],
        "retrievarium.units.report": ["DecompositionReport", "annotation_sheet", "decomposition_report"],
        "retrievarium.units.splitting": ["split_phrases", "split_sentences", "split_words"],
        "retrievarium.units.table": ["Units"],
    },
)
