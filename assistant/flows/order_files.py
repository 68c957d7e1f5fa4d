"""Order files as sellers download them (CSV in GBK or UTF-8, xlsx): a profile says which column is what, rows become import lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.base.clock import SHANGHAI
from assistant.base.errors import Invalid
from assistant.base.money import MOST
from assistant.flows import sheet_files

PROFILES = Path(__file__).parent / "profiles"
FIELDS = (
    "order_no",
    "status",
    "paid",
    "total",
    "refund",
    "buyer",
    "shop",
    "title",
    "sku",
    "qty",
    "live_room",
    "created_at",
    "paid_at",
    "finished_at",
    "currency",
)
YUAN_NAMES = ("", "CNY", "RMB", "人民币", "元")
FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M")
RANK = ("created", "paid", "shipped", "finished")
EXACT = 2**53
"""Beyond this a number of a spreadsheet has lost digits."""

_MONEY = re.compile(r"[¥￥]?(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d{1,2})0*)?元?", re.ASCII)
_FORMULA = re.compile(r'="(.*)"', re.DOTALL)


class Profile(BaseModel):
    """How one kind of export is read. ``paid_is``: the amount stands once for the order (repeated on its rows) or row by row."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    source: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,29}$")]
    paid_is: Literal["order", "row"]
    buyer_namespace: str = ""
    columns: dict[str, tuple[str, ...]]
    required: tuple[str, ...] = ("order_no", "status", "paid")
    statuses: dict[str, Literal["created", "paid", "shipped", "finished", "closed"]]


@dataclass(frozen=True, slots=True)
class Row:
    """One row with its place; ``cells`` by our field names."""

    number: int
    cells: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read, and why. ``spoils``: the order it seems to be of ("" if that cannot be told); None harms no order."""

    number: int
    reason: str
    spoils: str | None = None


@dataclass(frozen=True, slots=True)
class FileOrder:
    """The rows of one order as an import line; ``number`` is the last row it took."""

    number: int
    first: int
    line: Mapping[str, Any]


def profiles() -> dict[str, Profile]:
    """The profiles that come with the house, by name."""
    return {path.stem: load_profile(path) for path in sorted(PROFILES.glob("*.json"))}


def load_profile(name: str | Path) -> Profile:
    """A profile by name, or from a file of one's own; Invalid says what is wrong with it."""
    path = Path(name) if str(name).endswith(".json") else PROFILES / f"{name}.json"
    if not path.is_file():
        known = "、".join(sorted(one.stem for one in PROFILES.glob("*.json")))
        raise Invalid(f"没有“{name}”这种订单表，可用：{known}，或写一个 .json 文件的路径", code="no_profile")
    try:
        found = Profile.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"]) if isinstance(error, ValidationError) else "编码"
        raise Invalid(f"订单表设置 {path.name} 的“{where}”写得不对", code="bad_profile") from None
    unknown = set(found.columns) - set(FIELDS)
    if unknown:
        raise Invalid(f"订单表设置 {path.name} 有不认识的字段 {'、'.join(sorted(unknown))}，可用：{'、'.join(FIELDS)}", code="bad_profile")
    return found


def read(path: Path, profile: Profile) -> Iterator[FileOrder | BadRow]:
    """The orders of a file, each at its last row, and the rows that cannot be read. Raises Invalid for a file that is no such export."""
    return _orders(lambda: _named(sheet_files.rows(path), profile), profile)


def _named(rows: Iterator[list[Any] | None], profile: Profile) -> Iterator[Row | BadRow]:
    """Rows with the profile's names, checked against the header."""
    header = [_text(cell) for cell in next(rows, None) or []]
    places = {field: place for field, names in profile.columns.items() if (place := _place(header, names)) is not None}
    missing = [profile.columns.get(field, (field,))[0] for field in profile.required if field not in places]
    if missing:
        raise Invalid(f"表头里没有“{'”“'.join(missing)}”列，这不像是{profile.title}", code="no_column")
    for number, cells in enumerate(rows, 2):
        if cells is None:
            yield BadRow(number, "这一行有一格太长，像是引号没有合上", "")
        elif not any(_text(cell) for cell in cells):
            continue
        elif [_text(cell) for cell in cells] == header:
            yield BadRow(number, "这一行又是表头，已跳过")
        elif reason := _shifted(cells, len(header)):
            place = places["order_no"]
            yield BadRow(number, reason, _number(cells[place]) if place < len(cells) else "")
        else:
            yield Row(number, {field: cells[place] for field, place in places.items()})


