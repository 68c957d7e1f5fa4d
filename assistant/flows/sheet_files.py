"""Rows out of the files people download: CSV in the encodings of China, and xlsx, a part at a time."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant.base.errors import Invalid

PART = 1024 * 1024


def rows(path: Path) -> Iterator[list[Any] | None]:
    """The rows of a file, the first sheet of a book; None for one that is broken. Invalid for a file that cannot be read."""
    return _xlsx(path) if path.suffix.lower() == ".xlsx" else _csv(path)


def _csv(path: Path) -> Iterator[list[Any] | None]:
    """Rows; None for one that is broken."""
    with path.open(encoding=_encoding(path), newline="") as handle:
        head = handle.readline()
        handle.seek(0)
        reader = csv.reader(handle, delimiter="\t" if "\t" in head and "," not in head else ",")
        while True:
            try:
                yield next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield None


def _encoding(path: Path) -> str:
    """UTF-8 with or without a mark, else GB18030 (which is GBK and more); the whole file is tried, a part at a time."""
    with path.open("rb") as handle:
        marked = handle.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            with path.open(encoding=encoding, newline="") as text:
                while text.read(PART):
                    pass
        except UnicodeError:
            continue
        return encoding
    raise Invalid("文件既不是 UTF-8 也不是 GBK 编码，请重新导出", code="bad_encoding")


def _xlsx(path: Path) -> Iterator[list[Any]]:
    from openpyxl import load_workbook  # noqa: PLC0415 - half a second that only a spreadsheet is worth

    try:
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            sheet: Any = book.worksheets[0]
            # Some exporters write a size of one cell, which would hide the rest.
            sheet.reset_dimensions()
            width = 0
            for row in sheet.iter_rows(values_only=True):
                width = width or len(row)
                yield [*row, *([None] * (width - len(row)))]
        finally:
            book.close()
    except Exception:
        raise Invalid("打不开这个 xlsx 文件，请重新导出", code="bad_xlsx") from None
