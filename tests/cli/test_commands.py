"""Each command: what it prints as JSON, what it keeps, what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from retrievarium.cli import main
from retrievarium.contracts import Run
from retrievarium.evaluation import evaluate


@pytest.fixture
def source(collection: Any, tmp_path: Path) -> Path:
    """The small collection as a folder of BEIR files."""
    folder = tmp_path / "beir"
    (folder / "qrels").mkdir(parents=True)
    with (folder / "corpus.jsonl").open("w", encoding="utf-8") as out:
        for p in collection.passages:
            out.write(json.dumps({"_id": p.id, "title": p.title, "text": p.text}, ensure_ascii=False) + "\n")
    with (folder / "queries.jsonl").open("w", encoding="utf-8") as out:
        for q in collection.all_queries:
            out.write(json.dumps({"_id": q.id, "text": q.text, "metadata": {"answers": list(q.answers)}}) + "\n")
    for split in collection.splits:
        rows = [
            f"{q}\t{p}\t{g}\n"
            for q, judged in collection.split_named(split).qrels.to_dict().items()
            for p, g in judged.items()
        ]
        (folder / "qrels" / f"{split}.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(rows))
    return folder


class Cli:
    """Runs commands in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *argv: Any) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main([str(a) for a in argv])
        told = self.capsys.readouterr()
        return int(stop.value.code or 0), told.out, told.err

    def json(self, *argv: Any) -> Any:
        """The one JSON value that a command prints; nothing else may stand on standard output."""
        code, out, err = self(*argv, "--json")
        assert code == 0, err
        return json.loads(out)

    def refused(self, *argv: Any) -> str:
        """The sentence of a command that refuses; standard output stays empty."""
        code, out, err = self(*argv)
        assert (code, out) == (2, ""), (code, out, err)
        assert "Traceback" not in err
        return err


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys)


@pytest.fixture
def small(cli: Cli, source: Path) -> str:
    """The small collection, imported."""
    cli.json("import", source, "--name", "small")
    return "small"


def _files(root: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file() and p.suffix != ".lock"
    }


# -- import


def test_import_tells_counts_warnings_and_preflight(cli: Cli, source: Path) -> None:
    told = cli.json("import", source, "--name", "small")
    assert told["name"] == "small"
    assert told["format"] == "beir"
    assert told["counts"] == {
        "passages": 9,
        "queries": 11,
        "qrels": 14,
        "qrels.dev": 3,
        "qrels.test": 8,
        "qrels.train": 3,
    }
    assert isinstance(told["warnings"], list)
    assert isinstance(told["preflight"]["findings"], list)
    assert len(told["fingerprint"]) == 16


def test_importing_twice_changes_nothing(cli: Cli, source: Path, ws: Any) -> None:
    first = cli.json("import", source, "--name", "small")
    before = _files(ws.collections)
    stamps = {p: p.stat().st_mtime_ns for p in ws.collections.rglob("*")}
    assert cli.json("import", source, "--name", "small") == first
    assert _files(ws.collections) == before
    assert {p: p.stat().st_mtime_ns for p in ws.collections.rglob("*")} == stamps


def test_other_content_under_a_taken_name_is_refused_unless_replaced(cli: Cli, source: Path, ws: Any) -> None:
    first = cli.json("import", source, "--name", "small")
    before = _files(ws.collections)
    with (source / "queries.jsonl").open("a") as out:
        out.write('{"_id": "new", "text": "another question"}\n')
    assert "--replace" in cli.refused("import", source, "--name", "small")
    assert _files(ws.collections) == before
    again = cli.json("import", source, "--name", "small", "--replace")
    assert again["fingerprint"] != first["fingerprint"]
    assert again["counts"]["queries"] == 12


def test_the_name_is_the_folder_s_unless_given(cli: Cli, source: Path) -> None:
    assert cli.json("import", source)["name"] == "beir"


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("corpus.jsonl", '{"_id": "a", "text": "x"}\n{"_id": "b", "te', ["corpus.jsonl", "line 2"]),
        ("corpus.jsonl", '{"_id": "a", "title": "", "text": "x"}\n' * 2, ["corpus.jsonl", "line 2", "'a'"]),
        ("queries.jsonl", '{"_id": "a", "text": "x"}\n{"_id": "b"}\n', ["queries.jsonl", "line 2", "text"]),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\ne1\tp1\tmany\n", ["test.tsv", "line 2", "score"]),
    ],
)
def test_wrong_files_are_told_with_file_line_and_field(
    cli: Cli, source: Path, ws: Any, file: str, content: str, said: list[str]
) -> None:
    (source / file).write_text(content)
    message = cli.refused("import", source, "--name", "small")
    for piece in said:
        assert piece in message
    assert not list(ws.collections.glob("*"))  # nothing half-written


