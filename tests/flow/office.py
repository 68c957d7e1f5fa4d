"""The operator's side of the shop for flow tests: two operators at the API, fresh people for each campaign, time that runs fast."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from assistant import access, operations
from assistant.domain import ledger, members, outreach, points
from assistant.flows.importing import import_lines
from assistant.operations.vocabulary import CITIES
from assistant.store import Work
from tests.flow.shop import OWNER, Shop

TEN = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
"""10:00 in Shanghai on a Tuesday."""
DAY = timedelta(days=1)
MAKER, BOSS = "maker", "boss"
POINTS, PEOPLE, SENT = 50, 6, 5


@dataclass(frozen=True, slots=True)
class People:
    """Six members of a city: ``canary`` is the first to be written to and has its 客服 window open, ``out`` has opted out."""

    city: str
    ids: dict[str, str]
    canary: str
    out: str

    @property
    def rest(self) -> list[str]:
        return [external for external in self.ids if external not in (self.canary, self.out)]

    @property
    def goal(self) -> str:
        return f"给{self.city}的会员每人发 {POINTS} 积分，不要对照组，预算 100 元"


class Office:
    """What operators do with one shop. ``answers`` of the API are (status, JSON)."""

    def __init__(self, shop: Shop, session: aiohttp.ClientSession) -> None:
        self.shop = shop
        self._session = session
        self._cities = iter([city for city in CITIES if city != "上海"])
        self._imports = 0

    async def call(self, who: str, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        url = f"http://127.0.0.1:{self.shop.port}/api/v1{path}"
        headers = {"Authorization": f"Bearer {who}-token"} | ({"Idempotency-Key": key} if key else {})
        async with self._session.request(method, url, headers=headers, json=body) as answer:
            return answer.status, await answer.json()

    async def done(self, who: str, method: str, path: str, body: Any = None, key: str = "") -> Any:
        """The answer of a call that must succeed."""
        status, told = await self.call(who, method, path, body, key)
        assert status in (200, 201), told
        return told

    async def told(self, *lines: dict[str, Any]) -> None:
        """Imports lines."""
        self._imports += 1
        raw = [json.dumps(line, ensure_ascii=False).encode() for line in lines]
        report = await asyncio.to_thread(import_lines, self.shop.book, f"office{self._imports}", raw, OWNER)
        assert report.bad == []

    async def people(self) -> People:
        """Fresh members of a city of their own, three with each of two employees, customers in WeCom too."""
        city = next(self._cities)
        names = [f"wm_{city}_{number}" for number in range(PEOPLE)]
        for number, name in enumerate(names):
            staff = ("lin", "he")[number % 2]
            identity = {"namespace": "wecom_external", "value": name}
            plain = {"kind": "member", "key": name, "nickname": f"老友{number}", "owner_staff": staff, "identities": [identity]}
            await self.told(plain | {"city": city})
            self.shop.simulator.world.add_customer(name, f"老友{number}", [staff])
        ids = {name: self.shop.book.look(members.find, name) or "" for name in names}
        canary, out = sorted(names, key=lambda name: ids[name])[:2]
        self.shop.book.do(members.opt_out, [members.Choice(f"out:{city}", ids[out])], OWNER)
        await self._wrote_lately(canary)
        return People(city, ids, canary, out)

    async def _wrote_lately(self, external: str) -> None:
        """The customer wrote to 微信客服 and was heard: the window is open, there and here."""
        knobs = self.shop.simulator.world.knobs
        knobs.callback_silent_loss = 1.0
        await self.shop.simulator.customer_says(external, "在吗")
        knobs.callback_silent_loss = 0.0
        # Read long ago: a lost wake-up alone would be made up for.
        self.shop.simulator.kf.accounts.the().log.clear()
        inbound = {"kind": "contact", "key": external, "member": external, "direction": "inbound", "touchpoint": "kf"}
        await self.told(inbound | {"at": self.shop.clock.now().isoformat(timespec="seconds")})

    async def previewed(self, goal: str) -> Any:
        """A sentence becomes a plan that has been previewed."""
        plan = await self.done(MAKER, "POST", "/goals", {"text": goal})
        assert plan["questions"] == []
        return await self.done(MAKER, "POST", f"/plans/{plan['id']}/preview", {})

    async def approved(self, plan: Any) -> None:
        """Approves what was previewed; the answer may be lost with the process, the same call later is the same approval."""
        with contextlib.suppress(aiohttp.ClientError):
            await self.done(BOSS, "POST", f"/plans/{plan['id']}/approve", {"digest": plan["digest"]}, key=f"approve-{plan['id']}")

    def state(self, plan: Any) -> str:
        return str(self.shop.book.look(operations.plan, plan["id"]).state)

    def touches(self, plan: Any) -> dict[str, outreach.Touch]:
        """The touches of a plan by the customer; nobody has two."""
        found = self.shop.book.look(outreach.touches, plan["id"])
        by_peer = {touch.peer: touch for touch in found}
        assert len(by_peer) == len(found)
        return by_peer

    def tasked(self, external: str) -> int:
        """In how many 群发 tasks this customer is."""
        tasks = self.shop.simulator.mass.tasks.values()
        return sum(row.target == external for task in tasks for rows in task.rows.values() for row in rows)

    def settled(self, plan: Any) -> bool:
        """Whether the plan has ended and each touch tells what WeCom knows: delivered, or unknown where there is no task."""
        touches = self.touches(plan)
        ends = (touch.state == ("delivered" if touch.route == "kf" or self.tasked(peer) else "unknown") for peer, touch in touches.items())
        return self.state(plan) == "done" and len(touches) == SENT and all(ends)

    async def points(self, people: People) -> dict[str, int]:
        """The points each of them has."""
        found = await asyncio.to_thread(self.shop.book.look, points.balance, list(people.ids.values()))
        return {name: int(found[member_id].available) for name, member_id in people.ids.items()}

    def fen(self, owner: str) -> int:
        """What lies on the main pocket of an account, in fen."""
        account = ledger.Account(owner, "cny")
        return int(self.shop.book.look(ledger.balances, [account])[account])

    def sound(self) -> bool:
        """The ledger sums to zero per asset and nothing waits for a person."""
        held = self.shop.scalar("SELECT count(*) FROM due WHERE held")
        return set(self.shop.book.look(ledger.totals).values()) <= {0} and not self.shop.book.look(ledger.drift) and not held

    async def play(self, condition: Callable[[], object], what: str, step: float = 10.0) -> None:
        """Lets the time of the shop run fast until the outcome is there."""
        looks = 0

        def look() -> object:
            nonlocal looks
            looks += 1
            if condition():
                return True
            if looks % 2 == 0:
                self.shop.simulator.advance(step)
            return False

        await self.shop.until(look, what)

    async def outlive(self, stage: str, nth: int = 1, pace: float = 1.0) -> None:
        """The service dies at this stage."""
        await self.play(lambda: self.shop.dead, f"the death at {stage} {nth}", pace)
        assert await self.shop.died(), (stage, nth)


@asynccontextmanager
async def office(database: str, folder: Path, at: datetime = TEN) -> AsyncIterator[Office]:
    """A shop at this time with its operators; employees confirm 群发 after twenty seconds. The service is not running yet."""
    shop = Shop(database, folder)
    shop.clock.set(at)
    async with shop, aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        await asyncio.to_thread(shop.book.do, _hire, None, OWNER)
        for userid in ("lin", "he"):
            shop.simulator.world.staff[userid].confirms = 20.0
        yield Office(shop, session)


def _hire(work: Work, _nothing: None) -> None:
    hired = ((MAKER, "operator"), (BOSS, "approver"))
    access.add_operators(work, [access.AddOperator(name, (role,), token=f"{name}-token") for name, role in hired])


def figures(lines: list[dict[str, Any]]) -> dict[str, int]:
    return {line["name"]: line["value"] for line in lines}


async def once_each(desk: Office, plan: Any, people: People, campaigns: int = 1) -> int:
    """Nobody is lost, every effect is there once, the report says the same as the phones; returns how many nobody knows about."""
    touches = desk.touches(plan)
    lost = {name for name in touches if touches[name].state == "unknown"}
    assert set(touches) == {people.canary, *people.rest}
    assert {name: len(desk.shop.heard(name)) for name in people.ids} == {name: int(name not in (*lost, people.out)) for name in people.ids}
    assert all(desk.tasked(name) == (name not in lost) for name in people.rest)
    assert await desk.points(people) == {name: POINTS * (name != people.out) for name in people.ids}
    assert (desk.fen("brand:benefits"), desk.fen(f"budget:{plan['id']}")) == (campaigns * SENT * POINTS, 0)
    assert desk.fen("brand:marketing") == -campaigns * SENT * POINTS
    report = await desk.done(MAKER, "GET", f"/plans/{plan['id']}/report")
    assert figures(report["funnel"]) == {"people": PEOPLE, "queued": SENT, "delivered": SENT - len(lost), "replied": 0, "ordered": 0}
    assert (report["spent_fen"], figures(report["skipped"])) == (SENT * POINTS, {"会员已退订": 1})
    progress = figures((await desk.done(MAKER, "GET", f"/plans/{plan['id']}"))["progress"])
    assert progress["unknown"] == len(lost)
    assert desk.sound()
    assert desk.shop.simulator.complaints == []
    return len({touches[name].staff for name in lost})
