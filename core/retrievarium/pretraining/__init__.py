"""Tasks over unlabelled text, with heads that are dropped; and the start all methods share."""

from retrievarium._lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "retrievarium.pretraining.cropping": ["CropBatch", "CropBatches", "RandomCrop"],
        "retrievarium.pretraining.masking": ["MaskedBatch", "MaskedBatches", "whole_word_mask"],
        "retrievarium.pretraining.mlm": ["MLM"],
        "retrievarium.pretraining.momentum": ["MomentumContrast"],
        "retrievarium.pretraining.tasks": ["pretrain"],
        "retrievarium.pretraining.start": ["Start", "random_start", "shipped_start"],
        "retrievarium.pretraining.warm": ["exposure_texts", "warm_start"],
    },
)
