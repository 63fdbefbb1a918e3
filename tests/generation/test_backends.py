"""Local folders, an endpoint (a server of our own), the cache, and the oracle."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch

from retrievarium.contracts import Generator, InputError, RetrievariumError
from retrievarium.data import World
from retrievarium.encoders import train_wordpiece
from retrievarium.generation import CachedGenerator, EndpointGenerator, LocalGenerator, OracleGenerator
from retrievarium.workspace import Workspace

SECRET = "key-that-nobody-may-see"


class Server:
    """A chat endpoint that repeats the prompt in capitals, and behaves as its list of replies says."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.replies: list[tuple[int, Any]] = []  # what to answer first; then normally
        self.one_at_a_time = False
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.asked.append({"path": self.path, **asked})
                server.keys.append(self.headers.get("Authorization"))
                status, body = server.replies.pop(0) if server.replies else (200, server.answer(asked))
                self.send_response(status)
                if status in (301, 302, 307):
                    self.send_header("Location", body)
                self.end_headers()
                self.wfile.write(body.encode() if isinstance(body, str) else json.dumps(body).encode())

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        count = 1 if self.one_at_a_time else asked["n"]
        text = asked["messages"][0]["content"].upper()
        choices = [{"message": {"content": f"{text} {asked['seed']}.{i}"}} for i in range(count)]
        return {"choices": choices, "usage": {"prompt_tokens": 10, "completion_tokens": 3 * count}}

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("A_KEY", SECRET)
    for proxy in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    one = Server()
    yield one
    one.close()


def endpoint(server: Server, **settings: Any) -> EndpointGenerator:
    return EndpointGenerator("small-model", server.url, "A_KEY", wait=0.0, **settings)


def test_an_endpoint_is_asked_as_its_protocol_says(server: Server) -> None:
    generator = endpoint(server)
    assert isinstance(generator, Generator)
    assert generator.generate(["ab", "cd"], 2, 17, 0.3, 5) == [["AB 5.0", "AB 5.1"], ["CD 5.0", "CD 5.1"]]
    first = server.asked[0]
    assert first["path"] == "/v1/chat/completions"
    assert {k: first[k] for k in ("model", "n", "max_tokens", "temperature", "seed")} == {
        "model": "small-model", "n": 2, "max_tokens": 17, "temperature": 0.3, "seed": 5
    }  # fmt: skip
    assert server.keys == [f"Bearer {SECRET}"] * 2
    assert generator.count.to_dict() == {"prompts": 2, "read": 20, "written": 12}
    assert not generator.can_score
    with pytest.raises(InputError, match="cannot score"):
        generator.score(["a"], ["b"])


def test_a_server_that_gives_one_text_is_asked_again(server: Server) -> None:
    server.one_at_a_time = True
    assert endpoint(server).generate(["ab"], 3, 5, 0.3, 5) == [["AB 5.0", "AB 6.0", "AB 7.0"]]
    assert [a["n"] for a in server.asked] == [3, 2, 1]


def test_a_busy_server_is_asked_again_and_a_refusal_is_told_without_the_key(server: Server) -> None:
    server.replies = [(429, "slow down"), (503, "busy")]
    assert endpoint(server).generate(["ab"], 1) == [["AB 0.0"]]
    assert len(server.asked) == 3
    server.replies = [(503, "busy")] * 4
    with pytest.raises(RetrievariumError, match="503: busy"):
        endpoint(server).generate(["ab"], 1)
    server.asked.clear()
    server.replies = [(401, f"the key {SECRET} is wrong")]
    with pytest.raises(RetrievariumError, match=r"401: the key \*\*\* is wrong") as told:
        endpoint(server).generate(["ab"], 1)
    assert SECRET not in "".join(map(str, (told.value, told.value.__cause__, endpoint(server), vars(endpoint(server)))))
    assert len(server.asked) == 1


