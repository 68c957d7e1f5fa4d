"""Activities over the API: described as data, published, watched, reviewed."""

from __future__ import annotations

from assistant.domain import activities as rooms
from assistant.web import activities
from assistant.web.doors import Call
from assistant.web.route import ApiRoute
from assistant.web.shapes_activities import (
    ActivitiesOut,
    ActivityIn,
    ActivityOut,
    DrawsOut,
    EntriesOut,
    MoveIn,
    NamedOut,
    RecogniseIn,
    ReferralsOut,
    SettledOut,
    SettleIn,
)


async def list_all(call: Call) -> ActivitiesOut:
    """All activities."""
    return ActivitiesOut(activities=await call.store.read(activities.all_of_them))


async def show(call: Call) -> ActivityOut:
    """One activity."""
    return await call.store.read(activities.one_of_them, call.part("name"))


async def create(call: Call) -> ActivityOut:
    """A new draft."""
    name = await activities.describe(call, call.body.definition)
    return await call.store.read(activities.one_of_them, name)


async def change(call: Call) -> ActivityOut:
    """The next version."""
    await activities.describe(call, call.body.definition, call.part("name"))
    return await show(call)


async def move(call: Call) -> ActivityOut:
    """Published, paused or ended."""
    await activities.move(call, call.part("name"), call.body.to)
    return await show(call)


async def entries(call: Call) -> EntriesOut:
    """Who took part; ``waiting=1`` only those that wait for a person."""
    return EntriesOut(entries=await call.store.read(activities.entries, call.part("name"), bool(call.query("waiting"))))


async def settle(call: Call) -> SettledOut:
    """A person's word on an entry."""
    done = await activities.settle(call, call.part("id"), call.body.to, call.body.note)
    return SettledOut(entry_id=done.entry_id, state=done.state)


async def draws(call: Call) -> DrawsOut:
    """What verifies a lottery."""
    return DrawsOut.model_validate(await call.store.read(rooms.published_draws, call.part("name")))


async def referrals(call: Call) -> ReferralsOut:
    """Who came by whose code."""
    return ReferralsOut(referrals=await call.store.read(activities.referrals, call.part("name")))


async def recognise(call: Call) -> NamedOut:
    """Members named as KOC."""
    return NamedOut(named=await activities.recognise(call, call.part("name"), call.body.members))


BASE = "/api/v1/activities"
ONE = f"{BASE}/{{name}}"
ROUTES = (
    ApiRoute("GET", BASE, "activity:read", list_all, "全部活动", ActivitiesOut),
    ApiRoute("POST", BASE, "activity:edit", create, "写一个活动（草稿）", ActivityOut, ActivityIn, status=201),
    ApiRoute("GET", ONE, "activity:read", show, "一个活动：状态、库存、预算、参与", ActivityOut),
    ApiRoute("PUT", ONE, "activity:edit", change, "活动的下一个版本", ActivityOut, ActivityIn),
    ApiRoute("POST", f"{ONE}/move", "activity:publish", move, "发布、暂停、继续、结束", ActivityOut, MoveIn),
    ApiRoute("GET", f"{ONE}/entries", "activity:read", entries, "参与记录", EntriesOut, query=("waiting",)),
    ApiRoute("GET", f"{ONE}/draws", "activity:read", draws, "抽奖的概率和承诺；结束后公布种子和每一次抽奖", DrawsOut),
    ApiRoute("GET", f"{ONE}/referrals", "activity:read", referrals, "谁邀请了谁", ReferralsOut),
    ApiRoute("POST", f"{ONE}/recognise", "activity:review", recognise, "认证 KOC", NamedOut, RecogniseIn),
    ApiRoute("POST", "/api/v1/entries/{id}/settle", "activity:review", settle, "审核、发货、取消", SettledOut, SettleIn),
)
