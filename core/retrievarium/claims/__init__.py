"""What the papers claim and what we measure: the verdict rule, the resumable runner, the board."""

from retrievarium._lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "retrievarium.claims.standings": ["board", "catalogue", "claim_row", "sentence"],
        "retrievarium.claims.closer": [
            "Seeds",
            "Step",
            "by_overlap",
            "by_slice",
            "next_steps",
            "parse_seeds",
            "run_hours",
            "seeds_of",
        ],
        "retrievarium.claims.intervals": [
            "Interval",
            "benjamini_hochberg",
            "fixed_collection_interval",
            "one_sided_p",
            "seeds_from_pilot",
            "t_interval",
        ],
        "retrievarium.claims.records": ["Record", "SeedRun"],
        "retrievarium.claims.rule": ["Measured", "Verdict", "decide", "headline", "preconditions", "verdict"],
        "retrievarium.claims.runner": ["check_seeds", "run_claim"],
    },
)
