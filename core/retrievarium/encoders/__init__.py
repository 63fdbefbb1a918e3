"""Text to one vector, term weights, several vectors, or pairs to a score. Nothing heavy loads early."""

from retrievarium._lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "retrievarium.encoders.backbone": ["Backbone", "extend_backbone", "lengthen_backbone"],
        "retrievarium.encoders.cross": ["CrossEncoder"],
        "retrievarium.encoders.feedback": ["TextFeedbackEncoder"],
        "retrievarium.encoders.heads": ["MLMHead"],
        "retrievarium.encoders.late": ["LateEncoder"],
        "retrievarium.encoders.lexical": ["BagEncoder", "LexicalEncoder", "LexicalTowers", "lexical_towers"],
        "retrievarium.encoders.loading": ["load_encoder"],
        "retrievarium.encoders.minilm": ["minilm_folder"],
        "retrievarium.encoders.multi": ["MultiVectors"],
        "retrievarium.encoders.multi_vector": ["MultiVectorEncoder", "MultiVectorTowers", "multi_vector_towers"],
        "retrievarium.encoders.saving": ["load_towers", "save_towers"],
        "retrievarium.encoders.saving_cross": ["load_cross_encoder", "reload_cross_encoder"],
        "retrievarium.encoders.saving_multi": ["load_multi_vector"],
        "retrievarium.encoders.saving_sparse": ["load_lexical"],
        "retrievarium.encoders.sentence": ["SentenceEncoder"],
        "retrievarium.encoders.thinned": ["Thinned"],
        "retrievarium.encoders.towers": ["DenseEncoder", "Towers", "two_towers"],
        "retrievarium.encoders.vectors": [
            "bundle_vectors",
            "estimate",
            "has_vectors",
            "passage_vectors",
            "query_vectors",
        ],
        "retrievarium.encoders.wordpiece": ["extend_vocab", "train_wordpiece"],
    },
)
