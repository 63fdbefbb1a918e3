"""A causal or sequence-to-sequence language model in a local transformers folder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from retrievarium.contracts import InputError
from retrievarium.encoders.fingerprints import folder_fingerprint
from retrievarium.generation.tokens import TokenCount, check_request
from retrievarium.training.seeds import torch_seed


class LocalGenerator:
    """`model.safetensors` with its tokenizer; nothing is fetched, no code in the folder is run.

    Where the tokenizer has a chat template, a prompt is one user turn. Each text is drawn for itself, so it depends on
    its prompt, its number and the seed alone.
    """

    can_score = True

    def __init__(self, folder: str | Path, device: str = "cpu", name: str | None = None) -> None:
        self.folder, self.device = Path(folder), device
        if not list(self.folder.glob("*.safetensors")):
            raise InputError(
                "there is no model here", path=self.folder, expected="a transformers folder with safetensors weights"
            )
        self.name = name or self.folder.name
        self.fingerprint = folder_fingerprint(self.folder)
        self.count = TokenCount()

    @cached_property
    def _loaded(self) -> tuple[Any, Any, bool]:
        """Model, tokenizer, and whether it reads first and writes then."""
        from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

        here: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        config = AutoConfig.from_pretrained(self.folder, **here)
        both = bool(config.is_encoder_decoder)
        kind = AutoModelForSeq2SeqLM if both else AutoModelForCausalLM
        model = kind.from_pretrained(self.folder, use_safetensors=True, **here).eval().to(self.device)
        tokenizer = AutoTokenizer.from_pretrained(self.folder, **here)
        return model, tokenizer, both

    def _prompt(self, prompt: str) -> Any:
        """Ids `(1, S)`."""
        _, tokenizer, _ = self._loaded
        plain = True
        if getattr(tokenizer, "chat_template", None):
            turn = [{"role": "user", "content": prompt}]
            prompt = tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
            plain = False  # the template writes its own special tokens
        ids = tokenizer(prompt, return_tensors="pt", add_special_tokens=plain)["input_ids"].to(self.device)
        if not ids.shape[1]:
            raise InputError("a prompt is empty", field="prompts")
        return ids

    def generate(
        self, prompts: Sequence[str], n: int = 1, max_new_tokens: int = 64, temperature: float = 0.7, seed: int = 0
    ) -> list[list[str]]:
        """n texts for each prompt, without the prompt; at temperature 0 all n are the same."""
        import torch

        check_request(n, max_new_tokens, temperature)
        model, tokenizer, both = self._loaded
        end = model.generation_config.eos_token_id
        how: dict[str, Any] = {"do_sample": temperature > 0, "max_new_tokens": max_new_tokens}
        how |= {"temperature": temperature, "top_k": 0, "top_p": 1.0} if temperature > 0 else {}
        fill = tokenizer.pad_token_id
        how["pad_token_id"] = fill if fill is not None else (end[0] if isinstance(end, list) else end)
        found: list[list[str]] = []
        for prompt in prompts:
            ids = self._prompt(prompt)
            line: list[str] = []
            for number in range(n if temperature > 0 else 1):
                with torch.random.fork_rng(), torch.inference_mode():
                    torch.manual_seed(torch_seed(seed, prompt, number))
                    out = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), **how)[0]
                new = out[1:] if both else out[ids.shape[1] :]
                self.count.add(not line, ids.shape[1], len(new))
                line.append(tokenizer.decode(new, skip_special_tokens=True).strip())
            found.append(line if temperature > 0 else line * n)
        return found

    def score(self, prompts: Sequence[str], continuations: Sequence[str]) -> list[float]:
        """Log-probability in nats of each continuation's pieces after its prompt."""
        import torch

        model, tokenizer, both = self._loaded
        values: list[float] = []
        for prompt, text in zip(prompts, continuations, strict=True):
            ids = self._prompt(prompt)
            new = tokenizer(text, return_tensors="pt", add_special_tokens=both)["input_ids"].to(self.device)
            with torch.inference_mode():
                if both:
                    logits = model(input_ids=ids, labels=new).logits
                else:
                    logits = model(input_ids=torch.cat([ids, new], dim=1)).logits[:, ids.shape[1] - 1 : -1]
            chosen = logits.float().log_softmax(dim=-1).gather(2, new[..., None])
            values.append(float(chosen.sum()))
            self.count.add(1, ids.shape[1] + new.shape[1], 0)
        return values
