"""Retrievers written as text: the algebra of `base`, over names. For the command line, links and saved settings.

    bm25 + minilm        0.3 * bm25 + 0.7 * minilm        bm25 % 100 >> minilm        'sentence-transformers/x' + bm25

A name is a word, or anything in quotes. Nothing is executed: the text is parsed and only these operators are known.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable

from retrievarium.contracts import InputError
from retrievarium.retrievers.base import BaseRetriever

_FORMS = "names joined by +, weights like 0.3 * name, cuts like name % 100, and first >> second"
_LONGEST = 500


def parse_retriever(text: str, resolve: Callable[[str], BaseRetriever]) -> BaseRetriever:
    """The retriever that `text` describes; `resolve(name)` gives the one behind a name. Raises InputError."""
    if len(text) > _LONGEST:
        raise InputError(
            "the retriever's description is too long", field="retriever", expected=f"at most {_LONGEST} characters"
        )
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(
            f"{text!r} is no retriever",
            field="retriever",
            expected=_FORMS,
            fix="put names with other characters than letters, digits and _ in quotes",
        ) from error
    return _build(tree, text, resolve)


def _build(node: ast.expr, text: str, resolve: Callable[[str], BaseRetriever]) -> BaseRetriever:
    def unclear() -> InputError:
        part = ast.get_source_segment(text.strip(), node) or text
        return InputError(f"{part!r} in {text!r} is no retriever", field="retriever", expected=_FORMS)

    if isinstance(node, ast.Name):
        return resolve(node.id)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return resolve(node.value)
    if not isinstance(node, ast.BinOp):
        raise unclear()
    if isinstance(node.op, ast.Mult):
        weight, other = (node.left, node.right) if _number(node.left) is not None else (node.right, node.left)
        if (value := _number(weight)) is None:
            raise unclear()
        return value * _build(other, text, resolve)
    if isinstance(node.op, ast.Mod):
        if not isinstance(node.right, ast.Constant) or type(node.right.value) is not int:
            raise unclear()
        return _build(node.left, text, resolve) % node.right.value
    left, right = _build(node.left, text, resolve), _build(node.right, text, resolve)
    if isinstance(node.op, ast.Add):
        return left + right
    if isinstance(node.op, ast.RShift):
        return left >> right
    raise unclear()


def _number(node: ast.expr) -> float | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _number(node.operand)
        return None if inner is None else -inner
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        try:
            return float(node.value)
        except OverflowError:  # a whole number beyond every float: refused like any other weight that is not finite
            return math.inf
    return None
