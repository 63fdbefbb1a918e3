"""Measures, answers, significance, and the comparison of several runs."""

from retrievarium._lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "retrievarium.evaluation.agreement": ["Agreement", "cohen_kappa"],
        "retrievarium.evaluation.answers": ["has_answer", "answer_spans"],
        "retrievarium.evaluation.breakdown": [
            "Breakdown",
            "Cell",
            "break_down",
            "buckets",
            "macro_average",
            "pooled",
            "quantile_edges",
            "two_by_two",
            "wilson",
        ],
        "retrievarium.evaluation.comparison": ["Comparison", "compare"],
        "retrievarium.evaluation.granularity": [
            "answer_at",
            "answer_in_words",
            "em_at_words",
            "exact_match",
            "first_answer_word",
            "mean_intervals",
        ],
        "retrievarium.evaluation.measures": ["Evaluation", "evaluate", "measure_name"],
        "retrievarium.evaluation.bounds": ["Bounds", "tied_at", "unjudged_bounds"],
        "retrievarium.evaluation.power": ["Sight", "queries_needed", "sight", "visible_difference"],
        "retrievarium.evaluation.pooling": ["pool", "weighted_mean"],
        "retrievarium.evaluation.significance": ["Paired", "holm", "paired"],
        "retrievarium.evaluation.standing": ["Pairs", "Standing", "all_pairs", "standings"],
    },
)
