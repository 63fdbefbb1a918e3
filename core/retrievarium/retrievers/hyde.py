"""HyDE: search with invented passages that would answer the query (Gao et al., 2022; arXiv 2212.10496)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import Generator, InputError, QueryBatch, Run, Searchable, as_queries
from retrievarium.retrievers.base import BaseRetriever, check_k, operand
from retrievarium.retrievers.dense import Dense
from retrievarium.retrievers.feedback import vector_parts

INSTRUCTION = "Please write a passage to answer the question.\nQuestion: {query}\nPassage:"


@dataclass(frozen=True)
class Hypotheses:
    """Invented passages, a list for each query, sorted; and how many were empty."""

    texts: tuple[tuple[str, ...], ...]
    empty: int


class HyDE(BaseRetriever):
    """A language model writes N passages that would answer the query; their vectors' mean, the query's among them,
    searches.

        v = (f(q) + f(h_1) + ... + f(h_N)) / (N + 1),     score(p) = v . f(p)

    so a passage's score is the mean of its scores with N + 1 texts. Nothing is trained and no judgement is read; what
    is returned are passages of the collection, whatever the model invents. The query goes through the encoder's query
    side, what was written through its passage side. With N = 0 it is plain retrieval. With a cosine encoder the score
    is the mean of cosines. An empty text counts as the query itself.

    Parameters
    ----------
    instruction: a template with `{query}`, the task's own.
    include_query: whether f(q) belongs to the mean; without it N must be at least 1.
    seed: of the generator, whose texts depend on their prompt, their number and this alone.
    """

    def __init__(
        self,
        dense: Dense,
        generator: Generator,
        n: int = 4,
        *,
        instruction: str = INSTRUCTION,
        temperature: float = 0.7,
        max_new_tokens: int = 64,
        include_query: bool = True,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        if not isinstance(dense, Dense):
            raise InputError(f"{dense!r} has no vectors to search with", expected="a Dense retriever")
        if isinstance(n, bool) or n < (0 if include_query else 1):
            raise InputError(f"n is {n!r}", field="n", expected="0 or more texts (1 or more without the query)")
        if "{query}" not in instruction:
            raise InputError(
                "the instruction has no place for the query", field="instruction", expected="{query} in it"
            )
        self.dense, self.generator, self.n = dense, generator, int(n)
        self.instruction, self.temperature, self.max_new_tokens = instruction, temperature, max_new_tokens
        self.include_query, self.seed = include_query, seed
        self.name = name or f"HyDE {n} over {operand(dense.name)}"

    def write(self, queries: Searchable) -> Hypotheses:
        """N texts for each query; they are sorted, so that the order they were written in cannot matter."""
        batch = as_queries(queries)
        prompts = [self.instruction.replace("{query}", text) for text in batch.texts]
        lists: list[list[str]] = [[] for _ in prompts]
        if self.n and prompts:
            lists = self.generator.generate(prompts, self.n, self.max_new_tokens, self.temperature, self.seed)
        for texts in lists:
            if len(texts) != self.n:
                raise InputError(f"the generator wrote {len(texts)} texts", expected=f"{self.n} for each prompt")
        written = tuple(tuple(sorted(t.strip() for t in texts)) for texts in lists)
        return Hypotheses(written, sum(not t for texts in written for t in texts))

    def search(self, queries: Searchable, k: int = 100) -> Run:
        batch = as_queries(queries)
        check_k(k)
        return self.search_with(batch, self.write(batch), k) if len(batch) else Run.from_dict({})

    def search_with(self, queries: Searchable, hypotheses: Hypotheses, k: int = 100) -> Run:
        """Search with texts that are given, one list for each query."""
        batch = as_queries(queries)
        means = np.array([parts.sum(axis=0) for parts in self.vectors(batch, hypotheses)])  # (B, d)
        run = self.dense.search_vectors(batch, means.astype(np.float32), k)
        if self.dense.encoder.similarity != "cosine":
            return run
        # the index divides by the mean's length, which is below 1 where the texts disagree
        lengths = np.repeat(np.linalg.norm(means, axis=1), np.diff(run.offsets))
        return Run(run.query_ids, run.offsets, run.doc_ids, run.scores.astype(np.float64) * lengths)

    def vectors(self, batch: QueryBatch, hypotheses: Hypotheses) -> list[NDArray[np.float64]]:
        """For each query the vectors `(N + 1, d)` whose sum is v: its own, then each text's, over N + 1."""
        if len(hypotheses.texts) != len(batch):
            raise InputError(f"{len(hypotheses.texts)} lists of texts for {len(batch)} queries", expected="one each")
        own = self.dense.query_vectors(batch).astype(np.float64)  # (B, d)
        distinct = sorted({t for texts in hypotheses.texts for t in texts if t})
        vectors = self.dense.encoder.encode_passages(distinct).astype(np.float64)
        row_of = {t: i for i, t in enumerate(distinct)}
        parts = []
        for query, texts in zip(own, hypotheses.texts, strict=True):
            rows = [query] * self.include_query + [vectors[row_of[t]] if t else query for t in texts]
            parts.append(np.stack(rows) / len(rows))
        return parts

    def explain(self, text: str, passage_id: str) -> list[tuple[str, float]]:
        """What the query and each invented text add to a passage's score; the parts sum to the score."""
        batch = as_queries(text)
        hypotheses = self.write(batch)
        told = [*["query"] * self.include_query, *hypotheses.texts[0]]
        return list(zip(told, self.values(self.vectors(batch, hypotheses)[0], passage_id), strict=True))

    def values(self, vectors: NDArray[np.float64], passage_id: str) -> list[float]:
        """What each of the vectors `(N + 1, d)` of one query adds to a passage's score."""
        parts = np.array(vector_parts(self.dense, vectors, passage_id))
        if self.dense.encoder.similarity == "cosine":
            parts = parts * np.linalg.norm(vectors.sum(axis=0))
        return parts.tolist()