@pytest.mark.parametrize("name", ["../evil", "a/b", ".hidden", "a b", "", "x" * 81, "lookalikes"])
def test_names_that_cannot_be_folders_are_refused(cli: Cli, source: Path, ws: Any, name: str) -> None:
    cli.refused("import", source, f"--name={name}")
    assert not list(ws.root.rglob("*.arrow"))


def test_columns_are_mapped_as_they_are_written(cli: Cli, tmp_path: Path) -> None:
    """A column may be called true or 1e5: it is a name, not a value."""
    (tmp_path / "docs.csv").write_text("1e5,true\na,the river\nb,the sea\n")
    told = cli.json("import", tmp_path / "docs.csv", "--name", "t", "--column", "id=1e5", "--column", "text=true")
    assert told["counts"]["passages"] == 2
    assert "--column" in cli.refused("import", tmp_path / "docs.csv", "--name", "u", "--column", "text")
    assert "--column" in cli.refused("import", tmp_path / "docs.csv", "--name", "u", "--column", "=text")


# -- search, evaluate, compare


def test_search_and_evaluate_round_trip(cli: Cli, small: str, collection: Any, tmp_path: Path) -> None:
    from retrievarium.retrievers import BM25

    path = tmp_path / "run.trec"
    told = cli.json("search", "-c", small, "-r", "bm25", "-k", "5", "--out", path)
    run = Run.load(path)
    direct = BM25(collection).search(collection.queries, 5)
    assert {q: r.ids for q, r in run} == {q: r.ids for q, r in direct if len(r)}
    assert run.scores.tolist() == direct.scores.tolist()
    assert told == {
        "queries": 5,
        "results": len(direct.doc_ids),
        "k": 5,
        "out": str(path),
        "fingerprint": direct.fingerprint,
    }
    scored = cli.json("evaluate", path, "-c", small, "-m", "nDCG@10", "-m", "recall@20", "-m", "Answer@5")
    expected = evaluate(direct, collection.qrels, ["nDCG@10", "R@20", "Answer@5"], collection)
    assert scored["measures"] == pytest.approx(dict(expected.means), abs=1e-12)
    assert list(scored["measures"]) == ["nDCG@10", "R@20", "Answer@5"]
    assert (scored["queries"], scored["without_results"], scored["unjudged_left_out"]) == (5, 1, 0)


def test_another_split(cli: Cli, small: str, tmp_path: Path) -> None:
    path = tmp_path / "dev.trec"
    assert cli.json("search", "-c", small, "--split", "dev", "--out", path)["queries"] == 3
    assert cli.json("evaluate", path, "-c", small, "--split", "dev")["measures"]["RR@10"] == 1.0
    on_test = cli.json("evaluate", path, "-c", small)
    assert (on_test["unjudged_left_out"], on_test["without_results"]) == (3, 5)
    assert "extra" in cli.refused("search", "-c", small, "--split", "extra", "--out", path)


def test_one_question(cli: Cli, small: str) -> None:
    hits = cli.json("search", "-c", small, "-q", "river in the Black Forest")
    assert hits[0]["id"] == "p1"
    assert [h["rank"] for h in hits] == list(range(1, len(hits) + 1))
    assert set(hits[0]) == {"rank", "id", "score", "title"}
    assert len(cli.json("search", "-c", small, "-q", "the river is", "-k", "1")) == 1
    assert cli.json("search", "-c", small, "-q", "xylophone") == []
    code, out, _ = cli("search", "-c", small, "-q", "xylophone")
    assert (code, out) == (0, "Nothing was found.\n")
    code, out, _ = cli("search", "-c", small, "-q", "Bartók folk songs")
    assert "p6" in out


