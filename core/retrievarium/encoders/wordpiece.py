"""WordPiece vocabularies learned here: the same text gives the same vocabulary, ids included, in every process.

Pieces are learned by byte-pair merging (Sennrich et al., 2016) and used greedily, longest first (Wu et al., 2016), as
BERT does. The tokenizers library's own trainer numbers its pieces differently from process to process, so the
merging is done here; its fast tokenizer does the rest.
"""

from __future__ import annotations

import heapq
import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from retrievarium.contracts import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
MAX_UNKNOWN = 0.01
_ALPHABET = 1000  # characters kept at most, the most frequent ones


def train_wordpiece(texts: Sequence[str], vocab_size: int = 8000, max_length: int = 256) -> PreTrainedTokenizerFast:
    """A fast tokenizer, lower-casing, whose vocabulary of at most `vocab_size` pieces is learned on `texts`.

    Raises
    ------
    InputError: no words in the texts; a vocabulary smaller than the alphabet; or 1% or more of the texts' own pieces
        would be [UNK] (a vocabulary too small for the script).
    """
    words = _word_counts(texts)
    if not words:
        raise InputError("the texts hold no words", expected="some text to learn a vocabulary from")
    alphabet = _alphabet(words)
    if vocab_size <= len(SPECIAL) + len(alphabet):
        raise InputError(
            f"a vocabulary of {vocab_size} has no room for pieces",
            expected=f"more than {len(SPECIAL) + len(alphabet)}: the special tokens and the alphabet",
        )
    pieces = learn_pieces(words, vocab_size - len(SPECIAL) - len(alphabet), alphabet)
    vocab = {piece: i for i, piece in enumerate([*SPECIAL, *alphabet, *pieces])}
    tokenizer = wordpiece_tokenizer(vocab, max_length)
    check_unknown(tokenizer, texts)
    return tokenizer


def learn_pieces(words: Mapping[str, int], merges: int, alphabet: Sequence[str]) -> list[str]:
    """At most `merges` new pieces, most useful first: each joins the pair of neighbours that is most frequent.

    Equal counts are decided by the pair's spelling. Complexity O(total pieces x log pairs).
    """
    known = set(alphabet)
    spelled = [[w[0], *("##" + c for c in w[1:])] for w in words]
    spelled = [s if known.issuperset(s) else [] for s in spelled]
    counts = list(words.values())
    pairs: Counter[tuple[str, str]] = Counter()
    where: dict[tuple[str, str], set[int]] = defaultdict(set)
    for number, symbols in enumerate(spelled):
        for pair in itertools.pairwise(symbols):
            pairs[pair] += counts[number]
            where[pair].add(number)
    heap = [(-count, pair) for pair, count in pairs.items()]
    heapq.heapify(heap)
    pieces: list[str] = []
    while heap and len(pieces) < merges:
        negative, pair = heapq.heappop(heap)
        if pairs[pair] != -negative:  # the count has changed since
            if pairs[pair] > 0:
                heapq.heappush(heap, (-pairs[pair], pair))
            continue
        if pairs[pair] < 2:
            break
        piece = pair[0] + pair[1].removeprefix("##")
        if piece not in known:
            known.add(piece)
            pieces.append(piece)
        touched: set[tuple[str, str]] = set()
        for number in where.pop(pair):
            old, new = spelled[number], _merge(spelled[number], pair, piece)
            spelled[number] = new
            for gone in itertools.pairwise(old):
                pairs[gone] -= counts[number]
            for come in itertools.pairwise(new):
                pairs[come] += counts[number]
                where[come].add(number)
                touched.add(come)
        for changed in touched:
            heapq.heappush(heap, (-pairs[changed], changed))
    return pieces


def _merge(symbols: list[str], pair: tuple[str, str], piece: str) -> list[str]:
    merged: list[str] = []
    i = 0
    while i < len(symbols):
        here = symbols[i : i + 2]
        if len(here) == 2 and here[0] == pair[0] and here[1] == pair[1]:
            merged.append(piece)
            i += 2
        else:
            merged.append(symbols[i])
            i += 1
    return merged


