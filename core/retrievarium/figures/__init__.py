"""Plotly figures made from analysis results, shared by app and notebooks."""

from retrievarium._lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "retrievarium.figures.claims": ["effects_forest"],
        "retrievarium.figures.comparison": ["difference_forest", "query_scatter"],
        "retrievarium.figures.entities": ["failures_stacked", "groups_dots", "popularity_curve"],
        "retrievarium.figures.histograms": ["histogram"],
        "retrievarium.figures.maps": ["MapFigure", "Overlay", "time_lapse"],
        "retrievarium.figures.overlap": ["overlap_fifths"],
        "retrievarium.figures.palette": ["PALETTE", "system_colours"],
        "retrievarium.figures.pictures": ["Picture", "batch_of_scores", "two_roads"],
        "retrievarium.figures.pictures_search": ["first_vectors", "invented_passages", "search_twice"],
        "retrievarium.figures.pictures_text": ["queue_of_keys", "weighed_words"],
        "retrievarium.figures.pictures_training": ["four_models", "lists_left_behind"],
        "retrievarium.figures.pictures_units": ["block_and_lights"],
        "retrievarium.figures.rankings": ["rank_lines"],
        "retrievarium.figures.scores": ["score_maps", "shares"],
        "retrievarium.figures.training": ["training_curve"],
        "retrievarium.figures.units": ["answer_curves", "gains_by_group", "unit_dots", "unit_styles"],
    },
)
