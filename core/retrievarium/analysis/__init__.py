"""Why: matched terms and answers, disagreement, moving ranks; and maps of a space with a measure of their truth."""

from retrievarium._lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "retrievarium.analysis.disagreement": ["disagreements", "rank_biased_overlap"],
        "retrievarium.analysis.findings": ["Finding", "finding_sentence", "first_relevant", "groups", "where_is"],
        "retrievarium.analysis.marking": ["Mark", "passage_marks"],
        "retrievarium.analysis.moves": ["Move", "movement"],
        "retrievarium.analysis.runs": ["describe", "kept_run"],
        "retrievarium.analysis.neighbours": ["neighbours"],
        "retrievarium.analysis.fidelity": [
            "Friends",
            "false_friends",
            "kept_at_k",
            "lost_friends",
            "noise_baseline",
            "query_fidelity",
            "seed_floor",
            "shuffled",
        ],
        "retrievarium.analysis.ranks": ["continuity", "trustworthiness"],
        "retrievarium.analysis.geometry": [
            "alignment_uniformity",
            "anisotropy",
            "hubness",
            "linear_cka",
            "list_change",
            "neighbour_change",
            "neighbourhood_hit",
            "query_passage_gap",
            "withheld_floor",
        ],
        "retrievarium.analysis.projection": ["neighbour_table", "pca", "umap"],
        "retrievarium.analysis.alignment": ["ALIGNED_UMAP_LIMIT", "align_all", "aligned_umap", "procrustes"],
        "retrievarium.analysis.spaces": ["JointSpace", "Vectors", "collection_vectors", "joint_space", "kept_vectors"],
        "retrievarium.analysis.map_points": ["Points", "choose_points", "gold_rows"],
        "retrievarium.analysis.maps": ["Map", "estimate_seconds", "find_map", "make_map", "map_key", "shown_space"],
        "retrievarium.analysis.map_colours": ["Shade", "category", "found_shade", "known_shades", "number"],
        "retrievarium.analysis.map_checks": ["Checks", "find_checks", "make_checks"],
        "retrievarium.analysis.map_pairs": ["Pair", "find_pair", "make_pair"],
        "retrievarium.analysis.map_frames": ["Frames", "make_frames"],
        "retrievarium.analysis.map_words": ["Verdict", "kept_sentence", "query_sentence", "verdict"],
    },
)
