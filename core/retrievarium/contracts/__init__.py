"""What the rooms agree on: runs, queries, the protocols, the errors, and public conformance checks. No torch."""

from retrievarium.contracts.conformance import check_encoder, check_index, check_retriever, check_sparse_encoder
from retrievarium.contracts.errors import Cancelled, InputError, MissingError, RetrievariumError
from retrievarium.contracts.order import top_k, total_order
from retrievarium.contracts.progress import Progress, no_progress
from retrievarium.contracts.protocols import (
    CrossEncoder,
    Encoder,
    Generator,
    Index,
    Reader,
    Retriever,
    Searchable,
)
from retrievarium.contracts.queries import QueryBatch, as_queries
from retrievarium.contracts.run import Ranking, Run

__all__ = [
    "Cancelled",
    "CrossEncoder",
    "Encoder",
    "Generator",
    "Index",
    "InputError",
    "MissingError",
    "Progress",
    "QueryBatch",
    "Ranking",
    "Reader",
    "RetrievariumError",
    "Retriever",
    "Run",
    "Searchable",
    "as_queries",
    "check_encoder",
    "check_index",
    "check_retriever",
    "check_sparse_encoder",
    "no_progress",
    "top_k",
    "total_order",
]
