"""Language models that write: tiny ones trained here, a local folder, an endpoint, an oracle.

A generator has `name`, `fingerprint`, `count` (tokens), `can_score` and
`generate(prompts, n, max_new_tokens, temperature, seed) -> n texts a prompt`; where `can_score`, also
`score(prompts, continuations) -> nats`.
"""

from retrievarium._lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "retrievarium.generation.cache": ["CachedGenerator"],
        "retrievarium.generation.decomposing": ["TinyDecomposer", "WrittenPropositions", "decomposer_named"],
        "retrievarium.generation.endpoint": ["EndpointGenerator"],
        "retrievarium.generation.facts": ["FactCheck", "Stated"],
        "retrievarium.generation.local": ["LocalGenerator"],
        "retrievarium.generation.oracle": ["OracleGenerator"],
        "retrievarium.generation.pairs": ["answering_sentence", "writing_pairs"],
        "retrievarium.generation.reader": ["SpanReader", "train_reader"],
        "retrievarium.generation.teaching": ["taught_writer"],
        "retrievarium.generation.tiny": ["TinyGenerator"],
        "retrievarium.generation.tokens": ["TokenCount"],
        "retrievarium.generation.training": ["mean_nll", "new_writer", "train_generator"],
        "retrievarium.generation.writers": ["TinyCausal", "TinySeq2Seq"],
    },
)
