"""The formats collections are read from and written to, one module each."""

from retrievarium.data.formats.draft import Draft
from retrievarium.data.formats.reading import DOCUMENT_LIMIT, LINE_LIMIT, Limits, Reader
from retrievarium.data.formats.report import Notice, Report

__all__ = ["DOCUMENT_LIMIT", "LINE_LIMIT", "Draft", "Limits", "Notice", "Reader", "Report"]
