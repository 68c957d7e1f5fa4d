"""A member and their book, gathered from the rooms for the page and the API alike. Phone numbers leave masked."""

from __future__ import annotations

from assistant import operations
from assistant.base.errors import Invalid
from assistant.domain import audience, cashback, journeys, members, membership, orders, outreach, points, staff
from assistant.store import View
from assistant.web import shapes_members as shapes

FOUND = 50
ENTRIES = 100
ORDERS = 30
TOUCHES = 40
KINDS = {"marketing": "营销消息", "care": "关怀消息", "service": "服务消息"}


def search(view: View, words: str) -> list[shapes.MemberBriefOut]:
    """Members by a part of the nickname, the first or last digits of the phone, the shop's key, any identity, or an order number.

    Nothing for no words; the owner of an order with this number comes first.
    """
    wanted = words.strip()
    if not wanted:
        return []
    buyers = members.profiles(view, [one.member_id for one in orders.by_number(view, wanted) if one.member_id])
    found = {one.id: one for one in (*buyers.values(), *members.search(view, wanted, limit=FOUND))}
    return [_brief(one) for one in found.values()][:FOUND]


def find(view: View, ref: str) -> str:
    """The id of a member named by id, shop key or identity; raises Invalid if there is none."""
    found = members.find(view, ref)
    if found is None:
        raise Invalid("找不到这位会员", code="no_member", ref=ref)
    return found


def profile(view: View, ref: str) -> shapes.MemberOut:
    """Who the member is."""
    member_id = find(view, ref)
    one = members.profiles(view, [member_id])[member_id]
    standing = membership.standings(view, [member_id])[member_id]
    tags = audience.tags_of(view, [member_id]).get(member_id, [])
    return shapes.MemberOut(
        **_brief(one).model_dump(),
        shop_key=one.shop_key or "",
        gender=one.gender,
        birthday=one.birthday,
        owner_staff=one.owner_staff,
        owner_name=_owner(view, one.owner_staff),
        groups=list(one.groups),
        tags=[tag.tag for tag in tags],
        opted_out=one.opted_out,
        opted_out_topics=sorted(one.opted_out_topics),
        tier=standing.tier,
        growth=standing.growth,
        next_tier=standing.next_tier or "",
        growth_needed=standing.growth_needed or 0,
        household=points.household_of(view, member_id),
    )


def book(view: View, ref: str) -> shapes.BookOut:
    """What the member holds and how it came about."""
    member_id = find(view, ref)
    balance = points.balance(view, [member_id])[member_id]
    return shapes.BookOut(
        member_id=member_id,
        available=balance.available,
        pending=balance.pending,
        lots=_lots(view, member_id),
        entries=[
            shapes.EntryOut(at=entry.at, change=entry.change, reason=entry.reason, order_no=entry.order_no)
            for entry in points.history(view, member_id, ENTRIES)
        ],
        orders=_orders(view, member_id),
        cards=[
            shapes.CardOut(
                name=card.name,
                rule=card.rule,
                remaining=card.remaining,
                valid_until=card.valid_until,
                kind=cashback.KINDS[card.kind],
                used_fen=card.used_fen,
            )
            for card in cashback.cards_of(view, member_id)
        ],
        claims=[
            shapes.ClaimOut(
                id=claim.id, order_no=claim.order_no, amount_fen=claim.payable_fen, state=claim.state, say=cashback.say_state(claim)
            )
            for claim in cashback.claims_of(view, member_id)
        ],
        touches=_touches(view, member_id),
    )


def names(view: View, member_ids: list[str]) -> dict[str, str]:
    """The nicknames of some members."""
    return {member_id: one.nickname for member_id, one in members.profiles(view, member_ids).items()}


def _brief(one: members.Member) -> shapes.MemberBriefOut:
    phone = members.masked_phone(one.phone)
    return shapes.MemberBriefOut(id=one.id, nickname=one.nickname, phone=phone, city=one.city, joined_at=one.joined_at)


def _owner(view: View, userid: str) -> str:
    found = staff.person(view, userid) if userid else None
    return found.name if found else userid


def _lots(view: View, member_id: str) -> list[shapes.LotOut]:
    return [
        shapes.LotOut(amount=lot.amount, remaining=lot.remaining, state=lot.state, source=lot.source, expires_at=lot.expires_at)
        for lot in points.lots(view, member_id)
    ]


def _orders(view: View, member_id: str) -> list[shapes.OrderOut]:
    found = orders.of_member(view, member_id, ORDERS)
    earned = points.earned_by_order(view, [order.id for order in found])
    return [
        shapes.OrderOut(
            order_no=order.order_no,
            shop=order.shop,
            status=order.status,
            created_at=order.created_at,
            paid_fen=order.paid_fen,
            refund_fen=order.refund_fen,
            points=earned.get(order.id, 0),
        )
        for order in found
    ]


def _touches(view: View, member_id: str) -> list[shapes.TouchOut]:
    """What was sent and what was not, the latest first."""
    sent = outreach.of_member(view, member_id, TOUCHES)
    skipped = outreach.skips_of_member(view, member_id, TOUCHES)
    because = causes(view, {one.cause for one in sent} | {one.cause for one in skipped})
    found = [
        shapes.TouchOut(
            at=one.queued_at,
            what=one.text or one.topic or KINDS.get(one.kind, one.kind),
            state="past" if one.route == "import" else one.state,
            reason=one.reason,
            cause=one.cause,
            because=because.get(one.cause, ""),
        )
        for one in sent
    ]
    found += [
        shapes.TouchOut(at=one.at, what="", state="skipped", reason=one.reason, cause=one.cause, because=because.get(one.cause, ""))
        for one in skipped
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)[:TOUCHES]


def causes(view: View, found: set[str]) -> dict[str, str]:
    """Plans by their goal, SOPs by their name; other causes have no name."""
    sops = {f"journey:{version.name}:": version.journey.title for version, _on in journeys.journeys(view)}
    named = {cause: title for cause in found for begin, title in sops.items() if cause.startswith(begin)}
    return named | operations.goals_of(view, found - set(named))
