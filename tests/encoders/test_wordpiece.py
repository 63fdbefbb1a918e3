"""Vocabularies learned here."""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from retrievarium.contracts import InputError
from retrievarium.encoders import extend_backbone, extend_vocab, train_wordpiece
from retrievarium.encoders.wordpiece import check_unknown, learn_pieces, unknown_share


def test_merges_by_hand():
    # ab 5 and bc 4 times: "ab" first; then "abc" (3) before "##bc" (1, too rare)
    words = {"abc": 3, "ab": 2, "xbc": 1}
    assert learn_pieces(words, 10, ["a", "x", "##b", "##c"]) == ["ab", "abc"]


def test_equal_counts_go_by_spelling():
    assert learn_pieces({"zy": 2, "ab": 2, "mn": 2}, 2, ["a", "z", "m", "##b", "##y", "##n"]) == ["ab", "mn"]


def test_counts_stay_right_after_many_merges(texts):
    """Each merge must join the most frequent pair as a fresh count over the words finds it."""
    from retrievarium.encoders.wordpiece import _alphabet, _merge, _word_counts

    words = _word_counts(texts[:60])
    learned = learn_pieces(words, 40, _alphabet(words))
    spelled = {w: [w[0], *("##" + c for c in w[1:])] for w in words}
    for piece in learned:
        pairs: dict[tuple[str, str], int] = {}
        for word, symbols in spelled.items():
            for pair in itertools.pairwise(symbols):
                pairs[pair] = pairs.get(pair, 0) + words[word]
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        assert piece == best[0] + best[1].removeprefix("##")
        spelled = {w: _merge(s, best, piece) for w, s in spelled.items()}
    assert len(learned) == 40


def test_knows_its_own_text(tokenizer, texts):
    assert len(tokenizer) == 400
    assert unknown_share(tokenizer, texts) == 0
    ids = tokenizer(texts[0])["input_ids"]
    assert tokenizer.convert_ids_to_tokens([ids[0], ids[-1]]) == ["[CLS]", "[SEP]"]
    assert tokenizer.pad_token_id == 0
    assert tokenizer.decode(ids, skip_special_tokens=True).replace(" .", ".") == texts[0]


def test_the_same_in_every_process(tokenizer):
    here = str(Path(__file__).parent)
    code = (
        f"import sys; sys.path.insert(0, {here!r}); import hashlib; from conftest import sentences; "
        "from retrievarium.encoders import train_wordpiece; "
        "vocab = train_wordpiece(sentences(300), 400, max_length=64).get_vocab(); "
        "print(hashlib.sha256(repr(sorted(vocab.items())).encode()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    there = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    own = hashlib.sha256(repr(sorted(tokenizer.get_vocab().items())).encode()).hexdigest()
    assert there.stdout.strip() == own


def test_refusals(tokenizer):
    with pytest.raises(InputError, match="no words"):
        train_wordpiece(["", "  "], 100)
    with pytest.raises(InputError, match="has no room"):
        train_wordpiece(["abc def"], 8)
    with pytest.raises(InputError, match="unknown to the vocabulary"):
        check_unknown(tokenizer, ["река горы badu"])


def test_extending_keeps_old_ids_and_adds_new_words(tokenizer):
    names = ["xanquoth visits xanquoth", "vexquoth and xanquoth"] * 5
    wider, spelling = extend_vocab(tokenizer, names, 60)
    old, new = tokenizer.get_vocab(), wider.get_vocab()
    assert all(new[p] == i for p, i in old.items())
    assert len(wider) == len(old) + len(spelling)
    assert tokenizer.unk_token_id in tokenizer("xanquoth")["input_ids"], "else nothing new could be learned"
    assert wider.tokenize("xanquoth") == ["xanquoth"]
    assert all(0 <= i < len(old) for ids in spelling for i in ids)


def test_a_new_embedding_is_the_mean_of_its_old_pieces(backbone):
    wider = extend_backbone(backbone, ["badukelo badukelo badukelo"], 20)
    (piece,) = wider.tokenizer.tokenize("badukelo")
    old_ids = backbone.tokenizer("badukelo", add_special_tokens=False)["input_ids"]
    assert len(old_ids) > 1
    before = backbone.model.embeddings.word_embeddings.weight
    after = wider.model.embeddings.word_embeddings.weight
    row = wider.tokenizer.convert_tokens_to_ids(piece)
    torch.testing.assert_close(after[row], before[old_ids].mean(0))
    torch.testing.assert_close(after[: len(before)], before)
    assert len(after) == len(wider.tokenizer) > len(before)


def test_a_text_without_new_pieces_keeps_its_states(backbone, texts):
    wider = extend_backbone(backbone, ["xyxyxy xyxyxy"], 5)
    ids = backbone.tokenize([texts[0]])
    assert wider.tokenize([texts[0]]) == ids
    batch = torch.tensor(ids)
    with torch.no_grad():
        a = backbone.eval().last(batch, torch.ones_like(batch))
        b = wider.eval().last(batch, torch.ones_like(batch))
    np.testing.assert_array_equal(a.numpy(), b.numpy())
