"""TREC documents, topics and qrels, and their round trips."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrievarium.contracts import InputError, Run
from retrievarium.data.collection import qrels_table
from retrievarium.data.formats.draft import Draft
from retrievarium.data.formats.reading import Reader
from retrievarium.data.formats.trec import read_qrels, write_qrels
from retrievarium.data.imports import read_collection
from retrievarium.data.views import Qrels

DOCS = """<DOC>
<DOCNO> FT-1 </DOCNO>
<HEADLINE>Rivers &amp; hills</HEADLINE>
<TEXT>
The river <B>rises</B>
in the hills.
</TEXT>
</DOC>
<DOC><DOCNO>FT-2</DOCNO>
<DOCHDR>http://x HTTP/1.0</DOCHDR>
<html><title>A page</title><script>var x = 1;</script><body>plain
</body></html></DOC>
<doc>
<docno>FT-3</docno>
only words
</doc>
"""
TOPICS = """<top>
<num> Number: 301
<title> Organized Crime

<desc> Description:
Find documents.

<narr> Narrative:
All of them.
</top>
<top>
<num>302</num>
<title>Topic: polio</title>
</top>
"""


def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "ft.gz").write_bytes(gzip.compress(DOCS.encode()))
    (tmp_path / "topics.301").write_text(TOPICS)
    (tmp_path / "qrels.txt").write_text("301 0 FT-1 2\n301 0 FT-2 0\n302\tQ0\tFT-3\t1\n302 0 FT-9 1\n")
    (tmp_path / "bm25.run").write_text("301 Q0 FT-1 1 3.5 x\n")
    return tmp_path


def test_a_folder_of_trec_files(tmp_path: Path) -> None:
    collection, report = read_collection(folder(tmp_path))
    assert report.format == "trec"
    assert collection.passages.ids == ("FT-1", "FT-2", "FT-3")
    assert collection.passages["FT-1"].joined == "Rivers & hills The river rises in the hills."
    assert collection.passages["FT-2"].joined == "A page plain"
    assert collection.passages["FT-3"].joined == "only words"
    assert collection.queries.texts == ("Organized Crime", "polio")
    assert collection.queries["301"].metadata == {"desc": "Find documents.", "narr": "All of them."}
    assert collection.qrels.to_dict() == {"301": {"FT-1": 2, "FT-2": 0}, "302": {"FT-3": 1}}
    assert any("FT-9" in str(w) for w in report.warnings)
    assert any("bm25.run" in str(n) for n in report.notes)


def test_topic_fields(tmp_path: Path) -> None:
    collection, _ = read_collection(folder(tmp_path), mapping={"topic": "title+desc"})
    assert collection.queries["301"].text == "Organized Crime Find documents."
    with pytest.raises(InputError, match="no topic field"):
        read_collection(tmp_path, mapping={"topic": "body"})


def test_xml_topics_and_tab_separated_ones(tmp_path: Path) -> None:
    (tmp_path / "docs.tsv").write_text("d1\ta title\tsome text\nd2\t\tmore\n")
    (tmp_path / "topics.xml").write_text(
        '<topics>\n<topic number="1" type="faceted">\n<query>horse hooves</query>\n'
        "<description>Find.</description>\n</topic>\n</topics>\n"
    )
    (tmp_path / "queries.dev.tsv").write_text("7\twhat is it\n")
    collection, _ = read_collection(tmp_path, "trec")
    assert collection.passages["d1"].joined == "a title some text"
    assert collection.all_queries["1"].text == "horse hooves"
    assert collection.all_queries["7"].text == "what is it"


def test_several_qrels_files_become_several_splits(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "qrels.train.txt").write_text("301 0 FT-1 1\n")
    (tmp_path / "qrels.txt").rename(tmp_path / "qrels.test.txt")
    collection, _ = read_collection(tmp_path)
    assert set(collection.splits) == {"train", "test"}
    assert collection.default_split == "test"


def test_qrels_are_refused_with_the_line(tmp_path: Path) -> None:
    for content, line, field in (("1 0 d 1\n1 0 d\n", 2, None), ("1 0 d high\n", 1, "grade")):
        (tmp_path / "qrels").write_text(content)
        with pytest.raises(InputError) as caught:
            read_qrels(tmp_path / "qrels", Draft().judgements("test"), Reader())
        assert (caught.value.line, caught.value.field) == (line, field)


names = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=8).filter(
    lambda s: len(s.split()) == 1
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.tuples(names, names), st.integers(-2, 4), min_size=1, max_size=20))
def test_qrels_round_trip(tmp_path_factory: pytest.TempPathFactory, pairs: dict[tuple[str, str], int]) -> None:
    path = tmp_path_factory.mktemp("q") / "qrels"
    qrels = Qrels(qrels_table([(q, p, g) for (q, p), g in pairs.items()]))
    write_qrels(qrels, path)
    draft = Draft()
    read_qrels(path, draft.judgements("test"), Reader())
    assert draft.judgements("test").table().equals(qrels.table)


def test_qrels_with_white_space_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="white space"):
        write_qrels(Qrels(qrels_table([("q", "a b", 1)])), tmp_path / "qrels")
    assert not list(tmp_path.iterdir())


scores = st.floats(width=32, allow_nan=False, allow_infinity=False)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        names,
        st.dictionaries(names, scores | st.sampled_from([0.0, 1.0]), min_size=1, max_size=6),
        min_size=1,
        max_size=5,
    )
)
def test_run_round_trip(tmp_path_factory: pytest.TempPathFactory, lists: dict[str, dict[str, float]]) -> None:
    """Scores come back bit for bit, ties included, and so does the order."""
    run = Run.from_dict(lists)
    again = Run.load(run.save(tmp_path_factory.mktemp("r") / "run.trec"))
    assert again.query_ids == run.query_ids
    assert again.doc_ids.tolist() == run.doc_ids.tolist()
    assert np.array_equal(again.scores, run.scores)
