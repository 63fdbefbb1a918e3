"""A model behind an OpenAI-compatible endpoint: a company's, or a server of one's own."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from typing import Any

from retrievarium.contracts import InputError, RetrievariumError
from retrievarium.generation.tokens import TokenCount, check_request
from retrievarium.workspace import content_hash

_AGAIN = (408, 429, 500, 502, 503, 504)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The key goes where it was sent, and nowhere else."""

    def redirect_request(self, *arguments: Any) -> None:
        return None


class EndpointGenerator:
    """`POST <base_url>/chat/completions`. Wrap it in a `CachedGenerator`: a text that was paid for is kept.

    Parameters
    ----------
    model: as the endpoint calls it.
    base_url: up to and without `/chat/completions`.
    key_variable: the environment variable that holds the key; None where the server asks for none. The key is read
        when it is used, and is in no attribute, file, message or fingerprint.
    retries, wait: how often a busy server is asked again, and the first pause in seconds, doubled each time.
    """

    can_score = False

    def __init__(
        self,
        model: str,
        base_url: str = "https://api.openai.com/v1",
        key_variable: str | None = "OPENAI_API_KEY",
        *,
        timeout: float = 60.0,
        retries: int = 3,
        wait: float = 1.0,
    ) -> None:
        parts = urllib.parse.urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise InputError(f"{base_url!r} is no address", field="base_url", expected="https://host/v1")
        if parts.username or parts.password:
            raise InputError("the address holds a password", field="base_url", fix="name it in key_variable")
        self.model, self.base_url, self.key_variable = model, base_url.rstrip("/"), key_variable
        self.timeout, self.retries, self.wait = timeout, retries, wait
        self.name, self.count = model, TokenCount()
        self.fingerprint = content_hash(["endpoint", self.base_url, model])
        self._opener = urllib.request.build_opener(_NoRedirect)

    def __repr__(self) -> str:
        return f"EndpointGenerator({self.model!r}, {self.base_url!r})"

    def generate(
        self, prompts: Sequence[str], n: int = 1, max_new_tokens: int = 64, temperature: float = 0.7, seed: int = 0
    ) -> list[list[str]]:
        """n texts for each prompt. Whether the seed is heeded is the server's matter.

        Raises RetrievariumError where the server refuses, or stays busy.
        """
        check_request(n, max_new_tokens, temperature)
        return [self._texts(p, n, max_new_tokens, temperature, seed) for p in prompts]

    def score(self, prompts: Sequence[str], continuations: Sequence[str]) -> list[float]:
        """Chat endpoints do not say how likely a given text is."""
        raise InputError(f"{self.name} cannot score texts", fix="use a local model")

    def _texts(self, prompt: str, n: int, most: int, temperature: float, seed: int) -> list[str]:
        texts: list[str] = []
        while len(texts) < n:  # some servers give one text whatever n says
            asked = {
                "model": self.model,
                "messages": [{"role": "user", "content": prompt}],
                "n": n - len(texts),
                "max_tokens": most,
                "temperature": temperature,
                "seed": seed + len(texts),
            }
            answer = self._post(asked)
            try:
                found = [str(c["message"]["content"] or "").strip() for c in answer["choices"]]
            except (KeyError, TypeError) as error:
                raise RetrievariumError(f"{self.base_url} gave no choices: is it OpenAI-compatible?") from error
            if not found:
                raise RetrievariumError(f"{self.base_url} gave no text")
            texts += found
            usage = answer.get("usage") or {}
            self.count.add(0, int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0))
        self.count.add(1, 0, 0)
        return texts[:n]

    def _key(self) -> str | None:
        if self.key_variable is None:
            return None
        key = os.environ.get(self.key_variable)
        if not key:
            raise InputError(
                f"the environment variable {self.key_variable} is empty",
                field="key_variable",
                fix=f"set {self.key_variable} to the key, or key_variable=None for a server without one",
            )
        return key

    def _post(self, asked: dict[str, Any]) -> dict[str, Any]:
        key = self._key()
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
        body = json.dumps(asked).encode("utf-8")
        for attempt in range(self.retries + 1):
            request = urllib.request.Request(f"{self.base_url}/chat/completions", body, headers, method="POST")
            try:
                with self._opener.open(request, timeout=self.timeout) as answer:
                    return dict(json.load(answer))
            except urllib.error.HTTPError as error:
                told = error.read(2_000).decode("utf-8", "replace")
                if error.code not in _AGAIN or attempt == self.retries:
                    told = told.replace(key, "***") if key else told
                    raise RetrievariumError(f"{self.base_url} answered {error.code}: {told}") from None
            except (urllib.error.URLError, TimeoutError) as error:
                if attempt == self.retries:
                    raise RetrievariumError(f"{self.base_url} cannot be reached: {error}") from None
            except ValueError as error:
                raise RetrievariumError(f"{self.base_url} did not answer in JSON") from error
            time.sleep(self.wait * 2**attempt)
        raise AssertionError("the last attempt returns or raises")
