"""Tiny writers: they copy names they have never seen, and what they say of their probabilities is true."""

from __future__ import annotations

import math
import random
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from retrievarium.contracts import Generator, InputError
from retrievarium.encoders import train_wordpiece
from retrievarium.generation import TinyCausal, TinyGenerator, TinySeq2Seq, train_generator
from retrievarium.training import RunConfig

SYLLABLES = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
KINDS = ("causal", "seq2seq")


def pairs(n: int, syllables: list[str], seed: int) -> tuple[list[str], list[str]]:
    """ "where is the river lotami ?" and "the river lotami lies north ." for names made of these syllables."""
    rng = random.Random(seed)
    found = []
    for _ in range(n):
        name, what = "".join(rng.choice(syllables) for _ in range(3)), rng.choice(["river", "town", "ship", "bridge"])
        found.append((f"where is the {what} {name} ?", f"the {what} {name} lies north ."))
    return [p for p, _ in found], [t for _, t in found]


def split_syllables() -> tuple[list[str], list[str]]:
    mixed = random.Random(5).sample(SYLLABLES, len(SYLLABLES))
    return mixed[:44], mixed[44:]


@lru_cache
def vocabulary() -> Any:
    prompts, texts = pairs(1_500, SYLLABLES, 1)
    return train_wordpiece([f"{p} {t}" for p, t in zip(prompts, texts, strict=True)], 190)


@lru_cache
def trained(kind: str, gate: bool = True, steps: int = 120) -> TinyGenerator:
    prompts, texts = pairs(600, split_syllables()[0], 0)
    shape = {"layers": 2, "dim": 64, "heads": 2, "gate": gate}
    lengths = {"longest": 24, "longest_prompt": 24}
    writer, _ = train_generator(
        prompts, texts, steps, kind=kind, tokenizer=vocabulary(), shape=shape, batch=24, lr=4e-3,
        fitting={"config": RunConfig(1)}, **lengths,
    )  # fmt: skip
    return writer


def right(writer: TinyGenerator, syllables: list[str]) -> float:
    prompts, texts = pairs(30, syllables, 99)
    written = writer.generate(prompts, 1, 20, 0.0)
    return float(np.mean([w[0].replace(" ", "") == t.replace(" ", "") for w, t in zip(written, texts, strict=True)]))


@pytest.mark.parametrize("kind", KINDS)
def test_names_never_seen_are_copied_and_without_the_gate_they_are_not(kind: str) -> None:
    unseen = split_syllables()[1]
    assert not set(unseen) & set(split_syllables()[0])
    assert right(trained(kind), unseen) >= 0.8
    assert right(trained(kind, gate=False), unseen) <= 0.65, "these names need no gate"
    assert right(trained(kind, steps=0), unseen) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_sum_to_1_and_agree_with_the_score(kind: str) -> None:
    writer = trained(kind)
    prompts, texts = pairs(3, SYLLABLES, 7)
    prompts[1] = "north ?"  # of another length, so that one is padded
    rows, wanted = writer.prompt_ids(prompts), writer.target_ids(texts)
    expected = []
    with torch.inference_mode():
        for row, following in zip(rows, wanted, strict=True):
            source, mask = torch.tensor([row]), torch.ones(1, len(row), dtype=torch.int64)
            written, total = [writer.tokenizer.cls_token_id], 0.0
            for piece in following:
                probabilities = writer.model.following(source, mask, torch.tensor([written]))
                assert float(probabilities.sum()) == pytest.approx(1, abs=1e-5)
                assert (probabilities >= 0).all()
                total += math.log(float(probabilities[0, piece]))
                written.append(piece)
            expected.append(total)
    scores = writer.score(prompts, texts)
    assert scores == pytest.approx(expected, abs=1e-3)
    assert scores[0] > scores[1] + 1, "a text with a name from nowhere should be less likely"


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_depends_on_its_prompt_its_number_and_the_seed_alone(kind: str) -> None:
    writer = trained(kind)
    assert isinstance(writer, Generator)
    prompts = [*pairs(4, SYLLABLES, 8)[0], "where ?"]
    together = writer.generate(prompts, 3, 12, 1.5, seed=4)
    assert [len(line) for line in together] == [3] * 5
    assert writer.generate([prompts[2]], 3, 12, 1.5, seed=4) == [together[2]]
    assert writer.generate([prompts[2]], 2, 12, 1.5, seed=4) == [together[2][:2]]
    assert writer.generate(prompts, 3, 12, 1.5, seed=5) != together
    assert len(set(together[4])) > 1
    assert len(set(writer.generate(["where ?"], 3, 12, 0.0)[0])) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_kept_in_a_folder_without_a_pickle(kind: str, tmp_path: Path) -> None:
    writer = trained(kind)
    again = TinyGenerator.load(writer.save(tmp_path / "writer"))
    prompts, texts = pairs(3, SYLLABLES, 9)
    assert again.fingerprint == writer.fingerprint
    assert again.generate(prompts, 2, 10, 0.9, 1) == writer.generate(prompts, 2, 10, 0.9, 1)
    assert again.score(prompts, texts) == writer.score(prompts, texts)
    assert {p.suffix for p in (tmp_path / "writer").iterdir()} <= {".json", ".safetensors"}
    assert trained(kind, gate=False).fingerprint != writer.fingerprint
    with pytest.raises(InputError, match="no tiny writer"):
        TinyGenerator.load(tmp_path)


def test_the_future_is_not_seen() -> None:
    """Changing a later piece of the text moves no earlier probability; changing the prompt does."""
    generator = torch.Generator().manual_seed(0)
    source, target = (torch.randint(5, 50, (2, n), generator=generator) for n in (6, 7))
    mask = torch.tensor([[1] * 6, [1] * 4 + [0] * 2])
    for kind in (TinyCausal, TinySeq2Seq):
        model = kind(50, layers=2, dim=16, heads=2).eval()
        wanted = torch.randint(5, 50, (2, 7), generator=generator)
        before = model(source, mask, target, wanted)
        later = target.clone()
        later[:, 5] = 7
        after = model(source, mask, later, wanted)
        assert torch.allclose(before[:, :5], after[:, :5], atol=1e-6)
        assert not torch.allclose(before[:, 5:], after[:, 5:], atol=1e-4)
        padded = source.clone()
        padded[1, 4:] = 9
        assert torch.allclose(model(padded, mask, target, wanted), before, atol=1e-6)
        other = source.clone()
        other[:, 2] = 8
        assert not torch.allclose(model(other, mask, target, wanted), before, atol=1e-4)


def test_tokens_are_counted_and_nonsense_is_refused() -> None:
    writer = trained("causal")
    before = writer.count.to_dict()
    writer.generate(["where ?"], 2, 5, 0.0)
    assert writer.count.prompts == before["prompts"] + 1
    assert writer.count.read == before["read"] + 2 * len(writer.prompt_ids(["where ?"])[0])
    assert 0 < writer.count.written - before["written"] <= 10
    assert writer.generate([], 2) == []
    for wrong, field in (({"n": 0}, "n"), ({"max_new_tokens": 0}, "max_new"), ({"temperature": -1.0}, "temperature")):
        with pytest.raises(InputError, match=field):
            writer.generate(["x"], **wrong)
    with pytest.raises(InputError, match="no writer"):
        train_generator(["a", "b"], ["a", "b"], 1, kind="rnn")
    with pytest.raises(InputError, match="two pairs"):
        train_generator(["a"], ["a"], 1)
