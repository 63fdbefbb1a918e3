"""The loop, samplers, negative miners, checkpoints, and what a run costs."""

from retrievarium._lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "retrievarium.training.adapter": ["AsSentenceLoss"],
        "retrievarium.training.batches": ["PairBatch", "PairBatches", "embed"],
        "retrievarium.training.costs": ["CostMeter", "EqualBudget", "batch_cost"],
        "retrievarium.training.gradcache": ["GradCache"],
        "retrievarium.training.lists": ["ListBatch", "ListBatches"],
        "retrievarium.training.live": ["FixedLists", "LiveIndex", "staleness"],
        "retrievarium.training.loop": ["Fitted", "fit", "schedule"],
        "retrievarium.training.miners": [
            "BM25Miner",
            "DenseMiner",
            "EnsembleMiner",
            "Miner",
            "contains_answer",
            "false_negative_rate",
            "given_negatives",
            "known_positive",
        ],
        "retrievarium.training.momentum": ["KeyQueue", "MomentumEncoder"],
        "retrievarium.training.penalty": ["penalised"],
        "retrievarium.training.probes": ["DevProbe"],
        "retrievarium.training.questions": ["Questions"],
        "retrievarium.training.ranked": ["Lists", "RankedBatch", "RankedBatches"],
        "retrievarium.training.samplers": ["GroupSampler", "MarginBinSampler", "RandomSampler", "TopicSampler"],
        "retrievarium.training.seeds": ["stream", "torch_seed"],
        "retrievarium.training.speed": ["RunConfig", "best_device", "measured"],
        "retrievarium.training.stages": ["Parent", "Stage", "model_fingerprint", "run_stages"],
        "retrievarium.training.store": ["ContentStore", "key_of"],
        "retrievarium.training.teachers": [
            "CrossEncoderFilter",
            "RelativeFilter",
            "ScoreCache",
            "TeacherLabels",
            "answer_key",
        ],
        "retrievarium.training.tokens": ["TokenTable"],
        "retrievarium.training.workers": [
            "average_gradients",
            "gathered",
            "gathered_nll",
            "join",
            "leave",
            "shared",
            "simulated",
            "workers",
        ],
    },
)
