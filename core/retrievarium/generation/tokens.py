"""What generation costs, in the generator's own tokens; and what every generator refuses."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from retrievarium.contracts import InputError


@dataclass
class TokenCount:
    """Tokens read and written since the generator was made; what a cache answers costs nothing."""

    prompts: int = 0
    read: int = 0
    written: int = 0

    def add(self, prompts: int, read: int, written: int) -> None:
        self.prompts += prompts
        self.read += read
        self.written += written

    def to_dict(self) -> dict[str, int]:
        return asdict(self)


def check_request(n: int, max_new_tokens: int, temperature: float) -> None:
    """Raises InputError for what no generator can do."""
    if n < 1:
        raise InputError(f"{n} texts a prompt", field="n", expected="1 or more")
    if max_new_tokens < 1:
        raise InputError(f"{max_new_tokens} new tokens", field="max_new_tokens", expected="1 or more")
    if temperature < 0:
        raise InputError(f"temperature is {temperature}", field="temperature", expected="0 (the likeliest) or more")