def _word_counts(texts: Iterable[str]) -> dict[str, int]:
    """Words as BERT's own normaliser and splitter see them, with their counts, in alphabetical order."""
    from tokenizers import normalizers, pre_tokenizers

    normal, split = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(word for word, _ in split.pre_tokenize_str(normal.normalize_str(text)))
    return dict(sorted(counts.items()))


def _alphabet(words: Mapping[str, int]) -> list[str]:
    """First letters `a` and later letters `##a` of the most frequent characters."""
    characters: Counter[str] = Counter()
    for word, count in words.items():
        for character in word:
            characters[character] += count
    kept = {c for c, _ in sorted(characters.items(), key=lambda item: (-item[1], item[0]))[:_ALPHABET]}
    first = {w[0] for w in words} & kept
    later = {c for w in words for c in w[1:]} & kept
    return sorted(first) + sorted("##" + c for c in later)


def wordpiece_tokenizer(vocab: Mapping[str, int], max_length: int) -> PreTrainedTokenizerFast:
    """A fast tokenizer around a vocabulary: BERT's normaliser, [CLS] text [SEP], `model_max_length` as given."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.WordPiece(dict(vocab), unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece()
    ends = [(token, vocab[token]) for token in ("[CLS]", "[SEP]")]
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_max_length=max_length,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "attention_mask"],
    )


def unknown_share(tokenizer: Any, texts: Sequence[str]) -> float:
    """Share of the texts' pieces, special tokens aside, that are [UNK]."""
    total = unknown = 0
    for start in range(0, len(texts), 1024):
        chunk = list(texts[start : start + 1024])
        for row in tokenizer(chunk, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]:
            total += len(row)
            unknown += row.count(tokenizer.unk_token_id)
    return unknown / total if total else 0.0


def check_unknown(tokenizer: Any, texts: Sequence[str]) -> None:
    """Refuse a tokenizer that does not know its own training text."""
    share = unknown_share(tokenizer, texts)
    if share >= MAX_UNKNOWN:
        raise InputError(
            f"{share:.1%} of the pieces of these texts are unknown to the vocabulary",
            expected=f"under {MAX_UNKNOWN:.0%}",
            fix="learn the vocabulary on these texts, or make it larger",
        )


def extend_vocab(tokenizer: Any, texts: Sequence[str], extra: int) -> tuple[PreTrainedTokenizerFast, list[list[int]]]:
    """A tokenizer with up to `extra` more pieces learned on `texts`, and each new piece's old pieces as ids.

    Old pieces keep their ids; the new ones follow. A new letter, which had no old piece, is spelled [UNK].
    `extend_backbone` makes a new embedding the mean of its old pieces' embeddings.
    """
    backend = json.loads(tokenizer.backend_tokenizer.to_str())
    if backend["model"]["type"] != "WordPiece":
        raise InputError(f"the tokenizer is {backend['model']['type']}", expected="a WordPiece tokenizer")
    old: dict[str, int] = backend["model"]["vocab"]
    if sorted(old.values()) != list(range(len(old))):
        raise InputError("the vocabulary's ids have gaps", expected="ids 0 to n - 1")
    words = _word_counts(texts)
    letters = [p for p in _alphabet(words) if p not in old]
    # pieces the old vocabulary has are learned again on the way and do not count
    learned = learn_pieces(words, extra + len(old), _alphabet(words)) if words else []
    fresh = [*letters, *(p for p in learned if p not in old)][:extra]
    spelling = [_spell(p, old) for p in fresh]
    vocab = {**old, **{p: len(old) + i for i, p in enumerate(fresh)}}
    return wordpiece_tokenizer(vocab, int(tokenizer.model_max_length)), spelling


def _spell(piece: str, vocab: Mapping[str, int]) -> list[int]:
    """Ids of the old pieces a new piece falls into, greedily, longest first."""
    start, word = ("##", piece[2:]) if piece.startswith("##") and len(piece) > 2 else ("", piece)
    ids: list[int] = []
    at = 0
    while at < len(word):
        end = next((e for e in range(len(word), at, -1) if start + word[at:e] in vocab), None)
        if end is None:
            return [vocab["[UNK]"]]
        ids.append(vocab[start + word[at:end]])
        start, at = "##", end
    return ids