def _shifted(cells: Sequence[Any], width: int) -> str:
    """Why the row does not stand under its header; empty if it does. Empty cells at its end harm nothing."""
    if len(cells) >= width and not any(_text(cell) for cell in cells[width:]):
        return ""
    inside = sum(_text(cell).count("\n") for cell in cells)
    why = f"像是引号没有合上，后面 {inside} 行也没有读到" if inside else "像是错位了"
    return f"这一行有 {len(cells)} 格，表头有 {width} 格，{why}"


def _place(header: Sequence[str], names: Iterable[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _orders(named: Callable[[], Iterable[Row | BadRow]], profile: Profile) -> Iterator[FileOrder | BadRow]:
    """All rows with one order number are one order, wherever they stand; with a row that cannot be read the whole order stays out."""
    left, spoiled = _survey(named())
    held: dict[str, list[Row]] = {}
    for row in named():
        if isinstance(row, BadRow):
            yield row
            continue
        number = _number(row.cells["order_no"])
        if not number:
            yield BadRow(row.number, "“订单号”列不对：不能为空，也不能是丢了精度的数字（请把这一列设为文本后重新导出）")
            continue
        held.setdefault(number, []).append(row)
        left[number] -= 1
        if left[number]:
            continue
        rows = held.pop(number)
        if number in spoiled:
            yield BadRow(rows[0].number, f"订单 {number} 另有一行读不懂，整单没有导入，请改好后再导一次")
        else:
            yield _order(number, rows, profile)


def _survey(rows: Iterable[Row | BadRow]) -> tuple[Counter[str], set[str]]:
    """How many rows each order has, and the orders with a row that cannot be read: named by it, or standing on both sides of it."""
    left: Counter[str] = Counter()
    spoiled: set[str] = set()
    last, gap = "", False
    for row in rows:
        number = (row.spoils or "") if isinstance(row, BadRow) else _number(row.cells["order_no"])
        if isinstance(row, BadRow) or not number:
            spoiled.add(number)
            gap = gap or not isinstance(row, BadRow) or row.spoils is not None
            continue
        if gap and number == last:
            spoiled.add(number)
        left[number] += 1
        last, gap = number, False
    return left, spoiled


def _order(number: str, rows: Sequence[Row], profile: Profile) -> FileOrder | BadRow:
    for row in rows:
        try:
            _check_currency(row)
            _read(row, profile)
        except Invalid as error:
            return BadRow(row.number, error.say)
    try:
        return FileOrder(rows[-1].number, rows[0].number, _line(number, rows, profile))
    except Invalid as error:
        return BadRow(rows[0].number, error.say)


@dataclass(frozen=True, slots=True)
class _Read:
    status: str
    paid: int
    total: int
    refund: int
    qty: int
    created_at: datetime | None
    paid_at: datetime | None
    finished_at: datetime | None


def _read(row: Row, profile: Profile) -> _Read:
    told = _text(row.cells["status"])
    status = profile.statuses.get(told)
    if status is None:
        raise Invalid(f"“{_title(profile, 'status')}”列的“{told[:30]}”不认识，可用：{'、'.join(profile.statuses)}", code="bad_status")
    paid, total, refund = (_fen(row, name, profile) for name in ("paid", "total", "refund"))
    created_at, paid_at, finished_at = (_instant(row, name, profile) for name in ("created_at", "paid_at", "finished_at"))
    return _Read(status, paid, total, refund, _quantity(row, profile), created_at, paid_at, finished_at)


def _line(number: str, rows: Sequence[Row], profile: Profile) -> Mapping[str, Any]:
    """The order's rows as one import line of kind ``order``, with what was refunded so far beside it."""
    read = [_read(row, profile) for row in rows]
    if profile.paid_is == "order":
        if len({(one.paid, one.refund) for one in read}) > 1:
            raise Invalid(f"订单 {number} 的几行写着不同的金额", code="amounts_differ")
        paid, refund, each = read[0].paid, read[0].refund, _spread(read[0].paid, [one.qty for one in read])
    else:
        paid, refund, each = sum(one.paid for one in read), sum(one.refund for one in read), [one.paid for one in read]
    if refund > paid:
        raise Invalid(f"订单 {number} 的退款比实付还多", code="refund_too_large")
    status = _least([one.status for one in read])
    paid = 0 if status == "created" else paid
    line: dict[str, Any] = {"kind": "order", "source": profile.source, "order_no": number, "status": status, "paid_fen": paid}
    line["total_fen"] = max(sum(one.total for one in read) if profile.paid_is == "row" else read[0].total, paid)
    line["items"] = [_item(row, one.qty, fen) for row, one, fen in zip(rows, read, each, strict=True)]
    for name in ("created_at", "paid_at", "finished_at"):
        told = [value for one in read if (value := getattr(one, name)) is not None]
        if told and (name != "finished_at" or status == "finished"):
            line[name] = (min(told) if name != "finished_at" else max(told)).isoformat()
    line |= _who(rows[0], profile)
    latest = max((value for one in read for value in (one.created_at, one.paid_at, one.finished_at) if value), default=None)
    if latest is None:
        raise Invalid(f"订单 {number} 一个时间也没有", code="no_time")
    return {"order": line | {"at": latest.isoformat()}, "refund_fen": refund}


def _who(row: Row, profile: Profile) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, longest in (("shop", 80), ("live_room", 80)):
        if text := _text(row.cells.get(name))[:longest]:
            found[name] = text
    buyer = _text(row.cells.get("buyer"))
    # A name with stars stands for many people.
    if profile.buyer_namespace and buyer and "*" not in buyer:
        found["buyer"] = {"namespace": profile.buyer_namespace, "value": buyer[:120]}
    return found


def _item(row: Row, qty: int, fen: int) -> dict[str, Any]:
    item: dict[str, Any] = {"title": _text(row.cells.get("title"))[:200] or "商品", "qty": qty, "paid_fen": fen}
    if sku := _text(row.cells.get("sku"))[:80]:
        item["sku"] = sku
    return item


def _spread(paid: int, weights: Sequence[int]) -> list[int]:
    """The order's amount over its rows, by quantity, the first rows bearing what is left over."""
    whole = sum(weights)
    each = [paid * weight // whole for weight in weights]
    for place in range(paid - sum(each)):
        each[place] += 1
    return each


def _least(statuses: Sequence[str]) -> str:
    """The order has come as far as its slowest open row."""
    going = [status for status in statuses if status != "closed"]
    return min(going, key=RANK.index) if going else "closed"


def _check_currency(row: Row) -> None:
    told = _text(row.cells.get("currency")).upper()
    if told not in YUAN_NAMES:
        raise Invalid(f"“币种”列的“{told[:10]}”不是人民币，不能导入", code="bad_currency")


def _fen(row: Row, name: str, profile: Profile) -> int:
    value = row.cells.get(name)
    told = _text(value)
    if not told:
        if name in profile.required:
            raise Invalid(f"“{_title(profile, name)}”列是空的", code="bad_amount")
        return 0
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        fen = _exact_fen(value)
    else:
        match = _MONEY.fullmatch(told)
        fen = int(match[1].replace(",", "")) * 100 + int((match[2] or "0").ljust(2, "0")) if match else -1
    if not 0 <= fen <= MOST:
        raise Invalid(f"“{_title(profile, name)}”列的“{told[:30]}”不是有效的金额，应像 199.00", code="bad_amount")
    return fen


def _exact_fen(value: float) -> int:
    """Fen of a spreadsheet's number, which shows at most two decimals; -1 for anything else."""
    try:
        fen = Decimal(repr(value)) * 100
        return int(fen) if fen == int(fen) else -1
    except (InvalidOperation, ValueError, OverflowError):
        return -1


def _quantity(row: Row, profile: Profile) -> int:
    value = row.cells.get("qty")
    told = _text(value)
    if not told:
        return 1
    if not re.fullmatch(r"\d{1,6}(\.0+)?", told, re.ASCII) or not (qty := int(float(told))):
        raise Invalid(f"“{_title(profile, 'qty')}”列的“{told[:30]}”不是有效的件数", code="bad_quantity")
    return qty


def _instant(row: Row, name: str, profile: Profile) -> datetime | None:
    value = row.cells.get(name)
    if isinstance(value, datetime):
        return value.replace(tzinfo=SHANGHAI)
    told = _text(value)
    if not told:
        return None
    for form in FORMATS:
        try:
            return datetime.strptime(told, form).replace(tzinfo=SHANGHAI)
        except ValueError:
            continue
    raise Invalid(f"“{_title(profile, name)}”列的“{told[:30]}”不是时间，应像 2026-11-22 10:00:00（北京时间）", code="bad_instant")


def _title(profile: Profile, name: str) -> str:
    return profile.columns.get(name, (name,))[0]


def _number(value: Any) -> str:
    """An order number as text; empty where a spreadsheet has made a rounded number of it."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(int(value)) if value == int(value) and abs(value) < EXACT else ""
    told = _text(value)
    return "" if len(told) > 120 or re.fullmatch(r"\d(\.\d+)?E\+\d+", told, re.IGNORECASE) else told


def _text(value: Any) -> str:
    """A cell as people see it: without the quotes, tabs and formula dress that exports wear."""
    if value is None:
        return ""
    text = str(value).replace("\x00", "").strip()
    dressed = _FORMULA.fullmatch(text)
    return (dressed[1] if dressed else text).lstrip("'").strip()
