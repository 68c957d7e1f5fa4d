"""Import of JSONL lines: checked by schema, applied in sets, each line whole or not at all; the same line twice changes nothing."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from assistant.base.errors import Invalid, LaoyouError
from assistant.base.principal import Principal
from assistant.flows import order_files
from assistant.flows.fitting import Fits, fitting
from assistant.flows.import_kinds import APPLIED, FILE_ORDER, KINDS
from assistant.store import Store, Work, cursor, upsert

SCHEMAS = Path(__file__).parent / "schemas"
SET = 100
"""Lines of one kind that are applied together. An order takes the most, about a millisecond: nobody waits long for the writer."""

LONGEST_LINE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """One line: ``number`` counts from 1 in its file; ``bytes`` read so far, for the progress bar."""

    number: int
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was left out, with the reason a person can act on."""

    file: str
    number: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file} 第 {self.number} 行：{self.reason}"


@dataclass(slots=True)
class Report:
    """What an import came to. ``applied`` counts lines by kind (lines applied before count again: they changed nothing)."""

    applied: dict[str, int] = field(default_factory=dict)
    bad: list[BadLine] = field(default_factory=list)
    skipped: int = 0
    next_look: int = field(default=2_000, compare=False)

    @property
    def total(self) -> int:
        return sum(self.applied.values())


@dataclass(frozen=True, slots=True)
class Set:
    """Lines of one kind for one transaction; ``bookmark`` (file digest, last line) moves in the same commit."""

    kind: str
    lines: Sequence[Mapping[str, Any]]
    bookmark: tuple[str, int] | None = None


def import_file(store: Store, path: Path, principal: Principal, progress: Callable[[int], None] = lambda _bytes: None) -> Report:
    """Imports one file. Goes on after bad lines and reports them; a file that was interrupted goes on where it stopped.

    Raises Invalid if the file cannot be read at all.
    """
    if not path.is_file():
        raise Invalid(f"找不到文件 {path}，请检查路径", code="no_file")
    mark = f"import:{_digest(path)}"
    done = store.look(lambda view: view.scalar(sa.select(cursor.c.value).where(cursor.c.name == mark))) or 0
    report = Report(skipped=int(done))
    with path.open("rb") as handle:
        _run(store, path.name, _counted(handle, progress), principal, report, mark, int(done))
    return report


def import_orders(store: Store, path: Path, profile: order_files.Profile, principal: Principal) -> Report:
    """Imports a shop's export by its profile; bad rows stay out with row, column and reason, an interrupted file is gone on with.

    Raises Invalid if the file is no such export.
    """
    if not path.is_file():
        raise Invalid(f"找不到文件 {path}，请检查路径", code="no_file")
    mark = f"import:{profile.source}:{_digest(path)}"
    done = int(store.look(lambda view: view.scalar(sa.select(cursor.c.value).where(cursor.c.name == mark))) or 0)
    report = Report(skipped=done)

    def good() -> Iterator[Line]:
        for found in order_files.read(path, profile):
            if found.number <= done:
                continue
            if isinstance(found, order_files.BadRow):
                report.bad.append(BadLine(path.name, found.number, found.reason))
                continue
            fault = _fault("order", found.line["order"])
            if not fault:
                yield Line(found.number, FILE_ORDER, found.line)
            else:
                report.bad.append(BadLine(path.name, found.first, fault))

    for batch in _batches(good()):
        _apply(store, path.name, FILE_ORDER, batch, principal, report, mark)
    return report


def import_lines(store: Store, name: str, lines: Iterable[bytes], principal: Principal) -> Report:
    """Imports lines that are not a file (the HTTP API, the demo brand)."""
    report = Report()
    _run(store, name, lines, principal, report, "", 0)
    return report


def _run(store: Store, name: str, lines: Iterable[bytes], principal: Principal, report: Report, mark: str, done: int) -> None:
    good = _parsed(name, lines, report, done)
    for kind, same in groupby(good, key=lambda line: line.kind):
        for batch in _batches(same):
            _apply(store, name, kind, batch, principal, report, mark)


def _parsed(name: str, lines: Iterable[bytes], report: Report, done: int) -> Iterator[Line]:
    for number, raw in enumerate(lines, 1):
        if number <= done or not raw.strip():
            continue
        try:
            yield parse(number, raw)
        except Invalid as error:
            report.bad.append(BadLine(name, number, error.say))


def parse(number: int, raw: bytes) -> Line:
    """One line as checked data; raises Invalid with a reason that names the field."""
    if len(raw) > LONGEST_LINE:
        raise Invalid("这一行超过 1 MB，请拆开", code="line_too_long")
    try:
        data = json.loads(raw.decode("utf-8-sig"), parse_constant=_no_constant)
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise Invalid("不是有效的 JSON（需要 UTF-8 编码，一行一个对象）", code="bad_json") from None
    if not isinstance(data, dict) or not isinstance(data.get("kind"), str):
        raise Invalid("每行需要一个带 kind 字段的对象", code="no_kind")
    kind = data["kind"]
    if kind not in KINDS:
        raise Invalid(f"不认识的 kind “{kind[:40]}”，可用：{'、'.join(KINDS)}", code="unknown_kind")
    fault = _fault(kind, data)
    if fault:
        raise Invalid(fault, code="bad_field")
    return Line(number, kind, data)


