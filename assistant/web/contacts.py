"""Customer contact for the page and the API alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from assistant.base.errors import Invalid
from assistant.domain import benefits, contacts, insights, members, staff
from assistant.flows import contact_marking, contact_sync, contact_tags, contact_transfer, contact_ways
from assistant.flows.contact_events import NOT_UNDERSTOOD
from assistant.flows.contact_people import NAMESPACE
from assistant.store import View, fact, inbox
from assistant.web import book
from assistant.web import shapes_contacts as shapes
from assistant.web.doors import Call

SHOWN = 50
GROUPS = {"open": "正常", "inheriting": "群主已离职，待接手", "dismissed": "已解散"}


def overview(view: View) -> shapes.ContactsOut:
    """All of it."""
    names = staff.names(view)
    return shapes.ContactsOut(
        staff=_staff(view, names),
        runs=[shapes.RunOut.model_validate(one, from_attributes=True) for one in contacts.latest(view)],
        ways=_ways(view, names),
        groups=[
            shapes.GroupOut(
                chatid=one.chatid,
                name=one.name or one.chatid,
                owner=names.get(one.owner, one.owner),
                status=GROUPS.get(one.status, one.status),
                inside=one.inside,
                created_at=one.created_at,
            )
            for one in contacts.groups.listed(view)
        ],
        tags=[shapes.TagOut.model_validate(one, from_attributes=True) for one in contacts.library(view)],
        transfers=_transfers(view, names),
        welcomes=_welcomes(view, names),
        not_understood=not_understood(view),
    )


def _staff(view: View, names: Mapping[str, str]) -> list[shapes.StaffOut]:
    customers, left = contacts.counts(view), contacts.left_behind(view)
    return [
        shapes.StaffOut(userid=one, name=names.get(one, one), customers=customers.get(one, 0), left_behind=left.get(one, 0))
        for one in sorted({*names, *customers, *left})
    ]


def _ways(view: View, names: Mapping[str, str]) -> list[shapes.WayOut]:
    found = contacts.ways(view)
    figures = insights.by_code(view, [one.state for one in found])
    points = {one.id: one.benefit.get("points", 0) if one.benefit.get("kind") == "points" else 0 for one in found}
    made = []
    for one in found:
        numbers = figures.get(one.state, insights.CodeFigures())
        made.append(
            shapes.WayOut(
                **{name: getattr(one, name) for name in ("id", "kind", "state", "name", "channel", "greeting", "skip_verify", "status")},
                staff=[names.get(userid, userid) for userid in one.staff],
                groups=[members.group_name(view, chatid) or chatid for chatid in one.groups],
                group_ids=list(one.groups),
                link=dict(one.link),
                tags=list(one.tags),
                benefit=benefits.describe(benefits.from_dict(one.benefit)) if one.benefit else "",
                say=contacts.WAY_STATUSES.get(one.status, one.status),
                trouble=one.trouble,
                qr_code=one.qr_code,
                staff_ids=list(one.staff),
                points=points[one.id],
                added=numbers.came,
                inside=numbers.inside,
                friends=numbers.friends,
                first_orders=numbers.first_orders,
            )
        )
    return made


def _nicknames(view: View, ids: Iterable[str]) -> dict[str, str]:
    return {number: one.nickname or "会员" for number, one in members.profiles(view, [number for number in ids if number]).items()}


def _transfers(view: View, names: Mapping[str, str]) -> list[shapes.TransferOut]:
    found = contacts.transfers(view, SHOWN)
    called = _nicknames(view, (one.member_id for one in found))
    return [
        shapes.TransferOut(
            handover=names.get(one.handover, one.handover),
            takeover=names.get(one.takeover, one.takeover),
            member_id=one.member_id,
            nickname=called.get(one.member_id, "会员"),
            resigned=one.resigned,
            state=one.state,
            say=contacts.TRANSFER_STATES.get(one.state, one.state),
            reason=one.reason,
            by=one.by,
            at=one.at,
        )
        for one in found
    ]


def _welcomes(view: View, names: Mapping[str, str]) -> list[shapes.WelcomeOut]:
    found = contacts.welcomes(view, 20)
    called = _nicknames(view, (one.member_id for one in found))
    return [
        shapes.WelcomeOut(
            staff=names.get(one.staff, one.staff),
            member_id=one.member_id,
            nickname=called.get(one.member_id, "会员"),
            outcome=one.outcome,
            say=contacts.OUTCOMES.get(one.outcome, one.outcome),
            reason=one.reason,
            heard_at=one.heard_at,
        )
        for one in found
    ]


def not_understood(view: View, limit: int = SHOWN) -> list[shapes.NotUnderstoodOut]:
    """Callbacks that nobody understood, or not all of, with the original; the newest first."""
    rows = view.all(sa.select(fact).where(fact.c.name == NOT_UNDERSTOOD).order_by(fact.c.id.desc()).limit(limit))
    ids = [str(row.payload.get("inbox", "")) for row in rows]
    kept = {row.id: row.message for row in view.all(sa.select(inbox.c.id, inbox.c.message).where(inbox.c.id.in_(ids)))}
    return [
        shapes.NotUnderstoodOut(
            at=row.occurred_at,
            event=row.payload.get("event", ""),
            source=row.payload.get("source", ""),
            elements=row.payload.get("elements", []),
            missing=row.payload.get("missing", []),
            # Codes that answer once are nobody's to read.
            raw={name: value for name, value in kept.get(number, {}).get("raw", {}).items() if name not in ("WelcomeCode", "ResponseCode")},
        )
        for row, number in zip(rows, ids, strict=True)
    ]


def of_member(view: View, ref: str) -> shapes.FriendsOut:
    """A member's friendships and groups."""
    member_id = book.find(view, ref)
    names = staff.names(view)
    found = contacts.of_member(view, member_id)
    called = {number: one.name for number, one in contacts.by_id(view, {tag for one in found for tag in one.tags}).items()}
    friends = [
        shapes.FriendOut(
            staff=one.staff,
            name=names.get(one.staff, one.staff),
            status=one.status,
            say={"full": "好友", "half": "客户还没有确认"}.get(one.status) or contacts.ENDED_BY.get(one.ended_by, "已不是好友"),
            since=one.since,
            came_by=contacts.ADD_WAYS.get(one.add_way, "未知来源"),
            state=one.state,
            remark=one.remark,
            tags=[called.get(tag, tag) for tag in one.tags],
            ended_at=one.ended_at,
        )
        for one in found
    ]
    seats = contacts.groups.seats_of(view, member_id)
    groups = [
        shapes.SeatOut(
            chatid=one.chatid, name=members.group_name(view, one.chatid) or one.chatid, joined_at=one.joined_at, left_at=one.left_at
        )
        for one in seats
    ]
    return shapes.FriendsOut(friends=friends, groups=groups)


