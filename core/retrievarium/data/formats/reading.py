"""Files as lines, JSON objects, JSON documents and table records: bounded, with the line known in every error."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from retrievarium.contracts import InputError, Progress, no_progress

LINE_LIMIT = 16 * 2**20
"""Longest line, in bytes, that an importer takes into memory (16 MiB)."""

DOCUMENT_LIMIT = 2**30
"""Largest JSON document, in bytes after unpacking, that is loaded whole (1 GiB)."""

_PROGRESS_EVERY = 2**21
_BUFFER = 2**20
_WIDE = {b"\xff\xfe\x00\x00": "utf-32", b"\x00\x00\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_NOT_TEXT = {
    b"PK\x03\x04": "a zip archive",
    b"PAR1": "a Parquet file",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"ARROW1": "an Arrow file",
    b"%PDF": "a PDF",
}


@dataclass(frozen=True)
class Limits:
    """How much of a file may be in memory at once, in bytes. Pass larger ones where your data need them."""

    line: int = LINE_LIMIT
    document: int = DOCUMENT_LIMIT


def _size(n: int) -> str:
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if n >= factor:
            return f"{n / factor:.4g} {unit}"
    return f"{n} bytes"


_DECODER = json.JSONDecoder(parse_constant=lambda _: None)  # NaN and Infinity are not JSON: read as missing


class Reader:
    """Reads the files of one import.

    Parameters
    ----------
    encoding: how text is encoded. By default UTF-8 with or without a byte order mark, and UTF-16 or UTF-32 where a
        mark says so; anything else is refused with a guess at what it may be.
    limits: bounds on lines and documents.
    progress: told the bytes read so far of `total`.
    """

    def __init__(
        self,
        encoding: str | None = None,
        limits: Limits | None = None,
        progress: Progress = no_progress,
        total: int = 0,
    ) -> None:
        if encoding is not None:
            try:
                "".encode(encoding)
            except LookupError as error:
                raise InputError(
                    f"there is no encoding {encoding!r}", field="encoding", expected="a name like utf-8 or cp1252"
                ) from error
        self.encoding, self.limits, self.progress = encoding, limits or Limits(), progress
        self.total, self.done, self._told = total, 0, 0
        self.encodings: dict[str, str] = {}  # files that are not UTF-8, and what they were read as

    def _tell(self, position: int, path: Path) -> None:
        done = self.done + position
        if done - self._told >= _PROGRESS_EVERY:
            self._told = done
            self.progress(min(done, self.total), max(self.total, 1), f"reading {path.name}", {})

    # -- lines

    def lines(self, path: Path) -> Iterator[tuple[int, str]]:
        """Line numbers from 1 and lines without their ends, streamed; gzip is recognised by its first bytes."""
        try:
            with path.open("rb") as raw:
                packed = raw.peek(2)[:2] == b"\x1f\x8b"
                stream: Any = io.BufferedReader(gzip.GzipFile(fileobj=raw), _BUFFER) if packed else raw
                wide = self._look(path, stream)
                lines = self._wide_lines(path, stream, wide) if wide else self._byte_lines(path, stream)
                for number, text in lines:
                    if number % 256 == 0:
                        self._tell(raw.tell(), path)
                    yield number, text
                self.done += raw.tell()
        except FileNotFoundError as error:
            raise InputError("there is no such file", path=path) from error
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError("the gzip archive is damaged or cut short", path=path, fix="fetch it again") from error
        except OSError as error:
            raise InputError(f"the file cannot be read ({error.strerror or error})", path=path) from error

    def _look(self, path: Path, stream: Any) -> str | None:
        """The wide encoding that a mark or the caller names, else None. Raises InputError for what is not text."""
        head = stream.peek(64)[:64]
        for magic, what in _NOT_TEXT.items():
            if head.startswith(magic):
                raise InputError(f"this is {what}, not text", path=path, fix="unpack or convert it first")
        if self.encoding is not None:
            wide = self.encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32", "utf16", "utf32"))
            return self.encoding if wide else None
        for mark, name in _WIDE.items():
            if head.startswith(mark):
                self.encodings[str(path)] = name
                return name
        if len(head) >= 8 and max(head[::2].count(0), head[1::2].count(0)) > len(head) // 3:
            order = "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
            raise InputError(
                "the file looks like UTF-16 without a byte order mark",
                path=path,
                line=1,
                expected="UTF-8",
                fix=f"save it as UTF-8, or pass encoding={order!r}",
            )
        return None

    def _too_long(self, path: Path, number: int) -> InputError:
        return InputError(
            f"the line is longer than {_size(self.limits.line)}",
            path=path,
            line=number,
            expected="one record a line",
            fix="check that the file has line ends, or raise the bound: limits=Limits(line=...)",
        )

    def _byte_lines(self, path: Path, stream: Any) -> Iterator[tuple[int, str]]:
        limit, encoding, number = self.limits.line, self.encoding or "utf-8", 0
        while line := stream.readline(limit + 1):
            number += 1
            if len(line) > limit:
                raise self._too_long(path, number)
            if number == 1 and line.startswith(b"\xef\xbb\xbf"):
                line = line[3:]
            if b"\0" in line:
                raise InputError(
                    "the line holds a NUL byte",
                    path=path,
                    line=number,
                    expected="text",
                    fix="check that this is a text file and not cut or binary; remove the NUL bytes",
                )
            try:
                yield number, line.decode(encoding).rstrip("\r\n")
            except UnicodeDecodeError as error:
                raise InputError(
                    f"byte 0x{line[error.start]:02X} at position {error.start + 1} is not {encoding.upper()}"
                    + ("; the file may be Latin-1 or Windows-1252" if self.encoding is None else ""),
                    path=path,
                    line=number,
                    expected="UTF-8" if self.encoding is None else encoding,
                    fix="save it as UTF-8, or pass its encoding (for instance encoding='cp1252')",
                ) from error

    def _wide_lines(self, path: Path, stream: IO[bytes], encoding: str) -> Iterator[tuple[int, str]]:
        text, number = io.TextIOWrapper(stream, encoding=encoding, newline="\n"), 0
        limit = self.limits.line // 2
        try:
            while line := text.readline(limit + 1):
                number += 1
                if len(line) > limit:
                    raise self._too_long(path, number)
                yield number, line.rstrip("\r\n").replace("\ufeff", "", 1 if number == 1 else 0)
        except UnicodeError as error:
            raise InputError(
                f"the line is not {encoding}", path=path, line=number + 1, fix="save the file as UTF-8"
            ) from error
        finally:
            text.detach()

    # -- JSON

    def _parse(self, text: str, path: Path, line: int | None) -> Any:
        try:
            return _DECODER.decode(text)
        except json.JSONDecodeError as error:
            at = line if line is not None else error.lineno
            snippet = text[max(0, error.pos - 20) : error.pos + 20].strip()
            raise InputError(
                f"this is not JSON: {error.msg} at character {error.colno}"
                + (f", near {snippet!r}" if snippet else ""),
                path=path,
                line=at,
                expected="one JSON object a line" if line is not None else "one JSON document",
                fix="check the quotes, commas and brackets there",
            ) from error
        except RecursionError as error:
            raise InputError("the JSON is nested too deeply", path=path, line=line, expected="a flat record") from error
        except ValueError as error:  # a number of thousands of digits
            raise InputError(f"this is not JSON we can read: {error}", path=path, line=line) from error

    def json_lines(self, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
        """Line numbers and JSON objects; blank lines are skipped."""
        for number, text in self.lines(path):
            if not text or text.isspace():
                continue
            value = self._parse(text, path, number)
            if not isinstance(value, dict):
                raise InputError(
                    f"the line holds {kind_of(value)}",
                    path=path,
                    line=number,
                    expected='a JSON object, {"_id": ...}',
                )
            yield number, value

    def json_document(self, path: Path) -> Any:
        """The whole file as one JSON value; refused above `limits.document` bytes (unpacked)."""
        limit = self.limits.document
        too_large = InputError(
            f"the JSON document is larger than {_size(limit)}, and such a document is loaded whole",
            path=path,
            fix="split it into several files, or raise the bound: limits=Limits(document=...)",
        )
        if path.is_file() and path.stat().st_size > limit:
            raise too_large
        whole = Reader(self.encoding, Limits(line=limit, document=limit))
        parts, size = [], 0
        for _, text in whole.lines(path):
            size += len(text) + 1
            if size > limit:
                raise too_large
            parts.append(text)
        self.encodings |= whole.encodings
        self.done += path.stat().st_size
        return self._parse("\n".join(parts), path, None)

    # -- tables

    def records(self, path: Path, delimiter: str, quotes: bool = True) -> Iterator[tuple[int, list[str]]]:
        """Records of a delimited file with the line each begins on; a quoted field may hold line ends."""
        csv.field_size_limit(max(csv.field_size_limit(), self.limits.line))
        begin, last, size = 0, 0, 0

        def feed() -> Iterator[str]:
            nonlocal last, size
            for number, text in self.lines(path):
                last, size = number, size + len(text) + 1
                if size > self.limits.line:
                    raise InputError(
                        f"a record is longer than {_size(self.limits.line)}: a quotation mark opens and never closes",
                        path=path,
                        line=begin + 1,
                        fix="close or double the mark, or read quotation marks as text: mapping={'quotes': False}",
                    )
                yield text + "\n"

        reader = csv.reader(
            feed(), delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE, strict=True
        )
        while True:
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise InputError(
                    f"the record cannot be read: {error}",
                    path=path,
                    line=begin + 1,
                    expected="fields in balanced quotation marks",
                    fix="close or double the mark, or read quotation marks as text: mapping={'quotes': False}",
                ) from error
            start, begin, size = begin + 1, last, 0
            if record:
                yield start, record


def kind_of(value: Any) -> str:
    """What a JSON value is, in words."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "a truth value"
    names: Mapping[type, str] = {str: "a text", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), f"a {type(value).__name__}")