def test_k_holds_for_a_question_too(cli: Cli, tmp_path: Path) -> None:
    rows = "".join(json.dumps({"id": f"p{i}", "text": "the same river"}) + "\n" for i in range(30))
    (tmp_path / "docs.jsonl").write_text(rows)
    cli.json("import", tmp_path / "docs.jsonl", "--name", "many")
    assert len(cli.json("search", "-c", "many", "-q", "river")) == 10
    assert len(cli.json("search", "-c", "many", "-q", "river", "-k", "25")) == 25


def test_a_hostile_title_cannot_drive_the_terminal(cli: Cli, tmp_path: Path) -> None:
    title = "\x1b]0;owned\x07\x1b[2J\nrow " + "x" * 300
    row = {"id": "a", "title": title, "text": "river"}
    (tmp_path / "docs.jsonl").write_text(json.dumps(row) + "\n")
    cli.json("import", tmp_path / "docs.jsonl", "--name", "bad")
    code, out, _ = cli("search", "-c", "bad", "-q", "river")
    assert code == 0
    assert "\x1b" not in out
    assert "\x07" not in out
    assert len(out.splitlines()) == 2
    assert max(map(len, out.splitlines())) < 150
    assert cli.json("search", "-c", "bad", "-q", "river")[0]["title"] == title


@pytest.mark.parametrize(
    "argv",
    [
        ["-r", "bm25 +", "-q", "x"],
        ["-r", "nonsense", "-q", "x"],
        ["-r", "__import__('os')", "-q", "x"],
        ["-r", "bm25 >> (bm25 + bm25)", "-q", "x"],
        ["-r", "0.5 * bm25 + bm25", "-q", "x"],
        ["-q", "x", "--out", "x.trec"],
        [],
        ["--out", "no/such/folder/run.trec"],
        ["--out", "."],
    ],
)
def test_search_refuses(cli: Cli, small: str, argv: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(p.name for p in tmp_path.iterdir())
    cli.refused("search", "-c", small, *argv)
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_a_run_that_cannot_be_stored_leaves_no_file(cli: Cli, tmp_path: Path) -> None:
    """A TREC run is split by blanks: an id with one cannot stand in it."""
    (tmp_path / "docs.csv").write_text("id,text\na b,the river\n")
    (tmp_path / "queries.csv").write_text("id,text\nq,river\n")
    folder = tmp_path / "made"
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text('{"_id": "a b", "title": "", "text": "the river"}\n')
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "river"}\n')
    cli("import", folder, "--name", "made")
    out = tmp_path / "runs"
    out.mkdir()
    message = cli.refused("search", "-c", "made", "--out", out / "run.trec")
    assert "'a b'" in message
    assert not list(out.iterdir())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no results"),
        ("e1 Q0 p1 1 2.0 x\ne1 Q0 p1 2 1.0 x\n", "line 2"),
        ("e1 Q0 p1 1 high x\n", "field 'score'"),
        ("e1 p1 2.0\n", "six columns"),
        ("e1 Q0 p1 1 nan x\n", "not a number"),
    ],
)
def test_evaluate_tells_what_is_wrong_with_a_run(cli: Cli, small: str, tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "bad.trec").write_text(content)
    message = cli.refused("evaluate", tmp_path / "bad.trec", "-c", small)
    assert "bad.trec" in message
    assert said in message


def test_evaluate_refuses_what_is_no_measure(cli: Cli, small: str, tmp_path: Path) -> None:
    path = Run.from_dict({"e1": {"p9": 1.0}}).save(tmp_path / "run.trec")
    for measure in ("foo", "nDCG@0", "R"):
        assert "measure" in cli.refused("evaluate", path, "-c", small, "-m", measure)
    assert "there is no such file" in cli.refused("evaluate", tmp_path / "none.trec", "-c", small)
    assert "'nowhere'" in cli.refused("evaluate", path, "-c", "nowhere")


def test_evaluate_in_words(cli: Cli, small: str, tmp_path: Path) -> None:
    path = Run.from_dict({"e1": {"p9": 1.0}, "zz": {"p1": 1.0}}).save(tmp_path / "run.trec")
    code, out, _ = cli("evaluate", path, "-c", small, "-m", "RR")
    assert code == 0
    assert out.splitlines()[-1] == "5 judged queries; 4 without results count 0; 1 unjudged left out."


