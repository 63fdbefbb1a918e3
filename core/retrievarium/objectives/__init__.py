"""One formula each: a pure function from embeddings or scores to a scalar."""

from retrievarium._lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "retrievarium.objectives.conformance": ["check_objective"],
        "retrievarium.objectives.contrastive": ["InfoNCE", "info_nce", "softmax_nll"],
        "retrievarium.objectives.distillation": ["DistillKL", "MarginMSE", "distill_kl", "margin_mse"],
        "retrievarium.objectives.pairwise": [
            "LambdaRR",
            "PairwiseLogistic",
            "StaticHardPlusRandom",
            "lambda_rr",
            "pairwise_logistic",
            "static_hard_plus_random",
        ],
        "retrievarium.objectives.queue": ["MomentumQueueInfoNCE", "momentum_queue_info_nce"],
        "retrievarium.objectives.similarity": ["batch_scores", "max_inner_product", "max_similarity"],
        "retrievarium.objectives.sparsity": ["FLOPS", "flops", "quadratic_ramp"],
    },
)
