"""Build the bundled collections from their sources: `python sample_data/build.py [lookalikes] [world] [vectors] [maps]`.

lookalikes   from lookalikes/source/*.jsonl, which people wrote and may edit
world        from its recipe alone: the same bytes on every machine
vectors      MiniLM vectors of both, float16
maps         ready layouts of these vectors in two and three dimensions, with their checks
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa

from retrievarium.data import Collection
from retrievarium.data.collection import qrels_table

HERE = Path(__file__).parent
FAMILIES = {
    "riv": "rivers",
    "cit": "cities",
    "ele": "chemical elements",
    "com": "composers",
    "ins": "instruments",
    "bir": "birds",
    "inv": "inventions",
    "bri": "bridges",
}
WORLD = {"seed": 7, "passages": 2000}


def rows(name: str) -> list[dict[str, Any]]:
    path = HERE / "lookalikes" / "source" / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def text_of(passage: dict[str, Any]) -> str:
    return " ".join(passage["sentences"])


def lookalikes() -> Collection:
    """The natural-prose collection: 240 passages on 64 entities that are confused with each other."""
    entities, corpus, questions = rows("entities"), rows("corpus"), rows("queries")
    contrast, twins, pooled = rows("contrast"), rows("twins"), rows("grades")
    name = {e["id"]: e["name"] for e in entities}
    fame = {e["id"]: e["fame"] for e in entities}

    passages = pa.table(
        {
            "id": [p["id"] for p in corpus],
            "title": [p["title"] for p in corpus],
            "text": [text_of(p) for p in corpus],
            "document": [p["entities"][0] if p["role"] != "overview" else p["id"] for p in corpus],
            "entities": pa.array([[name[e] for e in p["entities"]] for p in corpus], type=pa.list_(pa.string())),
            "family": [FAMILIES[p["id"][:3]] for p in corpus],
            "role": [p["role"] for p in corpus],
            "pair": [p.get("pair") for p in corpus],
            "source": [p["source"] for p in corpus],
        }
    )

    grades: dict[str, dict[str, int]] = {}
    asked: list[dict[str, Any]] = []

    def ask(query: dict[str, Any], split: str, of: str | None = None) -> None:
        asked.append({**query, "split": split, "pair": of})
        grades[query["id"]] = {**dict.fromkeys(query.get("not_relevant", []), 0), **query["relevant"]}

    for q in questions:
        ask(q, "unanswerable" if q["kind"] == "unanswerable" else "test")
    for row in pooled:
        # a pooled judgement adds to what the question's author graded, and never overrules it
        grades[row["query"]].setdefault(row["passage"], row["grade"])
    for pair in contrast:
        for side, other in ("ab", "ba"):
            about = {"id": f"{pair['id']}{side}", "kind": "contrast", "note": f"{' / '.join(pair['changed'])}"}
            ask({**pair[side], **about}, "contrast", f"{pair['id']}{other}")
    by_id = {q["id"]: q for q in questions}
    for twin in twins:
        original = by_id[twin["of"]]
        ask({**original, "id": twin["id"], "text": twin["text"], "kind": "keywords"}, "keywords", twin["of"])
        grades[twin["id"]] = dict(grades[twin["of"]])

    queries = pa.table(
        {
            "id": [q["id"] for q in asked],
            "text": [q["text"] for q in asked],
            "answers": pa.array([q["answers"] for q in asked], type=pa.list_(pa.string())),
            "entity": [name.get(q.get("entity") or "") for q in asked],
            "relation": pa.array([q.get("relation") for q in asked], type=pa.string()),
            "kind": [q["kind"] for q in asked],
            "fame": pa.array([fame.get(q.get("entity") or "") for q in asked], type=pa.string()),
            "family": [FAMILIES[q["id"][:3]] for q in asked],
            "pair": pa.array([q["pair"] for q in asked], type=pa.string()),
            "note": [q.get("note", "") for q in asked],
        }
    )
    qrels = {
        split: qrels_table(
            [(q["id"], p, g) for q in asked if q["split"] == split for p, g in sorted(grades[q["id"]].items())]
        )
        for split in ("test", "unanswerable", "contrast", "keywords")
    }
    meta = {
        "title": "Lookalikes: 64 real entities that are confused with each other",
        "language": "en",
        "default_split": "test",
        "licence": "Apache-2.0",
        "source": "written for this project; facts from general reference, wording ours",
        "note": "No kind of question is large enough for a verdict; they are for reading.",
    }
    return Collection("lookalikes", passages, queries, qrels, _truth(entities, corpus), meta)


def _truth(entities: list[dict[str, Any]], corpus: list[dict[str, Any]]) -> dict[str, pa.Table]:
    sentences, propositions = [], []
    for p in corpus:
        start = 0
        for i, text in enumerate(p["sentences"]):
            sentences.append(
                {"passage_id": p["id"], "sentence": i, "start": start, "stop": start + len(text), "text": text}
            )
            start += len(text) + 1
        for i, fact in enumerate(p["propositions"]):
            propositions.append(
                {"id": f"{p['id']}-p{i + 1}", "passage_id": p["id"], "sentence": fact["sentence"], "text": fact["text"]}
            )
    return {
        "entities": pa.Table.from_pylist([{**e, "family": FAMILIES[e["id"][:3]]} for e in entities]),
        "sentences": pa.Table.from_pylist(sentences),
        "propositions": pa.Table.from_pylist(propositions),
    }


def world() -> Collection:
    """The World for class."""
    from retrievarium.data import World

    return World(**WORLD).collection().replace(name="world")  # its vectors and maps are found by this name


def write(collection: Collection, folder: Path) -> None:
    for old in [*folder.glob("*.arrow"), *folder.glob("collection.json")]:
        old.unlink()
    collection.save(folder, compress=True)
    size = sum(f.stat().st_size for f in folder.glob("*") if f.is_file())
    print(f"{collection!r}\n  fingerprint {collection.fingerprint}, {size / 1e6:.1f} MB")


def vectors(name: str) -> None:
    from retrievarium.encoders import bundle_vectors, load_encoder

    folder = HERE / name / "vectors"
    shutil.rmtree(folder, ignore_errors=True)
    for path in bundle_vectors(Collection.open(HERE / name), load_encoder("minilm"), folder):
        print(f"  {path.name}: {path.stat().st_size / 1e6:.2f} MB")


def maps(name: str) -> None:
    """A person who opens the Map sees one at once; the workspace makes the same from the same vectors."""
    from retrievarium.analysis import Map, kept_vectors
    from retrievarium.analysis.map_checks import checks_key, write_checks
    from retrievarium.analysis.map_points import LIMIT
    from retrievarium.analysis.maps import map_key, write_map
    from retrievarium.workspace import write_json

    collection = Collection.open(HERE / name)
    vectors = kept_vectors(collection, "minilm")
    if vectors is None:
        raise SystemExit(f"{name} has no vectors yet; build them first")
    for dims in (2, 3):
        folder = HERE / name / "maps" / vectors.encoder / ("map" if dims == 2 else "map-3d")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        write_map(folder, collection, vectors, dims, 0, LIMIT)
        write_json(folder / "made-from.json", map_key(collection, vectors.fingerprint, dims, 0))
        of = Map(folder)
        checks = folder.with_name(folder.name.replace("map", "map-checks"))
        shutil.rmtree(checks, ignore_errors=True)
        checks.mkdir()
        write_checks(checks, collection, vectors, of)
        write_json(checks / "made-from.json", checks_key(of))
        size = sum(f.stat().st_size for part in (folder, checks) for f in part.glob("*"))
        print(f"  {folder.relative_to(HERE)}: kept@10 {of.about['kept_at_k']:.3f}, {size / 1e6:.2f} MB")


def main(wanted: list[str]) -> None:
    makers = {"lookalikes": lookalikes, "world": world}
    for name in [n for n in makers if n in wanted] or makers:
        if not wanted or name in wanted:
            write(makers[name](), HERE / name)
        if not wanted or "vectors" in wanted:
            vectors(name)
        if not wanted or "maps" in wanted:
            maps(name)


if __name__ == "__main__":
    main(sys.argv[1:])
