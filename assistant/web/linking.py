"""Members who may be one person, for the page and the API alike."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from assistant.domain import insights, members, orders, points
from assistant.flows import merging
from assistant.store import View
from assistant.web import shapes_linking as shapes
from assistant.web.doors import Call

SHOWN = 100
CALLED = {
    "wecom_external": "企业微信",
    "wecom_user": "群成员",
    "unionid": "微信 unionid",
    "openid": "小程序",
    "phone": "手机号",
    "verified_phone": "验证过的手机号",
    "shop": "店铺会员号",
    "card": "会员卡",
    "taobao": "淘宝",
    "tmall": "天猫",
    "jd": "京东",
    "douyin_open": "抖音",
    "douyin_life": "抖音来客",
    "youzan": "有赞",
}
"""How people call a kind of identity."""
RATED = timedelta(days=365)


def overview(view: View) -> shapes.LinkingOut:
    """Rates, proposals, merges."""
    proposals, merges = members.proposals(view, limit=SHOWN), members.merges(view, limit=SHOWN)
    ids = {number for one in proposals for number in (one.one, one.other)} | {
        number for one in merges for number in (one.kept, one.absorbed)
    }
    sides = _sides(view, ids)
    return shapes.LinkingOut(
        rates=[shapes.LinkRateOut.model_validate(one, from_attributes=True) for one in insights.link_rates(view, view.now - RATED)],
        proposals=[
            shapes.ProposalOut(
                one=sides[one.one],
                other=sides[one.other],
                reasons=[shapes.ReasonOut.model_validate(reason, from_attributes=True) for reason in one.reasons],
                hindrance=one.hindrance,
                at=one.at,
            )
            for one in proposals
        ],
        merges=[
            shapes.MergeOut(
                id=one.id,
                kept=sides[one.kept],
                absorbed=sides[one.absorbed],
                state=one.state,
                reasons=list(one.reasons),
                note=one.note,
                by=one.by,
                at=one.at,
            )
            for one in merges
        ],
    )


def _sides(view: View, ids: Collection[str]) -> dict[str, shapes.SideOut]:
    people, known, held = members.profiles(view, ids), members.identities(view, ids), points.balance(view, ids)
    bought = orders.counts(view, ids)
    found = {}
    for number in ids:
        one = people.get(number)
        found[number] = shapes.SideOut(
            id=number,
            nickname=one.nickname if one else "",
            phone=members.masked_phone(one.phone) if one else "",
            joined_at=one.joined_at if one else None,
            known_by=sorted({_called(identity.namespace) for identity in known.get(number, ())}),
            points=held[number].available,
            orders=bought.get(number, 0),
        )
    return found


def _called(namespace: str) -> str:
    kind = namespace.partition(":")[0]
    return f"自称的 {namespace.removeprefix('told:')}" if kind == "told" else CALLED.get(kind, namespace)


async def show(call: Call) -> shapes.LinkingOut:
    """All of it."""
    return await call.store.read(overview)


async def merge(call: Call, one: str, other: str, note: str) -> merging.Merged:
    """Merges two at a person's word."""
    done: list[merging.Merged] = await call.store.write(merging.merge, [merging.Merge(call.key, one, other, note)], call.who, cause="web")
    return done[0]


async def decline(call: Call, one: str, other: str) -> None:
    """A person says that the two are not one."""
    await call.store.write(members.decline, [members.Decline(call.key, one, other)], call.who, cause="web")


async def undo(call: Call, merge_id: str, reason: str) -> merging.Undone:
    """Takes a merge back."""
    done: list[merging.Undone] = await call.store.write(merging.undo, [merging.Undo(call.key, merge_id, reason)], call.who, cause="web")
    return done[0]
