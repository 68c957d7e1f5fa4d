"""Ways to become a friend (联系我) or to join a group: what a scanned code means, by its ``state``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from assistant.base.errors import Conflict, Invalid
from assistant.base.ids import derive
from assistant.domain.contacts.tables import way
from assistant.store import Fact, View, Work, once

WAY_STATUSES = {
    "making": "等待创建",
    "creating": "正在创建",
    "changing": "正在修改",
    "active": "可以使用",
    "deleting": "正在删除",
    "deleted": "已删除",
    "failed": "没有成功",
    "unknown": "不知是否成功",
}
MOST_STAFF, MOST_GROUPS, LONGEST_STATE, LONGEST_NAME, LONGEST_GREETING = 100, 5, 30, 30, 4000


@dataclass(frozen=True, slots=True)
class Way:
    """``state`` comes back in the add event and finds channel, greeting, tags and benefit. ``qr_code`` is an address of a picture."""

    id: str
    kind: str
    state: str
    name: str
    channel: str
    staff: tuple[str, ...]
    groups: tuple[str, ...]
    greeting: str
    link: Mapping[str, str]
    tags: tuple[str, ...]
    benefit: Mapping[str, Any]
    skip_verify: bool
    status: str
    config_id: str
    qr_code: str
    trouble: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SaveWay:
    """Makes a way, or changes the one of ``way_id``. An empty ``state`` is chosen by us; it never changes afterwards."""

    key: str
    kind: Literal["person", "group"]
    name: str
    channel: str = ""
    staff: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    greeting: str = ""
    link: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    benefit: Mapping[str, Any] = field(default_factory=dict)
    skip_verify: bool = True
    state: str = ""
    way_id: str = ""


@dataclass(frozen=True, slots=True)
class SavedWay:
    """The way that was made or changed."""

    way_id: str


@dataclass(frozen=True, slots=True)
class WayTurn:
    """What WeCom said about a way; empty texts leave what is known."""

    way_id: str
    status: str
    config_id: str = ""
    qr_code: str = ""
    trouble: str = ""


def save_way(work: Work, requests: Sequence[SaveWay]) -> list[SavedWay]:
    """Keeps ways as they shall be; WeCom is told by a job. Raises Invalid for what WeCom would refuse, Conflict for a taken ``state``."""
    return once(work, "contacts.save_way", requests, SavedWay, lambda work, fresh: [_save(work, one) for one in fresh])


def _save(work: Work, one: SaveWay) -> SavedWay:
    _check(one)
    number = one.way_id or derive("way", one.key)
    before = find_way(work, number)
    if one.way_id and (before is None or before.status in ("deleted", "deleting")):
        raise Invalid("这个渠道码不存在，或已经删除", code="no_way")
    state = before.state if before else one.state.strip() or f"ly{number.removeprefix('way_')[:16]}"
    if before is None and work.scalar(sa.select(way.c.id).where(way.c.state == state)):
        raise Conflict(f"渠道参数“{state}”已被另一个码使用，请换一个", code="state_taken", state=state)
    values = {
        "kind": before.kind if before else one.kind,
        "state": state,
        "name": one.name.strip(),
        "channel": one.channel.strip(),
        "staff": list(one.staff),
        "groups": list(one.groups),
        "greeting": one.greeting.strip(),
        "link": {name: text for name, text in one.link.items() if text},
        "tags": list(one.tags),
        "benefit": dict(one.benefit),
        "skip_verify": one.skip_verify,
        "status": "changing" if before and before.config_id else "making",
        "trouble": "",
        "by": work.principal.label,
    }
    if before:
        work.execute(way.update().where(way.c.id == number).values(values))
    else:
        work.insert(way, [{"id": number, **values, "config_id": "", "qr_code": "", "at": work.now}])
    payload = {"way": number, "kind": values["kind"], "name": values["name"], "channel": values["channel"]}
    work.record(Fact("contacts.way_saved", f"way:{number}", payload))
    return SavedWay(number)


def _check(one: SaveWay) -> None:
    name, state, size = one.name.strip(), one.state.strip(), len(one.greeting.encode())
    if not 0 < len(name) <= LONGEST_NAME:
        raise Invalid(f"名称要有 1 到 {LONGEST_NAME} 个字，现在有 {len(name)} 个字", code="bad_way_name")
    if len(state) > LONGEST_STATE:
        raise Invalid(f"渠道参数最多 {LONGEST_STATE} 个字符，现在有 {len(state)} 个", code="state_too_long")
    if len(one.channel.strip()) > 40:
        raise Invalid("渠道名称最多 40 个字", code="bad_channel")
    if one.kind == "person" and not 0 < len(one.staff) <= MOST_STAFF:
        raise Invalid(f"请选择 1 到 {MOST_STAFF} 位员工，现在有 {len(one.staff)} 位", code="bad_way_staff")
    if one.kind == "group" and not 0 < len(one.groups) <= MOST_GROUPS:
        raise Invalid(f"请选择 1 到 {MOST_GROUPS} 个客户群，现在有 {len(one.groups)} 个", code="bad_way_groups")
    if size > LONGEST_GREETING:
        raise Invalid(f"欢迎语最多 {LONGEST_GREETING} 字节（约 1300 个汉字），现在有 {size} 字节", code="greeting_too_long")
    _check_link(one.link)
    if any(not 0 < len(tag) <= 60 for tag in one.tags):
        raise Invalid("标签要有 1 到 60 个字", code="bad_tag")


def _check_link(link: Mapping[str, str]) -> None:
    if not any(link.values()):
        return
    if not link.get("title") or not link.get("url", "").startswith(("https://", "http://")):
        raise Invalid("链接卡片要有标题，网址要以 https:// 开头", code="bad_link")
    for name, what, most in (("title", "链接标题", 128), ("desc", "链接说明", 512), ("url", "网址", 2048), ("picurl", "封面图网址", 2048)):
        size = len(link.get(name, "").encode())
        if size > most:
            raise Invalid(f"{what}最多 {most} 字节，现在有 {size} 字节", code="bad_link")


def delete_way(work: Work, way_id: str) -> None:
    """The way shall go; WeCom is told by a job. A scanned code of it leads nowhere afterwards."""
    found = find_way(work, way_id)
    if found is None:
        raise Invalid("这个渠道码不存在", code="no_way")
    if found.status != "deleted":
        work.execute(way.update().where(way.c.id == way_id).values(status="deleting", trouble=""))
        work.record(Fact("contacts.way_deleted", f"way:{way_id}", {"way": way_id, "name": found.name}))


def turn_way(work: Work, turn: WayTurn) -> None:
    """Writes what WeCom said."""
    values = {name: value for name, value in (("config_id", turn.config_id), ("qr_code", turn.qr_code)) if value}
    work.execute(way.update().where(way.c.id == turn.way_id).values(status=turn.status, trouble=turn.trouble[:300], **values))
    work.record(
        Fact("contacts.way_turned", f"way:{turn.way_id}", {"way": turn.way_id, "status": turn.status, "trouble": turn.trouble[:300]})
    )


def find_way(view: View, way_id: str) -> Way | None:
    """One way, or None."""
    row = view.one(sa.select(way).where(way.c.id == way_id))
    return None if row is None else _value(row)


def ways_of_states(view: View, states: Sequence[str]) -> dict[str, Way]:
    """State → its way; unknown states are left out."""
    wanted = sorted({state for state in states if state})
    return {row.state: _value(row) for row in view.all(sa.select(way).where(way.c.state.in_(wanted)))} if wanted else {}


def ways(view: View, *, deleted: bool = False, limit: int = 200) -> list[Way]:
    """The ways, the newest first."""
    wanted = way.c.status == "deleted" if deleted else way.c.status != "deleted"
    return [_value(row) for row in view.all(sa.select(way).where(wanted).order_by(way.c.at.desc(), way.c.id).limit(limit))]


def _value(row: sa.Row[Any]) -> Way:
    values = dict(row._mapping)
    return Way(**(values | {name: tuple(values[name]) for name in ("staff", "groups", "tags")}))