def test_compare(cli: Cli, small: str, tmp_path: Path) -> None:
    path = Run.from_dict({"e1": {"p9": 1.0}}).save(tmp_path / "theirs.trec")
    told = cli.json("compare", "-c", small, "-r", "bm25", "-r", "bm25 % 1", "-r", path, "-m", "MRR@10")
    assert told["measure"] == "RR@10"
    assert told["reference"] == "bm25"
    assert set(told["differences"]) == {"bm25 % 1", str(path)}
    assert told["means"][str(path)]["RR@10"] == pytest.approx(0.2)
    assert told["differences"][str(path)]["losses"] >= 3
    code, out, _ = cli("compare", "-c", small, "-r", "bm25", "-r", path)
    assert code == 0
    assert "of 5 queries" in out
    assert "twice" in cli.refused("compare", "-c", small, "-r", "bm25")


# -- the others


def test_index_and_search_with_a_model(cli: Cli, small: str, ws: Any) -> None:
    told = cli.json("index", "-c", small, "-e", "minilm", "--queries")
    assert (told["vectors"], told["dimensions"], told["index"]) == (9, 384, "Flat")
    assert len(ws.list("vectors")) == 2
    assert cli.json("search", "-c", small, "-r", "minilm", "-q", "a bird dancing")[0]["id"] == "p7"
    assert cli.json("search", "-c", small, "-r", "bm25 % 3 >> minilm", "-q", "river in the Alps")[0]["id"] == "p9"
    assert "'Cube'" in cli.refused("index", "-c", small, "--index", "Cube")


def test_doctor(cli: Cli, ws: Any) -> None:
    checks = cli.json("doctor")
    assert all(set(c) == {"what", "ok", "found", "fix"} for c in checks)
    by = {c["what"]: c for c in checks}
    for what in ("Python", "workspace", "PyTorch", "MiniLM"):
        assert by[what]["ok"], by[what]
    assert str(ws.root) in by["workspace"]["found"]
    assert all(c["fix"] for c in checks if not c["ok"])


def test_papers(cli: Cli) -> None:
    rows = cli.json("papers")
    keys = {"number", "key", "chapter", "tier", "status", "method", "notebook", "claim", "claims"}
    assert all(keys <= set(r) for r in rows)
    dpr = next(r for r in rows if r["key"] == "dpr")
    assert dpr["number"] == 10
    assert {"verdict", "effect", "interval", "seeds"} <= set(dpr["claim"])
    assert dpr["claims"]
    assert not any(str(r["notebook"] or "").startswith("/") for r in rows)
    code, out, _ = cli("papers")
    assert code == 0
    assert "dpr" in out


def test_claims_board_and_notebooks(cli: Cli) -> None:
    board = cli.json("claims", "board")
    assert "dpr" in {c["key"] for c in board["claims"]}
    assert isinstance(board["headline"], str)
    code, out, _ = cli("claims", "board")
    assert code == 0
    assert board["headline"] in out
    assert all(not Path(n["notebook"]).is_absolute() for n in cli.json("notebooks"))


