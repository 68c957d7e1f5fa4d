"""The lists of an activity as rows of fields: prizes, tasks, questions; what a row gives is one choice and one amount."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from assistant.base.errors import Invalid
from assistant.base.money import format_yuan, parse_yuan
from assistant.web.fields import Field, Group, Path, at, field, percent

NONE = "不要这一行"
FIRST = "先写一行"
AGAIN = "再加一行"
MILLION = 1_000_000

LISTS = {"lottery": ("prizes", "奖品"), "tasks": ("tasks", "任务"), "survey": ("questions", "问题")}
"""Kind → the list it has and what one row of it is called."""

EMPTY: dict[str, dict[str, Any]] = {
    "prizes": {"id": "", "title": "", "odds": 0, "stock": None, "benefit": None, "goods": False},
    "tasks": {"id": "", "title": "", "fact": "orders.finished", "activity": "", "times": 1, "rewards": [{"kind": "points", "points": 10}]},
    "questions": {"id": "", "text": "", "options": [], "many": False, "identity": ""},
}
NEW_ROWS = {True: 4, False: 2}
"""Empty rows at the end of a list: for a new activity, and for one that exists."""

DOES = {
    "activities.checked_in": "签到",
    "orders.paid": "付款",
    "orders.finished": "确认收货",
    "points.spent": "花掉积分",
    "members.bound": "绑定手机号或店铺账号",
    "cashback.bound": "用返现卡绑定一个订单",
}
ASKS = (("", "从下面的选项里选"), ("taobao", "请会员写淘宝账号"), ("jd", "请会员写京东账号"), ("douyin_open", "请会员写抖音账号"))
GIVES = (("points", "积分"), ("coupon", "优惠券"))


@dataclass(frozen=True, slots=True)
class Around:
    """What rows may name: other activities (name, kind, title), templates of cashback cards (id, name), names of events that came."""

    activities: tuple[tuple[str, str, str], ...] = ()
    cards: tuple[tuple[str, str], ...] = ()
    events: tuple[str, ...] = ()


ALONE = Around()


def opened(full: dict[str, Any], new: bool) -> None:
    """Adds empty rows, and what each row gives, asks or offers as people write it."""
    name, _word = LISTS[full["kind"]]
    full[name] = [*full.get(name, ()), *(deepcopy(EMPTY[name]) for _ in range(NEW_ROWS[new]))]
    for row in full[name]:
        match name:
            case "prizes":
                row["gives"], row["amount"] = ("goods", None) if row.get("goods") else _written(row.get("benefit"))
            case "tasks":
                row["does"] = f"activity:{row['activity']}" if row.get("activity") else f"fact:{row['fact']}"
                several = len(row["rewards"]) > 1
                row["gives"], row["amount"] = (None, None) if several else _written(row["rewards"][0])
            case _:
                row["lines"] = _lines(row)


def groups(full: Mapping[str, Any], around: Around) -> list[Group]:
    """One group of fields for each row; empty ones are folded."""
    name, word = LISTS[full["kind"]]
    make = {"prizes": _prize, "tasks": _task, "questions": _question}[name]
    found: list[Group] = []
    last: list[Group] = []
    for place, row in enumerate(full[name]):
        title = str(row["text" if name == "questions" else "title"])
        if _is_fallback(full, row):
            rest = f"{title}（其余 {percent(row['odds'])}%）"
            last.append(Group("没抽中的时候", (field(full, (name, place, "title"), "给会员看的话"),), rest))
            continue
        said = f"{word} {len(found) + 1}"
        fields = tuple(replace(one, place=said) for one in make(full, (name, place), around))
        found.append(Group(word, fields, title or (AGAIN if found else FIRST), not title and bool(found)))
    return [*found, *last]


def _is_fallback(full: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    return bool(row["id"]) and row["id"] == full.get("fallback")


def closed(full: dict[str, Any], before: Mapping[str, Any]) -> None:
    """Back into the description's own language: empty rows go, new ones get an id. Invalid names the row and the field."""
    name, word = LISTS[full["kind"]]
    label = "text" if name == "questions" else "title"
    close = {"prizes": _close_prize, "tasks": _close_task, "questions": _close_question}[name]
    rows, number = [], 0
    for row, was in zip(full[name], before[name], strict=True):
        number += not _is_fallback(full, row)
        if row[label]:
            close(row, was, f"{word} {number}")
            rows.append(row)
    taken = {row["id"] for row in rows}
    for row in rows:
        if not row["id"]:
            row["id"] = next(one for number in range(1, 1000) if (one := f"{name[0]}{number}") not in taken)
            taken.add(row["id"])
    full[name] = rows
    if name == "prizes":
        _share(full)


