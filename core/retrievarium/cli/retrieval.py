"""`index`, `search`, `evaluate`, `compare`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from retrievarium.cli.output import Json, emit, progress, table
from retrievarium.contracts import InputError, Run

Collection_ = Annotated[str, typer.Option("--collection", "-c", help="Name in the workspace, bundled name, or path.")]
Split_ = Annotated[
    str | None, typer.Option(help="Which split's queries and judgements; the default split unless given.")
]
RETRIEVER = (
    "A retriever: bm25, minilm, dpr, a model folder or hub id in quotes, "
    "or `bm25 + minilm`, `0.3 * bm25 + 0.7 * minilm`, `bm25 % 100 >> minilm`."
)


def index(
    collection: Collection_,
    encoder: Annotated[
        str, typer.Option("--encoder", "-e", help="minilm, a folder, a hub id, or a trained one.")
    ] = "minilm",
    kind: Annotated[str, typer.Option("--index", help="Flat (exact) or for example HNSW32.")] = "Flat",
    queries: Annotated[bool, typer.Option("--queries", help="Encode the collection's queries too.")] = False,
    json: Json = False,
) -> Any:
    """Encode a collection's passages and build an index; a stopped run goes on where it stopped."""
    from retrievarium.data import load_collection
    from retrievarium.encoders import load_encoder, query_vectors
    from retrievarium.retrievers import Dense

    source = load_collection(collection)
    started = time.monotonic()
    with progress() as tell:
        dense = Dense(source, load_encoder(encoder), kind).prepare(tell)
        if queries:
            query_vectors(source, dense.encoder, source.queries, progress=tell, keep=True)
    result = {
        "collection": source.name,
        "encoder": dense.encoder.name,
        "index": kind,
        "vectors": len(source.passages),
        "dimensions": dense.encoder.dim,
        "bytes": int(dense.vectors.nbytes),
        "seconds": round(time.monotonic() - started, 2),
    }
    words = f"{result['vectors']:,} vectors of {result['dimensions']} dimensions, {result['seconds']} s."
    return emit(result, json, lambda: words)


def search(
    collection: Collection_,
    retriever: Annotated[str, typer.Option("--retriever", "-r", help=RETRIEVER)] = "bm25",
    query: Annotated[str | None, typer.Option("--query", "-q", help="One question of your own.")] = None,
    k: Annotated[
        int | None, typer.Option("-k", min=1, help="Results a query; 100 into a file, 10 on the screen unless given.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="TREC run file to write.")] = None,
    split: Split_ = None,
    json: Json = False,
) -> Any:
    """Search all queries of a split into a TREC run, or one question onto the screen."""
    from retrievarium.data import load_collection
    from retrievarium.methods import retriever as named

    source = load_collection(collection)
    if query is not None:
        if out is not None or split is not None:
            raise InputError("one question is shown, not kept", fix="leave out --out and --split, or --query")
        with progress() as tell:
            run = named(retriever, source, progress=tell).search(query, k or 10)
        return _one(run, source, json)
    if out is None:
        raise InputError(
            "there is nowhere to put the run", field="--out", fix="--out RUN.trec, or --query 'a question'"
        )
    if out.is_dir() or not out.parent.is_dir():
        raise InputError(
            "the run cannot be written here", path=out, field="--out", expected="a file in a folder that exists"
        )
    queries = source.split_named(split).queries if split else source.queries
    if not len(queries):
        raise InputError(f"{source.name} has no queries", fix="ask one yourself with --query")
    depth = k or 100
    with progress() as tell:
        run = named(retriever, source, progress=tell).search(queries, depth)
    run.save(out, tag="".join(retriever.split()))
    result = {
        "queries": len(run),
        "results": len(run.doc_ids),
        "k": depth,
        "out": str(out),
        "fingerprint": run.fingerprint,
    }
    return emit(result, json, lambda: f"Wrote {len(run.doc_ids):,} results of {len(run):,} queries to {out}.")


def _one(run: Run, source: Any, json: bool) -> Any:
    ranking = run[run.query_ids[0]]
    hits = [
        {"rank": i + 1, "id": p, "score": round(s, 4), "title": source.passages[p].title}
        for i, (p, s) in enumerate(ranking)
    ]
    rows = [
        [str(h["rank"]), f"{h['score']:.3f}", h["id"], h["title"] or source.passages[h["id"]].text[:60]] for h in hits
    ]
    return emit(hits, json, lambda: table(["rank", "score", "id", "title"], rows) if rows else "Nothing was found.")


def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN.trec")],
    collection: Collection_,
    measure: Annotated[
        list[str] | None, typer.Option("--measure", "-m", help="nDCG@10, RR@10, R@20, Success@5, ...")
    ] = None,
    split: Split_ = None,
    json: Json = False,
) -> Any:
    """Score a TREC run against a collection's judgements."""
    from retrievarium.data import load_collection
    from retrievarium.evaluation import evaluate as score
    from retrievarium.evaluation.measures import DEFAULT_MEASURES

    source = load_collection(collection)
    qrels = source.split_named(split).qrels if split else source.qrels
    told = score(Run.load(run), qrels, measure or list(DEFAULT_MEASURES), source)
    result = {
        "measures": dict(told.means),
        "queries": told.queries,
        "without_results": len(told.missing),
        "unjudged_left_out": len(told.unjudged),
    }
    rows = [[m, f"{v:.4f}"] for m, v in told.means.items()]
    note = (
        f"{told.queries} judged queries; {len(told.missing)} without results count 0; "
        f"{len(told.unjudged)} unjudged left out."
    )
    return emit(result, json, lambda: table(["measure", "mean"], rows) + "\n" + note)


def compare(
    collection: Collection_,
    retriever: Annotated[list[str], typer.Option("--retriever", "-r", help=RETRIEVER + " Or a TREC run file.")],
    measure: Annotated[str, typer.Option("--measure", "-m")] = "nDCG@10",
    k: Annotated[int, typer.Option("-k", min=1)] = 100,
    split: Split_ = None,
    json: Json = False,
) -> Any:
    """Put retrievers side by side: means, and each one's paired difference to the first."""
    from retrievarium.data import load_collection
    from retrievarium.evaluation import compare as side_by_side
    from retrievarium.methods import retriever as named

    source = load_collection(collection)
    if len(retriever) < 2:
        raise InputError(
            "one retriever has nothing to be compared with", field="--retriever", fix="give -r twice or more"
        )
    with progress() as tell:
        parts = {r: Run.load(r) if Path(r).is_file() else named(r, source, progress=tell) for r in retriever}
        told = side_by_side(parts, source, measure, k, split)
    return emit(told.to_dict(), json, lambda: repr(told))


def register(app: typer.Typer) -> None:
    for command in (index, search, evaluate, compare):
        app.command(command.__name__)(command)