@pytest.mark.parametrize("seeds", ["x", "5-3", "", "1-", "-3", "1,,2", "1-2-3", "1-999999999", "٣"])
def test_claims_run_refuses_what_are_no_seeds(cli: Cli, seeds: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrievarium.claims.runner.run_claim", lambda *_, **__: pytest.fail("measured"))
    assert "--seeds" in cli.refused("claims", "run", "dpr", f"--seeds={seeds}")


def test_seeds_are_ranges_each_once() -> None:
    from retrievarium.claims import parse_seeds

    assert parse_seeds("101-103, 110,102") == [101, 102, 103, 110]
    assert parse_seeds("7") == [7]


def test_train_refuses(cli: Cli, small: str) -> None:
    cli.refused("train", "nonsense", "-c", small)
    cli.refused("train", "dpr", "-c", small, "--budget", "huge")
    assert "--set" in cli.refused("train", "dpr", "-c", small, "--set", "lr")
    assert "--set" in cli.refused("train", "dpr", "-c", small, "--set", "seed=4")
    cli.refused("train", "dpr", "-c", small, "--set", "nonsense=4")


def test_world(cli: Cli, tmp_path: Path, ws: Any) -> None:
    told = cli.json("world", tmp_path / "w", "--passages", "300", "--seed", "3", "--name", "w300")
    assert (told["passages"], told["seed"], told["arm"], told["name"]) == (300, 3, "A", "w300")
    assert (tmp_path / "w" / "corpus.jsonl").is_file()
    again = cli.json("world", "--passages", "300", "--seed", "3", "--name", "w300")  # the same World changes nothing
    assert again["fingerprint"] == told["fingerprint"]
    assert "not empty" in cli.refused("world", tmp_path / "w", "--passages", "300")
    assert "nonsense" in cli.refused("world", "--passages", "300", "--dial", "nonsense=1", "--name", "x")
    for setting in ("nonsense", "seed=4", "siblings=many"):
        assert "--dial" in cli.refused("world", "--dial", setting, "--name", "x")
    assert not (ws.collections / "x").exists()
    path = tmp_path / "run.trec"
    cli.json("search", "-c", "w300", "--out", path)
    assert 0 < cli.json("evaluate", path, "-c", "w300", "-m", "R@20")["measures"]["R@20"] <= 1


@pytest.mark.slow
def test_the_world_s_report(cli: Cli) -> None:
    told = cli.json("world", "--passages", "300", "--seed", "3", "--report")["report"]
    code, out, _ = cli("world", "--passages", "300", "--seed", "3")  # without a place to keep it, the report is shown
    assert code == 0
    assert out.startswith(f"World, seed {told['seed']}, {told['passages']} passages")


@pytest.mark.slow
def test_train_then_load_then_search(cli: Cli, ws: Any) -> None:
    cli.json("world", "--passages", "300", "--seed", "3", "--name", "w300")
    argv = ("train", "dpr", "-c", "w300", "--budget", "smoke", "--set", "steps=2")
    report = cli.json(*argv)
    assert report["method"] == "dpr"
    assert report["settings"]["steps"] == 2
    assert len(ws.list("models")) == 1
    assert cli.json(*argv) == report  # the second request is a load
    code, out, _ = cli(*argv)
    assert code == 0
    assert out.startswith("dpr: trained on w300 in ")
    name = next(n for n in _columns("w300") if n.startswith("dpr_smoke"))
    assert len(cli.json("search", "-c", "w300", "-r", f"bm25 + {name}", "-q", "river", "-k", "3")) == 3


def _columns(collection: str) -> list[str]:
    from retrievarium.data import load_collection
    from retrievarium.methods import shelf

    return [o.name for o in shelf(load_collection(collection))]


def test_app_refuses_a_port_that_is_none(cli: Cli) -> None:
    cli.refused("app", "--port", "0")


def test_app_serves_this_machine_alone(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ws: Any) -> None:
    seen: dict[str, Any] = {}

    def serve(command: list[str], environment: dict[str, str], folder: Path) -> int:
        seen.update(command=command, env=environment)
        return 0

    (tmp_path / "main.py").write_text("")
    monkeypatch.setattr("retrievarium.cli.system.app_folder", lambda: tmp_path)
    monkeypatch.setattr("retrievarium.cli.system._serve", serve)
    code, out, _ = cli("app", "--port", "8600", "--no-browser")
    assert code == 0
    assert "http://127.0.0.1:8600" in out
    assert "--server.address=127.0.0.1" in seen["command"]
    assert "--server.headless=true" in seen["command"]
    assert seen["env"]["RETRIEVARIUM_WORKSPACE"] == str(ws.root)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_who_stops_the_command_stops_the_server() -> None:
    server = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    code = f"""
import sys, os, pathlib
from retrievarium.cli.system import _serve
sys.exit(_serve([sys.executable, "-c", {server!r}], os.environ, pathlib.Path(".")))
"""
    command = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert command.stdout is not None
    pid = int(command.stdout.readline())
    command.terminate()
    assert command.wait(30) == 0
    assert not psutil.pid_exists(pid)


def test_the_workspace_option_wins_over_the_environment(cli: Cli, source: Path, tmp_path: Path, ws: Any) -> None:
    other = tmp_path / "other"
    cli.json("--workspace", other, "import", source, "--name", "small")
    assert (other / "collections" / "small" / "collection.json").is_file()
    assert not ws.collections.exists()