def _share(full: dict[str, Any]) -> None:
    """What the prizes leave of all draws is the fallback's."""
    rest = MILLION - sum(row["odds"] for row in full["prizes"] if row["id"] != full["fallback"])
    if rest < 0:
        raise Invalid(f"所有奖品的“中奖概率”加起来是 {percent(MILLION - rest)}%，不能超过 100%", code="bad_odds", field="prizes")
    if len(full["prizes"]) < 2:
        raise Invalid("“奖品”至少要写一个", code="no_rows", field="prizes")
    for row in full["prizes"]:
        if row["id"] == full["fallback"]:
            row["odds"] = rest


def _prize(full: Mapping[str, Any], row: Path, around: Around) -> list[Field]:
    return [
        field(full, (*row, "title"), "奖品名称", "text", NONE),
        field(full, (*row, "odds"), "中奖概率（%）", "percent"),
        field(full, (*row, "stock"), "一共几份", "number", "不限"),
        *_gift(full, row, around, (("", "什么都不送"), ("goods", "实物，由人发货"))),
    ]


def _task(full: Mapping[str, Any], row: Path, around: Around) -> list[Field]:
    does = [(f"fact:{fact}", word) for fact, word in DOES.items()]
    does += [(f"activity:{name}", f"参加「{title}」") for name, _kind, title in around.activities if name != full["name"]]
    does += [(f"fact:event:{name}", f"行为 {name}") for name in around.events]
    return [
        field(full, (*row, "title"), "任务名称", "text", NONE),
        field(full, (*row, "does"), "要做什么", "choice", choices=_with(does, at(full, (*row, "does")))),
        field(full, (*row, "times"), "做几次", "number"),
        *_gift(full, row, around, ()),
    ]


def _question(full: Mapping[str, Any], row: Path, _around: Around) -> list[Field]:
    return [
        field(full, (*row, "text"), "问题", "text", NONE),
        field(full, (*row, "identity"), "怎么回答", "choice", choices=_with(list(ASKS), at(full, (*row, "identity")))),
        field(full, (*row, "many"), "可以选几个", "flag"),
        field(full, (*row, "lines"), "选项，一行一个；要打标签就写“纯棉 = 偏爱棉质”", "long", "没有选项"),
    ]


def _gift(full: Mapping[str, Any], row: Path, around: Around, first: tuple[tuple[str, str], ...]) -> list[Field]:
    """Nothing for a row whose gifts a form cannot say."""
    gives = at(full, (*row, "gives"))
    if gives is None:
        return []
    choices = [*first, *GIVES, *((f"card:{name}", f"返现卡：{title}") for name, title in around.cards)]
    choices += [(f"chance:{name}", f"「{title}」的机会") for name, kind, title in around.activities if kind in ("lottery", "check_in")]
    return [
        field(full, (*row, "gives"), "送什么", "choice", choices=_with(choices, gives)),
        field(full, (*row, "amount"), "送多少（积分写个数，券写元）", "text", "实物和返现卡不用写"),
    ]


def _with(choices: list[tuple[str, str]], now: str) -> list[tuple[str, str]]:
    """The choices, and what is chosen now where it is none of them."""
    return choices if now in dict(choices) else [*choices, (now, now.partition(":")[2] or now)]


