"""Reads a file into entries, or says in one sentence which file and line to correct."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.base.errors import Invalid
from knowledge.passage import Entry
from knowledge.split import OpenFence, split_markdown

MOST_BYTES = 5_000_000
MOST_QUESTION = 200
MOST_ANSWER = 2000


@dataclass(frozen=True, slots=True)
class Document:
    """A file read and checked. ``key`` is ``folder/file``, the part of a source before ``#``."""

    key: str
    digest: str
    entries: tuple[Entry, ...]


def read_all(paths: Sequence[Path]) -> list[Document]:
    """Every document or Invalid: the first bad file stops all."""
    documents: dict[str, Document] = {}
    for path in paths:
        document = _read(path)
        if document.key in documents:
            raise Invalid(f"{document.key} 出现了两次，请改名后再导入", code="knowledge_same_name", file=document.key)
        documents[document.key] = document
    return list(documents.values())


def key_of(path: Path) -> str:
    """``folder/file`` of a path."""
    return f"{path.resolve().parent.name}/{path.name}"


def _read(path: Path) -> Document:
    key = key_of(path)
    kind = path.suffix.lower()
    if kind not in {".md", ".csv"}:
        raise Invalid(f"{key} 不是 Markdown（.md）或 CSV（.csv）文件，请转换后再导入", code="knowledge_kind", file=key)
    try:
        raw = path.read_bytes()
    except OSError as failed:
        raise Invalid(f"{key} 读不到，请检查文件是否存在、能否打开", code="knowledge_unreadable", file=key) from failed
    if len(raw) > MOST_BYTES:
        raise Invalid(f"{key} 超过 {MOST_BYTES // 1_000_000} MB，请拆成几个文件再导入", code="knowledge_too_large", file=key)
    text = _decoded(raw, key)
    entries = _csv_entries(text, key) if kind == ".csv" else _markdown_entries(text, key, path.stem)
    if not entries:
        raise _bad(key, 1, "没有可用的内容，请写上内容再导入")
    return Document(key, hashlib.sha256(raw).hexdigest(), tuple(entries))


def _bad(key: str, line: int, what: str) -> Invalid:
    return Invalid(f"{key} 第 {line} 行：{what}", code="knowledge_bad_line", file=key, line=line)


def _decoded(raw: bytes, key: str) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as failed:
        raise _bad(key, raw[: failed.start].count(b"\n") + 1, "不是 UTF-8 编码，请另存为 UTF-8 再导入") from failed
    if "\0" in text:
        raise _bad(key, text[: text.index("\0")].count("\n") + 1, "有不能识别的字符（NUL），请删掉再导入")
    return text


def _markdown_entries(text: str, key: str, name: str) -> list[Entry]:
    try:
        return split_markdown(text, name)
    except OpenFence as fence:
        raise _bad(key, fence.line, "代码块 ``` 没有结束，请补上结尾的 ```") from fence


def _csv_entries(text: str, key: str) -> list[Entry]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    entries: list[Entry] = []
    lines: dict[str, int] = {}
    line, header = 1, [""]
    try:
        for row in reader:
            if line == 1:
                header = _header(row, key)
            elif any(cell.strip() for cell in row):
                entry = _faq_entry(row, header, len(entries) + 1, key, line)
                if entry.title in lines:
                    raise _bad(key, line, f"问题“{entry.title[:30]}”和第 {lines[entry.title]} 行重复，请合并成一条")
                lines[entry.title] = line
                entries.append(entry)
            line = reader.line_num + 1
    except csv.Error as failed:
        raise _bad(key, line, "引号不成对或格式不对，请检查这一行的引号和逗号") from failed
    return entries


def _header(row: Sequence[str], key: str) -> list[str]:
    header = [cell.strip().lower() for cell in row]
    if missing := [name for name in ("question", "answer") if name not in header]:
        raise _bad(key, 1, f"表头缺少 {'、'.join(missing)} 列，请写成 question,answer,tags")
    return header


def _faq_entry(row: Sequence[str], header: Sequence[str], number: int, key: str, line: int) -> Entry:
    if len(row) != len(header):
        raise _bad(key, line, f"有 {len(row)} 列，表头是 {len(header)} 列，内容里有英文逗号的话请加英文双引号")
    cells = {name: cell.strip() for name, cell in zip(header, row, strict=True)}
    for name, what, most in (("question", "问题", MOST_QUESTION), ("answer", "答案", MOST_ANSWER)):
        if not cells[name]:
            raise _bad(key, line, f"{what}是空的，请补上或删掉这一行")
        if len(cells[name]) > most:
            raise _bad(key, line, f"{what}超过 {most} 字，请写短一点或拆成几条")
    return Entry(cells["question"], cells["answer"], str(number), cells.get("tags", ""))