def test_the_key_follows_no_redirect(server: Server) -> None:
    other = Server()
    try:
        server.replies = [(307, f"{other.url}/chat/completions"), (302, f"{other.url}/chat/completions")]
        for status in (307, 302):
            with pytest.raises(RetrievariumError, match=str(status)):
                endpoint(server).generate(["ab"], 1)
        assert other.asked == []
    finally:
        other.close()


def test_what_is_no_answer_and_what_is_no_key(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for reply, message in (("no json", "JSON"), ({"hello": 1}, "no choices"), ({"choices": []}, "no text")):
        server.replies = [(200, reply)]
        with pytest.raises(RetrievariumError, match=message):
            endpoint(server).generate(["ab"], 1)
    monkeypatch.delenv("A_KEY")
    with pytest.raises(InputError, match="A_KEY is empty"):
        endpoint(server).generate(["ab"], 1)
    open_server = EndpointGenerator("small-model", server.url, None)
    assert open_server.generate(["ab"], 1) == [["AB 0.0"]]
    assert server.keys[-1] is None
    for address in ("ftp://x/v1", "x", "file:///etc/passwd"):
        with pytest.raises(InputError, match="no address"):
            EndpointGenerator("m", address)
    with pytest.raises(InputError, match="password"):
        EndpointGenerator("m", "https://me:secret@host/v1")
    with pytest.raises(RetrievariumError, match="cannot be reached"):
        EndpointGenerator("m", "http://127.0.0.1:9/v1", None, retries=0).generate(["a"], 1)


def test_what_was_paid_for_is_read_back(server: Server, ws: Workspace) -> None:
    cached = CachedGenerator(endpoint(server), ws)
    assert isinstance(cached, Generator)
    first = cached.generate(["ab", "cd", "ab"], 2, 8, 0.3, 5)
    assert first == [["AB 5.0", "AB 5.1"], ["CD 5.0", "CD 5.1"], ["AB 5.0", "AB 5.1"]]
    assert len(server.asked) == 2
    again = CachedGenerator(endpoint(server), ws)
    assert again.generate(["cd", "ef"], 2, 8, 0.3, 5) == [["CD 5.0", "CD 5.1"], ["EF 5.0", "EF 5.1"]]
    assert len(server.asked) == 3
    assert again.count.to_dict() == {"prompts": 1, "read": 10, "written": 6}
    for changed in ({"n": 1}, {"max_new_tokens": 9}, {"temperature": 0.4}, {"seed": 6}):
        before = len(server.asked)
        again.generate(["cd"], **{"n": 2, "max_new_tokens": 8, "temperature": 0.3, "seed": 5, **changed})
        assert len(server.asked) == before + 1, changed
    CachedGenerator(EndpointGenerator("other-model", server.url, "A_KEY"), ws).generate(["cd"], 2, 8, 0.3, 5)
    assert server.asked[-1]["model"] == "other-model"
    kept = b"".join(p.read_bytes() for p in ws.root.rglob("*") if p.is_file())
    assert b"CD 5.0" in kept
    assert SECRET.encode() not in kept


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A random GPT-2 and a random BART, smaller than a picture."""
    from transformers import BartConfig, BartForConditionalGeneration, GPT2Config, GPT2LMHeadModel

    tokenizer = train_wordpiece(["the river rises in the hills and the town lies north of the bridge"] * 3, 60, 64)
    n, end = len(tokenizer), tokenizer.sep_token_id
    ends = {"bos_token_id": tokenizer.cls_token_id, "eos_token_id": end, "pad_token_id": tokenizer.pad_token_id}
    torch.manual_seed(0)
    made = {
        "causal": GPT2LMHeadModel(GPT2Config(vocab_size=n, n_positions=64, n_embd=16, n_layer=1, n_head=2, **ends)),
        "seq2seq": BartForConditionalGeneration(
            BartConfig(
                vocab_size=n, d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
                decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, max_position_embeddings=64,
                decoder_start_token_id=end, forced_eos_token_id=None, **ends,
            )
        ),
    }  # fmt: skip
    root = tmp_path_factory.mktemp("models")
    for name, model in made.items():
        model.save_pretrained(root / name)
        tokenizer.save_pretrained(root / name)
    return {name: root / name for name in made}


@pytest.mark.parametrize("kind", ["causal", "seq2seq"])
def test_a_local_folder_writes_and_scores(folders: dict[str, Path], kind: str) -> None:
    generator = LocalGenerator(folders[kind])
    assert isinstance(generator, Generator)
    prompts = ["the river", "north of the town lies"]
    texts = generator.generate(prompts, 3, 6, 1.2, 4)
    assert [len(line) for line in texts] == [3, 3]
    assert generator.generate([prompts[1]], 2, 6, 1.2, 4) == [texts[1][:2]]
    assert generator.generate(prompts, 3, 6, 1.2, 5) != texts
    assert len(set(generator.generate(prompts, 3, 6, 0.0)[0])) == 1
    assert not any(t.startswith("the river") and kind == "seq2seq" for t in texts[0])
    assert generator.count.prompts == 2 + 1 + 2 + 2
    assert 0 < generator.count.written <= 6 * (6 + 2 + 6 + 2)

    state = torch.random.get_rng_state()
    generator.generate(prompts, 1, 3, 1.0, 0)
    assert torch.equal(state, torch.random.get_rng_state()), "other randomness was disturbed"

    (value,) = generator.score(["the river"], ["rises north"])
    model, tokenizer, both = generator._loaded
    prompt = tokenizer("the river", return_tensors="pt")["input_ids"]
    new = tokenizer("rises north", return_tensors="pt", add_special_tokens=both)["input_ids"]
    with torch.inference_mode():
        if both:
            loss = model(input_ids=prompt, labels=new).loss  # the library's own mean over pieces
        else:
            labels = torch.cat([torch.full_like(prompt, -100), new], dim=1)
            loss = model(input_ids=torch.cat([prompt, new], dim=1), labels=labels).loss
    assert value == pytest.approx(-float(loss) * new.shape[1], abs=1e-4)


def test_a_folder_without_safe_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"anything")
    with pytest.raises(InputError, match="no model here"):
        LocalGenerator(tmp_path)


@pytest.fixture(scope="module")
def world() -> Any:
    return World(3, 200).collection()


def test_the_oracle_knows_and_errs_as_told(world: Any) -> None:
    asked = world.test.queries
    prompts = [f"Please write a passage to answer the question.\nQuestion: {t}\nPassage:" for t in asked.texts]
    answers = list(asked.column("answers"))
    told = OracleGenerator(world).generate(prompts)
    assert isinstance(OracleGenerator(world), Generator)
    assert all(a in text for line, wanted in zip(told, answers, strict=True) for a in wanted for text in line)
    always = OracleGenerator(world, 1.0).generate(prompts, 2)
    assert all(text for line in always for text in line)
    assert not any(a in text for line, wanted in zip(always, answers, strict=True) for a in wanted for text in line)
    some = OracleGenerator(world, 0.3).generate(prompts * 1, 20)
    single = [i for i, wanted in enumerate(answers) if len(wanted) == 1]
    wrong = [answers[i][0] not in text for i in single for text in some[i]]
    assert sum(wrong) / len(wrong) == pytest.approx(0.3, abs=4 * (0.21 / len(wrong)) ** 0.5)
    assert OracleGenerator(world, 0.3).generate(prompts[3:4], 20) == some[3:4]
    assert OracleGenerator(world).generate(["What is the capital of Nowhere?", ""]) == [[""], [""]]
    assert all(len(t.split()) <= 3 for line in OracleGenerator(world).generate(prompts, 1, 3) for t in line)


def test_the_oracle_refuses_what_it_cannot_know(world: Any, collection: Any) -> None:
    with pytest.raises(InputError, match="does not tell its facts"):
        OracleGenerator(collection)
    with pytest.raises(InputError, match="error_rate"):
        OracleGenerator(world, 1.5)
    with pytest.raises(InputError, match="cannot score"):
        OracleGenerator(world).score(["a"], ["b"])
    assert OracleGenerator(world, 0.1).fingerprint != OracleGenerator(world, 0.2).fingerprint