def _fault(kind: str, data: Any) -> str:
    """What is wrong with the data of a line in words, empty if nothing is."""
    if _fits(kind)(data):
        return ""
    from jsonschema.exceptions import best_match  # noqa: PLC0415 - a service starts without it, a good line does not need it

    error = best_match(_validator(kind).iter_errors(data))
    return _explain(error) if error is not None else ""


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _is_whole(_checker: Any, value: Any) -> bool:
    """The drafts call 100.0 an integer; near money a float is none."""
    return isinstance(value, int) and not isinstance(value, bool)


@cache
def _schema(kind: str) -> Any:
    return json.loads((SCHEMAS / f"{kind}.json").read_text(encoding="utf-8"))


@cache
def _validator(kind: str) -> Any:
    from jsonschema import Draft202012Validator, validators  # noqa: PLC0415

    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_whole)
    strict: Any = validators.extend(Draft202012Validator, type_checker=types)  # type: ignore[no-untyped-call]
    return strict(_schema(kind))


@cache
def _fits(kind: str) -> Fits:
    return fitting(_schema(kind))


TYPES = {"integer": "整数", "string": "文字", "boolean": " true 或 false", "array": "列表", "object": "对象"}
BOUNDS = {"minimum": "最小", "maximum": "最大", "minLength": "最短", "maxLength": "最长", "minItems": "至少", "maxItems": "至多"}
EXAMPLES = ("2026-11-22T10:00:00+08:00", "05-20", "13800001111", "taobao")


def _explain(error: Any) -> str:
    where = "字段 " + ".".join(str(part) for part in error.absolute_path) if error.absolute_path else "这一行"
    value = str(error.instance)[:60]
    schema: Mapping[str, Any] = error.schema if isinstance(error.schema, Mapping) else {}
    wanted: Any = error.validator_value
    match error.validator:
        case "required":
            return f"{where} 缺少 {'、'.join(name for name in wanted if name not in error.instance)}"
        case "additionalProperties":
            known = schema.get("properties", {})
            return f"{where} 有不认识的字段 {'、'.join(name for name in error.instance if name not in known)}"
        case "type":
            return f"{where} 的类型不对，需要{TYPES.get(str(wanted), wanted)}，现在是 “{value}”"
        case "enum":
            return f"{where} 只能是 {'、'.join(map(str, wanted))}，现在是 “{value}”"
        case "pattern":
            return f"{where} 的格式不对：“{value}”{_hint(wanted)}"
        case _:
            return f"{where} 的值 “{value}” 超出允许的范围（{BOUNDS.get(error.validator, error.validator)} {wanted}）"


def _hint(pattern: str) -> str:
    """What the pattern of a schema wants, shown by one that fits it."""
    fits = next((one for one in EXAMPLES if re.search(pattern, one)), "")
    return f"，应写成 {fits} 这样" if fits else ""


def _batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    batch: list[Line] = []
    for line in lines:
        batch.append(line)
        if len(batch) == SET:
            yield batch
            batch = []
    if batch:
        yield batch


def _apply(store: Store, name: str, kind: str, batch: list[Line], principal: Principal, report: Report, mark: str) -> None:
    """The set as one unit; if anything in it is refused, line by line, so that only the bad lines stay out."""
    bookmark = (mark, batch[-1].number) if mark else None
    try:
        store.do(apply_set, Set(kind, [line.data for line in batch], bookmark), principal, cause=f"import:{name}")
        report.applied[kind] = report.applied.get(kind, 0) + len(batch)
        _keep_known(store, principal, report)
        return
    except (LaoyouError, sa.exc.IntegrityError) as error:
        if len(batch) == 1:
            report.bad.append(BadLine(name, batch[0].number, error.say if isinstance(error, LaoyouError) else "与已有数据冲突"))
            return
    for line in batch:
        _apply(store, name, kind, [line], principal, report, mark)


def _keep_known(store: Store, principal: Principal, report: Report) -> None:
    """What the database knows of its tables keeps up with a large import, ever more seldom."""
    if report.total >= report.next_look:
        report.next_look *= 4
        store.do(lambda work, _: work.refresh_statistics(), None, principal)


def apply_set(work: Work, request: Set) -> None:
    """Applies lines of one kind in one transaction; facts of history wake no reactions, their effects are applied here."""
    work.quietly(lambda quiet: APPLIED[request.kind](quiet, request.lines))
    if request.bookmark is not None:
        name, number = request.bookmark
        upsert(work, cursor, [{"name": name, "value": number, "at": work.now}], ["name"], ["value", "at"])


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _counted(handle: Iterable[bytes], progress: Callable[[int], None]) -> Iterator[bytes]:
    for raw in handle:
        progress(len(raw))
        yield raw
