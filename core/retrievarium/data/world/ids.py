"""Ids of passages, articles, entities, facts and questions."""

from __future__ import annotations


class Ids:
    """Ids of a World; a block of a stream puts its number in front."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix

    def passage(self, number: int) -> str:
        return f"{self.prefix}p{number:06d}"

    def article(self, number: int) -> str:
        return f"{self.prefix}a{number:06d}"

    def entity(self, number: int) -> str:
        return f"{self.prefix}e{number:06d}" if number >= 0 else ""

    def fact(self, number: int) -> str:
        return f"{self.prefix}f{number:06d}"

    def query(self, split: str, number: int) -> str:
        return f"{self.prefix}{split}-{number:05d}"
