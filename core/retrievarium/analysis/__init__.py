"""Why: matched terms and answers, disagreement between retrievers, and how far ranks move."""

from retrievarium._lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "retrievarium.analysis.disagreement": ["disagreements", "rank_biased_overlap"],
        "retrievarium.analysis.findings": ["Finding", "finding_sentence", "first_relevant", "groups", "where_is"],
        "retrievarium.analysis.marking": ["Mark", "passage_marks"],
        "retrievarium.analysis.moves": ["Move", "movement"],
        "retrievarium.analysis.runs": ["describe", "kept_run"],
    },
)
