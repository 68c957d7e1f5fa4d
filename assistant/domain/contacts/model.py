"""Friendships and groups as values, and the pure rules of what an event or a look at WeCom changes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

Status = Literal["half", "full", "ended"]
ENDED_BY = {
    "staff": "员工删除了客户",
    "customer": "客户删除了员工",
    "transfer": "转给了同事",
    "missing": "企业微信里已没有这位客户",
    "left": "员工已离职，或不再有客户联系权限",
}
ADD_WAYS = {
    **{0: "未知来源", 1: "扫描二维码", 2: "搜索手机号", 3: "名片分享", 4: "群聊", 5: "手机通讯录", 6: "微信联系人", 8: "安装第三方应用"},
    **{
        9: "搜索邮箱",
        10: "视频号",
        11: "日程参与人",
        12: "会议参与人",
        13: "微信好友的企业微信",
        14: "智慧硬件",
        15: "上门服务",
        16: "获客链接",
    },
    **{
        17: "定制开发",
        18: "需求回复",
        21: "售前客服",
        22: "可能的合作伙伴",
        24: "接受微信好友申请",
        201: "内部成员共享",
        202: "管理员分配",
    },
}
"""``add_way`` as people say it."""


@dataclass(frozen=True, slots=True)
class Relation:
    """One staff member and one customer. ``half``: the customer has not confirmed yet. ``tags`` are ids of the corp's tags.

    ``since`` is None where only the end was heard of. ``ended_by`` by ENDED_BY.
    """

    staff: str
    external: str
    member_id: str
    status: Status
    since: datetime | None
    changed_at: datetime
    add_way: int = 0
    state: str = ""
    remark: str = ""
    description: str = ""
    mobiles: tuple[str, ...] = field(default=(), repr=False)
    tags: tuple[str, ...] = ()
    ended_by: str = ""
    ended_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.status != "ended"


@dataclass(frozen=True, slots=True)
class Heard:
    """What a callback says about a pair: ``change`` added, half_added, or ended with ``by``."""

    staff: str
    external: str
    member_id: str
    change: Literal["added", "half_added", "ended"]
    at: datetime
    by: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A pair as WeCom's API shows it. ``tags`` None: not told."""

    staff: str
    external: str
    member_id: str
    since: datetime
    add_way: int = 0
    state: str = ""
    remark: str = ""
    description: str = ""
    mobiles: tuple[str, ...] = field(default=(), repr=False)
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a pair; ``kind`` new, opened, ended, changed, same or late (an older word than what is known)."""

    kind: str
    relation: Relation
    fields: tuple[str, ...] = ()
    tags_on: tuple[str, ...] = ()
    tags_off: tuple[str, ...] = ()


def after_event(row: Relation | None, heard: Heard) -> Change:
    """The relation after a callback, whatever the order of arrival: the later word counts."""
    if heard.change == "ended":
        return _ended(row, heard)
    status: Status = "half" if heard.change == "half_added" else "full"
    if row is None:
        made = Relation(heard.staff, heard.external, heard.member_id, status, heard.at, heard.at, state=heard.state)
        return Change("new", made)
    if not row.open and row.ended_at is not None:
        # An end that came without a beginning was overtaken by it, also within one second.
        overtaken = heard.at <= row.ended_at if row.since is None else heard.at < row.ended_at
        if overtaken:
            return Change("late", replace(row, since=row.since or heard.at, state=row.state or heard.state))
        again = replace(row, status=status, since=heard.at, state=heard.state or row.state, ended_by="", ended_at=None, changed_at=heard.at)
        return Change("opened", again)
    # A later add of an open friendship tells of an end that has not arrived yet.
    since = max(row.since or heard.at, heard.at)
    told = replace(row, since=since, state=heard.state if heard.at >= row.changed_at and heard.state else row.state)
    if status in ("half", row.status):
        return Change("late", told)
    return Change("changed", replace(told, status=status, changed_at=max(heard.at, row.changed_at)))


def _ended(row: Relation | None, heard: Heard) -> Change:
    if row is None:
        bare = Relation(heard.staff, heard.external, heard.member_id, "ended", None, heard.at)
        return Change("ended", replace(bare, ended_by=heard.by, ended_at=heard.at))
    if (row.since is not None and heard.at < row.since) or (row.ended_at is not None and heard.at < row.ended_at):
        return Change("late", row)
    kind = "ended" if row.open else "late"
    return Change(kind, replace(row, status="ended", ended_by=heard.by, ended_at=heard.at, changed_at=heard.at))


def after_look(row: Relation | None, seen: Seen, now: datetime) -> Change:
    """The relation after WeCom's API has shown it.

    WeCom may go on listing a customer who has deleted the staff member, so such an end is only taken back by a newer friendship.
    """
    if row is None:
        made = Relation(seen.staff, seen.external, seen.member_id, "full", seen.since, now, seen.add_way, seen.state)
        told = replace(made, remark=seen.remark, description=seen.description, mobiles=seen.mobiles, tags=seen.tags)
        return Change("new", told, tags_on=seen.tags)
    told = replace(
        row,
        since=seen.since,
        add_way=seen.add_way,
        state=seen.state or row.state,
        remark=seen.remark,
        description=seen.description,
        mobiles=seen.mobiles,
        tags=seen.tags,
    )
    names = ("add_way", "state", "remark", "description", "mobiles", "tags")
    fields = tuple(name for name in names if getattr(told, name) != getattr(row, name))
    on, off = tuple(sorted(set(seen.tags) - set(row.tags))), tuple(sorted(set(row.tags) - set(seen.tags)))
    if not row.open:
        if row.ended_by == "customer" and row.ended_at is not None and seen.since <= row.ended_at:
            told = replace(told, since=row.since or seen.since)
            return Change("changed" if told != row else "same", told, fields, on, off)
        return Change("opened", replace(told, status="full", ended_by="", ended_at=None, changed_at=now), fields, on, off)
    return Change("changed" if fields else "same", told, fields, on, off)


@dataclass(frozen=True, slots=True)
class Group:
    """A customer group; ``status`` open, inheriting (its owner left), dismissed. ``inside`` counts customers who sit in it now."""

    chatid: str
    name: str
    owner: str
    notice: str
    status: str
    version: str
    told_version: str
    told_at: datetime | None
    created_at: datetime | None
    ended_at: datetime | None
    inside: int = 0


@dataclass(frozen=True, slots=True)
class Seat:
    """Someone in a group, now or before. ``kind`` customer or staff; ``scene`` invited, link, qr or empty; ``state`` that of the join
    code; ``left_how`` left, removed…
    """

    chatid: str
    person: str
    member_id: str
    kind: str
    joined_at: datetime
    scene: str = ""
    invited_by: str = ""
    state: str = ""
    left_at: datetime | None = None
    left_how: str = ""
    returns: int = 0


@dataclass(frozen=True, slots=True)
class GroupHeard:
    """What a callback says about a group; ``ask``: it does not say what is new, only that something is."""

    chatid: str
    change: Literal["created", "updated", "dismissed"]
    at: datetime
    came: tuple[Seat, ...] = ()
    went: tuple[str, ...] = ()
    how: str = ""
    last_version: str = ""
    version: str = ""
    ask: bool = False


@dataclass(frozen=True, slots=True)
class GroupSeen:
    """A group as WeCom's API shows it, with everybody inside."""

    chatid: str
    name: str
    owner: str
    version: str
    seats: tuple[Seat, ...]
    notice: str = ""
    created_at: datetime | None = None
    status: str = "open"


@dataclass(frozen=True, slots=True)
class GroupChange:
    """What became of a group: ``fetch`` asks for a look at WeCom; who came and who went (persons), and what else is different."""

    chatid: str
    kind: str
    fetch: bool = False
    came: tuple[Seat, ...] = ()
    went: tuple[Seat, ...] = ()
    fields: tuple[str, ...] = ()


def differing(before: Collection[str], wanted: Collection[str], managed: Collection[str]) -> tuple[list[str], list[str]]:
    """(to put on, to take off) so that of the managed tags exactly the wanted ones are there."""
    ours = set(managed)
    return sorted((set(wanted) & ours) - set(before)), sorted((set(before) & ours) - set(wanted))
