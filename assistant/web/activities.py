"""Activities for the pages and the API alike: what there is, what waits for a person, and the deeds of operators."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from assistant.base import ids
from assistant.base.errors import Invalid
from assistant.domain import activities, cashback, events, members
from assistant.store import View, Work
from assistant.web import shapes_activities as shapes
from assistant.web.activity_rows import Around
from assistant.web.doors import Call

ENTRY_STATES = {
    "done": "完成",
    "reserved": "已预约",
    "reminded": "已提醒",
    "placed": "等发货",
    "pending": "等审核",
    "approved": "已通过",
    "rejected": "已退回",
    "fulfilled": "已发货",
    "cancelled": "已取消",
}
LATELY = timedelta(days=90)
ITEMS = {"goods": "库存", "places": "名额", "budget": "预算"}


def all_of_them(view: View) -> list[shapes.ActivityOut]:
    """Every activity with its figures."""
    return [_shown(view, one) for one in activities.activities(view)]


def one_of_them(view: View, name: str) -> shapes.ActivityOut:
    """One activity; Invalid for a name nobody knows."""
    return _shown(view, _found(view, name))


def around(view: View) -> Around:
    """What the rows of a form may name: activities that are not over, templates of cards, names of events that came lately."""
    there = [one for one in activities.activities(view) if one.state not in ("ended", "closed")]
    return Around(
        tuple((one.name, one.kind, one.activity.title) for one in there),
        tuple((one.id, one.name) for one in cashback.templates(view)),
        tuple(one.name for one in events.names(view, view.now - LATELY)),
    )


def _found(view: View, name: str) -> activities.Stored:
    one = activities.activity(view, name)
    if one is None:
        raise Invalid(f"没有“{name}”这个活动", code="no_activity")
    return one


def _shown(view: View, one: activities.Stored) -> shapes.ActivityOut:
    counts = activities.entry_counts(view, one.name)
    return shapes.ActivityOut(
        name=one.name,
        kind=one.kind,
        kind_name=activities.KINDS[one.kind],
        title=one.activity.title,
        words=one.activity.words,
        state=one.state,
        state_name=activities.STATES[one.state],
        version=one.version,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        budget_fen=one.activity.budget_fen,
        stock=_stock(view, one),
        entries={ENTRY_STATES.get(state, state): count for state, count in sorted(counts.items())},
        waiting=counts.get("placed", 0) + counts.get("pending", 0),
        seed_sha256=one.seed_digest,
        definition=activities.plain(one.activity),
    )


def _stock(view: View, one: activities.Stored) -> list[shapes.StockOut]:
    prizes = {prize.id: prize.title for prize in one.activity.prizes} if isinstance(one.activity, activities.Lottery) else {}
    found = activities.stock(view, one.name)
    names = ITEMS | prizes
    return [shapes.StockOut(item=item, title=names.get(item, item), total=of.total, taken=of.taken) for item, of in sorted(found.items())]


def entries(view: View, name: str, waiting_only: bool) -> list[shapes.EntryOut]:
    """Entries of an activity, those that wait for a person only where asked."""
    _found(view, name)
    found = activities.to_settle(view, name) if waiting_only else activities.entries(view, name)
    return [
        shapes.EntryOut(
            id=one.id,
            activity=one.activity,
            kind=one.kind,
            member_id=one.member_id,
            number=one.number,
            state=one.state,
            state_name=ENTRY_STATES.get(one.state, one.state),
            title=one.title,
            item=one.item,
            quantity=one.quantity,
            points=one.points,
            said=one.said,
            note=one.note,
            at=one.at,
        )
        for one in found
    ]


def referrals(view: View, name: str) -> list[shapes.ReferralOut]:
    """Who came by whose code."""
    _found(view, name)
    return [
        shapes.ReferralOut(
            invitee_id=one.invitee_id,
            inviter_id=one.inviter_id,
            state=one.state,
            state_name=activities.REFERRAL_STATES[one.state],
            reason=one.reason,
            at=one.at,
        )
        for one in activities.invited(view, name)
    ]


def candidates(view: View, name: str) -> list[members.Member]:
    """Whom a KOC rule finds now and nobody has named yet; empty for other kinds."""
    one = _found(view, name)
    if not isinstance(one.activity, activities.Recognition):
        return []
    named = {entry.member_id for entry in activities.entries(view, name)}
    found = [number for number in activities.candidates(view, one.activity) if number not in named]
    people = members.profiles(view, found)
    return [people[number] for number in found]


async def describe(call: Call, definition: dict[str, Any], name: str = "") -> str:
    """Keeps the description as a draft or the next version; returns the activity's name."""
    if name and definition.get("name") != name:
        raise Invalid("definition 里的 name 要和地址里的一致", code="other_name")
    done = await call.store.write(activities.describe, [activities.Describe(call.key, definition)], call.who, cause="web")
    return str(done[0].name)


async def move(call: Call, name: str, to: Any) -> None:
    """Publishes (a lottery is given its seed first), pauses or ends."""
    seed = ids.fresh("seed")

    def run(work: Work, request: activities.Move) -> None:
        if request.to == "published":
            activities.keep_seed(work, name, seed)
        activities.move(work, [request])

    await call.store.write(run, activities.Move(call.key, name, to), call.who, cause="web")


async def settle(call: Call, entry_id: str, to: Any, note: str) -> activities.Settled:
    """A person's word on an entry."""
    done = await call.store.write(activities.settle, [activities.Settle(call.key, entry_id, to, note)], call.who, cause="web")
    return done[0]  # type: ignore[no-any-return]


async def recognise(call: Call, name: str, refs: Sequence[str]) -> int:
    """Names members as KOC; returns how many are new."""
    found = await call.store.read(members.find_all, refs)
    lost = next((ref for ref in refs if ref not in found), None)
    if lost is not None:
        raise Invalid(f"没有找到会员“{lost}”", code="no_member")
    requests = [activities.Recognise(f"{call.key}:{found[ref]}", name, found[ref]) for ref in dict.fromkeys(refs)]
    done = await call.store.write(activities.recognise, requests, call.who, cause="web")
    return sum(not one.already for one in done)