async def save_way(call: Call, body: shapes.WayIn, way_id: str = "") -> str:
    """Makes or changes a way."""
    request = contacts.SaveWay(
        call.key,
        body.kind,
        body.name,
        body.channel,
        tuple(body.staff),
        tuple(body.groups),
        body.greeting,
        body.link,
        tuple(body.tags),
        body.benefit,
        body.skip_verify,
        body.state,
        way_id,
    )
    saved: contacts.SavedWay = await call.store.write(contact_ways.save_way, request, call.who, cause="web")
    return saved.way_id


async def delete_way(call: Call, way_id: str) -> None:
    """The way goes."""
    await call.store.write(contact_ways.delete_way, way_id, call.who, cause="web")


async def make_again(call: Call, way_id: str) -> None:
    """A person says that WeCom has not made it."""
    await call.store.write(contact_ways.make_again, way_id, call.who, cause="web")


async def transfer(call: Call, body: shapes.TransferIn) -> int:
    """Passes customers on."""
    externals = await call.store.read(_externals, body.members)
    request = contacts.AskTransfer(call.key, body.handover, body.takeover, externals, body.resigned, body.message)
    done: contacts.AskedTransfer = await call.store.write(contact_transfer.ask, request, call.who, cause="web")
    return done.count


def _externals(view: View, refs: list[str]) -> tuple[str, ...]:
    found = members.find_all(view, refs)
    for ref in refs:
        if ref not in found:
            raise Invalid(f"找不到会员 {ref}", code="no_member")
    known = members.identities(view, found.values())
    return tuple(one.value for number in dict.fromkeys(found.values()) for one in known.get(number, ()) if one.namespace == NAMESPACE)


async def reconcile(call: Call) -> None:
    """Makes a reconciliation of everything due."""
    await call.store.write(contact_sync.ask_by_hand, None, call.who, cause="web")


async def map_tag(call: Call, tag_id: str, ours: str) -> None:
    """Says which tag of ours a corp tag stands for."""
    await call.store.write(contact_marking.map_tag, contacts.MapTag(tag_id, ours), call.who, cause="web")


async def make_tag(call: Call, name: str) -> None:
    """Makes a corp tag for one of ours."""
    await call.store.write(contact_tags.ask_tag, name, call.who, cause="web")


async def remark(call: Call, ref: str, userid: str, text: str) -> None:
    """Sets a remark in WeCom."""
    number = await call.store.read(book.find, ref)
    await call.store.write(contact_tags.ask_remark, contact_tags.Remark(number, userid, text), call.who, cause="web")


def benefit_of(view: View, way_id: str) -> dict[str, Any]:
    """The benefit of a code; empty for none."""
    found = contacts.find_way(view, way_id)
    return dict(found.benefit) if found is not None else {}


def words(text: str) -> list[str]:
    """What a form field lists, by commas or lines."""
    return [one.strip() for one in text.replace("，", ",").replace("、", ",").replace("\n", ",").split(",") if one.strip()]


def benefit(kind: str, value: str) -> dict[str, Any]:
    """The benefit of a form: points as a number, or nothing."""
    if kind != "points" or not value.strip():
        return {}
    if not (value.strip().isascii() and value.strip().isdigit()):
        raise Invalid("送的积分请写整数，例如 20", code="bad_benefit")
    return {"kind": "points", "points": int(value)}
