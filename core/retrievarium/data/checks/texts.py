"""Texts looked at as texts: normal form, script, language by its small words, likeness by windows of characters."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

WINDOW = 16
"""Characters of one window."""

_SKETCH = 6
_BUCKET = 40
_BASE = np.uint64(0x9E3779B97F4A7C15)
_POWERS = np.array([pow(0x9E3779B97F4A7C15, WINDOW - 1 - i, 2**64) for i in range(WINDOW)], dtype=np.uint64)
_SMALL_WORDS = {
    "en": "the of and to in is was that for with on as by at from it are which",
    "de": "der die und das von den des mit ist dem für auf eine nicht sich zu auch werden",
    "es": "de la que el en los del las por con una para es como más su al",
    "fr": "de la le et les des en du est que une dans pour qui par sur au plus",
    "it": "di che il la del della è un per una sono con dei nel le gli alla",
    "pt": "de que do da em um para com não uma os no se na por mais dos",
    "nl": "de het een van en in is dat op te zijn met voor niet aan er door",
}
_WORDS_OF = {code: frozenset(words.split()) for code, words in _SMALL_WORDS.items()}
SCRIPTS: tuple[tuple[str, str], ...] = (
    ("Latin", "A-Za-z\u00c0-\u024f\u1e00-\u1eff"),
    ("Han", "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"),
    ("Kana", "\u3040-\u30ff"),
    ("Hangul", "\uac00-\ud7af\u1100-\u11ff"),
    ("Arabic", "\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc"),
    ("Hebrew", "\u0590-\u05ff"),
    ("Cyrillic", "\u0400-\u052f"),
    ("Greek", "\u0370-\u03ff\u1f00-\u1fff"),
    ("Devanagari", "\u0900-\u097f"),
    ("Thai", "\u0e00-\u0e7f"),
)
_SCRIPT = {name: re.compile(f"[{chars}]+") for name, chars in SCRIPTS}
_WORD = re.compile(r"\w+")
_UNSPACED = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\u0e00-\u0e7f]")


def normal(text: str) -> str:
    """NFKC, case folded, white space collapsed: what two texts share that a reader would call the same."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def script_of(text: str) -> str:
    """The script most letters are in, or `none`."""
    if text.isascii():
        return "Latin" if any(c.isalpha() for c in text) else "none"
    counts = {name: sum(map(len, pattern.findall(text))) for name, pattern in _SCRIPT.items()}
    best = max(counts, key=counts.__getitem__)
    return best if counts[best] else "none"


def guess_language(texts: Iterable[str]) -> str | None:
    """A language of Latin script by its small words: at least 15% of the words, and well ahead of the next."""
    counts: Counter[str] = Counter(w for t in texts for w in _WORD.findall(t.lower()))
    total = sum(counts.values())
    if not total:
        return None
    found = sorted(((sum(counts[w] for w in words) / total, code) for code, words in _WORDS_OF.items()), reverse=True)
    (best, code), (second, _) = found[0], found[1]
    return code if best >= 0.15 and best > 1.3 * second else None


def estimated_tokens(text: str) -> float:
    """A rough count of word pieces: 1.3 a word of an alphabet, one a character of a script without blanks."""
    if text.isascii():
        return 1.3 * len(text.split())
    unspaced = len(_UNSPACED.findall(text))
    return unspaced + 1.3 * len(_UNSPACED.sub(" ", text).split())


def windows(text: str) -> NDArray[np.uint64]:
    """Hashes `(max(0, n - WINDOW + 1),)` of every run of `WINDOW` characters. Polynomial hash modulo 2^64, mixed."""
    codes = np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), dtype="<u4").astype(np.uint64)
    n = len(codes) - WINDOW + 1
    if n <= 0:
        return np.empty(0, dtype=np.uint64)
    hashes = np.zeros(n, dtype=np.uint64)
    for i in range(WINDOW):
        hashes += codes[i : i + n] * _POWERS[i]  # (n,)
    hashes ^= hashes >> np.uint64(29)
    hashes *= _BASE
    return hashes ^ (hashes >> np.uint64(32))


def near_pairs(prints: Sequence[NDArray[np.uint64]], least: float = 0.8) -> list[tuple[int, int, float]]:
    """Pairs whose sets of windows have a Jaccard similarity of at least `least`, `(i, j, similarity)`, i < j.

    Candidates share one of the `_SKETCH` smallest hashes (min-wise sketches; Broder, 1997), so a pair near the
    threshold can be missed: with similarity s about 1 - (1 - s)^6 are found, 99.99% at 0.8.
    """
    buckets: dict[int, list[int]] = defaultdict(list)
    for i, hashes in enumerate(prints):
        if len(hashes) >= WINDOW:
            smallest = (
                np.partition(hashes, min(_SKETCH, len(hashes) - 1))[:_SKETCH] if len(hashes) > _SKETCH else hashes
            )
            for h in set(smallest.tolist()):
                buckets[h].append(i)
    seen: set[tuple[int, int]] = set()
    sets: dict[int, NDArray[np.uint64]] = {}
    found = []

    def distinct(i: int) -> NDArray[np.uint64]:
        if i not in sets:
            sets[i] = np.unique(prints[i])
        return sets[i]

    for members in buckets.values():
        for a, i in enumerate(members[:_BUCKET]):
            for j in members[a + 1 : _BUCKET]:
                if (i, j) in seen:
                    continue
                seen.add((i, j))
                one, two = distinct(i), distinct(j)
                if min(len(one), len(two)) < least * max(len(one), len(two)):
                    continue  # the similarity is at most the ratio of the sizes
                both = len(np.intersect1d(one, two, assume_unique=True))
                similarity = both / (len(one) + len(two) - both)
                if similarity >= least:
                    found.append((i, j, similarity))
    return sorted(found)
