"""The archive as a stream of decrypted JSON lines: read line by line, kept in sets, gone on with where it was interrupted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import sqlalchemy as sa

from assistant.base.errors import Invalid
from assistant.base.principal import Principal
from assistant.domain import archive, staff
from assistant.store import Store, Work, cursor, upsert

SET = 500
MOST_LINE = 1024 * 1024
HEAD = 4096


@dataclass(slots=True)
class Report:
    """What became of the lines; ``bad`` names each line that could not be read; ``skipped`` bytes were read before."""

    kept: int = 0
    known: int = 0
    silent: int = 0
    elsewhere: int = 0
    recalled: int = 0
    agreements: int = 0
    skipped: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """One sentence for people."""
        parts = [f"新留存 {self.kept} 条"]
        for count, what in (
            (self.known, "条之前已有"),
            (self.silent, "条因客户没有同意存档而不留"),
            (self.elsewhere, "条不在客户群里，不留"),
            (self.recalled, "条已撤回"),
            (self.agreements, "位客户的同意状态更新"),
            (len(self.bad), "行有问题"),
        ):
            parts += [f"{count} {what}"] if count else []
        return "，".join(parts)

    def add(self, taken: archive.Taken) -> None:
        for name in archive.Taken.__slots__:
            setattr(self, name, getattr(self, name) + getattr(taken, name))


@dataclass(frozen=True, slots=True)
class _Set:
    lines: list[archive.Line]
    mark: tuple[str, int] | None


def take_file(store: Store, path: Path, who: Principal, moved: Callable[[int], None] = lambda _bytes: None) -> Report:
    """Takes one file in; a file that has grown, or was interrupted, goes on behind what was read. Raises Invalid if there is none."""
    if not path.is_file():
        raise Invalid(f"找不到文件 {path}，请检查路径", code="no_file")
    report = Report()
    with path.open("rb") as handle:
        first = handle.readline(HEAD)
        mark = f"archive:{hashlib.sha256(first).hexdigest()[:40]}" if first.endswith(b"\n") else ""
        done = int(store.look(lambda view: view.scalar(sa.select(cursor.c.value).where(cursor.c.name == mark))) or 0) if mark else 0
        # A file that is shorter than what was read is another one, or was begun anew.
        report.skipped = done if done <= path.stat().st_size else 0
        handle.seek(report.skipped)
        moved(report.skipped)
        _take(store, _placed(handle, report.skipped, moved), who, report, mark)
    return report


def take_lines(store: Store, lines: Iterable[bytes], who: Principal) -> Report:
    """Takes lines in that are no file (the HTTP API)."""
    report = Report()
    _take(store, ((number, line, 0) for number, line in enumerate(lines, 1)), who, report, "")
    return report


def _placed(handle: Iterable[bytes], at: int, moved: Callable[[int], None]) -> Iterator[tuple[int, bytes, int]]:
    """Line number of this run, line, and where the next one begins; a last line without its end is still being written."""
    for number, line in enumerate(handle, 1):
        if not line.endswith(b"\n"):
            return
        at += len(line)
        moved(len(line))
        yield number, line, at


def _take(store: Store, lines: Iterable[tuple[int, bytes, int]], who: Principal, report: Report, mark: str) -> None:
    batch: list[archive.Line] = []
    place = 0
    for number, raw, end in lines:
        place = end
        if raw.strip():
            try:
                batch.append(_read(raw))
            except Invalid as error:
                report.bad.append((number, error.say))
        if len(batch) == SET:
            report.add(store.do(_keep, _Set(batch, (mark, place) if mark else None), who))
            batch = []
    if batch or (mark and place):
        report.add(store.do(_keep, _Set(batch, (mark, place) if mark else None), who))


def _read(raw: bytes) -> archive.Line:
    if len(raw) > MOST_LINE:
        raise Invalid("一行超过 1 MiB", code="bad_line")
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Invalid("不是 JSON", code="bad_line") from None
    return archive.line_of(value)


def _keep(work: Work, request: _Set) -> archive.Taken:
    taken = archive.keep(work, request.lines, staff.names(work))
    if request.mark is not None:
        name, place = request.mark
        upsert(work, cursor, [{"name": name, "value": place, "at": work.now}], ["name"], ["value", "at"])
    return taken