def _written(gift: Mapping[str, Any] | None) -> tuple[str | None, str | None]:
    """A gift as choice and amount; no choice for one that a form cannot say."""
    match gift:
        case None:
            return "", None
        case {"kind": "points", "points": points}:
            return "points", str(points)
        case {"kind": "coupon", "value_fen": fen}:
            return "coupon", format_yuan(fen)
        case {"kind": "cashback_card", "template": template}:
            return f"card:{template}", None
        case {"kind": "chance", "activity": name}:
            return f"chance:{name}", str(gift.get("chances", 1))
    return None, None


def _given(row: Mapping[str, Any], said: str) -> dict[str, Any]:
    """The gift that a choice and an amount mean."""
    kind, _, name = row["gives"].partition(":")
    amount = row["amount"] or ""
    if kind == "card":
        return {"kind": "cashback_card", "template": name}
    if kind == "coupon":
        try:
            return {"kind": "coupon", "name": row["title"], "value_fen": parse_yuan(amount)}
        except Invalid:
            raise Invalid(f"“{said} · 送多少”请写券的面额，例如 20 或 19.90", code="bad_amount", field=said) from None
    if kind == "chance" and not amount:
        amount = "1"
    if not (amount.isascii() and amount.isdecimal() and len(amount) < 8 and int(amount)):
        raise Invalid(f"“{said} · 送多少”请写整数，例如 20", code="bad_number", field=said)
    return {"kind": "points", "points": int(amount)} if kind == "points" else {"kind": "chance", "activity": name, "chances": int(amount)}


def _close_prize(row: dict[str, Any], was: Mapping[str, Any], said: str) -> None:
    gives, changed = row["gives"], _changed(row, was, ("gives", "amount"))
    if gives is not None and changed:
        row["goods"] = gives == "goods"
        row["benefit"] = _given(row, said) if gives not in ("", "goods") else None
    _drop(row, "gives", "amount")


def _close_task(row: dict[str, Any], was: Mapping[str, Any], said: str) -> None:
    where, _, name = row["does"].partition(":")
    row["fact"], row["activity"] = ("", name) if where == "activity" else (name, "")
    if row["gives"] is not None and _changed(row, was, ("gives", "amount")):
        row["rewards"] = [_given(row, said)]
    _drop(row, "gives", "amount", "does")


def _close_question(row: dict[str, Any], was: Mapping[str, Any], said: str) -> None:
    if _changed(row, was, ("lines",)):
        row["options"] = [_option(line) for line in (row["lines"] or "").splitlines() if line.strip()]
    if row["identity"] and row["options"]:
        raise Invalid(f"“{said} · 选项”要空着，因为这一题请会员写账号", code="bad_options", field=said)
    if not row["identity"] and len(row["options"]) < 2:
        raise Invalid(f"“{said} · 选项”至少要写两行", code="bad_options", field=said)
    _drop(row, "lines")


def _changed(row: Mapping[str, Any], was: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    return any(row[name] != was[name] for name in names)


def _drop(row: dict[str, Any], *names: str) -> None:
    for name in names:
        del row[name]


def _lines(row: Mapping[str, Any]) -> str | None:
    return "\n".join(f"{one['text']} = {one['tag']}" if one.get("tag") else one["text"] for one in row["options"]) or None


def _option(line: str) -> dict[str, str]:
    text, _, tag = line.replace("＝", "=").partition("=")
    return {"text": text.strip(), "tag": tag.strip()}


_WORDS = {
    **{"title": "名称", "text": "名称", "odds": "中奖概率（%）", "stock": "一共几份", "benefit": "送什么", "rewards": "送什么"},
    **{"times": "做几次", "fact": "要做什么", "activity": "要做什么", "options": "选项", "identity": "怎么回答"},
}


def named(definition: Mapping[str, Any], place: str) -> str:
    """The form's word for a place in a list: ``prizes.1.odds`` → ``奖品「袜子」· 中奖概率（%）``."""
    name, number, *rest = place.split(".")
    row = at(definition, (name, int(number)), {}) if number.isdecimal() else {}
    title = str(row.get("title") or row.get("text") or "")
    word = dict(LISTS.values())[name]
    said = f"{word}「{title[:12]}{'…' if len(title) > 12 else ''}」"
    return f"{said}· {_WORDS[rest[0]]}" if rest and rest[0] in _WORDS else said
