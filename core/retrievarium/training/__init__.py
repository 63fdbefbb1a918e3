"""The loop, samplers, negative miners, checkpoints, and what a run costs."""

from retrievarium._lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "retrievarium.training.batches": ["PairBatch", "PairBatches", "embed"],
        "retrievarium.training.loop": ["Fitted", "fit", "schedule"],
        "retrievarium.training.miners": ["BM25Miner", "contains_answer", "given_negatives", "known_positive"],
        "retrievarium.training.probes": ["DevProbe"],
        "retrievarium.training.samplers": ["RandomSampler"],
        "retrievarium.training.seeds": ["stream", "torch_seed"],
        "retrievarium.training.speed": ["RunConfig", "best_device", "measured"],
        "retrievarium.training.tokens": ["TokenTable"],
    },
)
