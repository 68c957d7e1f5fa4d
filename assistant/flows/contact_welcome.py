"""The welcome of a new friend within twenty seconds: personal by the way they came, sent once, every outcome kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from assistant.base.errors import Invalid, LaoyouError, Transient
from assistant.domain import contacts, content, members, membership, orders, points, staff
from assistant.flows.contact_events import WELCOME
from assistant.flows.contact_look import ME, Pairs, take_pairs
from assistant.jobs import Handler, Job
from assistant.store import Store, View
from assistant.wecom import Unknown, WeComClient, calls, calls_contact

TEMPLATE = "欢迎语"
"""The template that holds where a way has no greeting of its own; one of this name may be saved in the console."""

DEFAULT = (
    "您好，我是{staff}，很高兴认识您～\n"
    "{nickname}，欢迎回来！您是我们的{tier}会员，现在有 {points} 积分。\n"
    "想了解商品、订单或积分，随时跟我说就好。"
)
SLOTS = ("nickname", "staff", "tier", "points")
ALIVE = timedelta(seconds=20)
SLACK = timedelta(seconds=10)
"""Our clock may be ahead of WeCom's: WeCom has the last word on whether a code is too old, within this."""

LOOK_SECONDS = 3.0
PAUSE = 1.0
SLOWEST = 14
MOST_BYTES = 4000
_LATE, _ALREADY = 41050, 41051

Stage = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Greeting:
    """What is going to be said."""

    text: str
    link: Mapping[str, str]


def check_greeting(text: str) -> None:
    """Raises Invalid for a greeting with a slot nobody fills, or that the rules of texts forbid; links belong into the card."""
    strange = [name for name in content.slots(text) if name not in SLOTS]
    if strange:
        raise Invalid(f"欢迎语里的 {{{strange[0]}}} 没有可填的内容，可以用：{'、'.join(f'{{{name}}}' for name in SLOTS)}", code="bad_slot")
    bad = [finding for finding in _findings(text) if finding.severity == "block"]
    if text and bad:
        raise Invalid(f"欢迎语没有通过检查：{bad[0].say}", code="bad_greeting")


def _findings(text: str) -> list[content.Finding]:
    return content.check(content.Draft(text, mass=False, limit=MOST_BYTES))


def greeting_for(view: View, welcome: contacts.Welcome, unionid: str = "") -> Greeting:
    """The greeting of the way, each line only where all it says is known and true of this person, whom ``unionid`` may tell better."""
    way = contacts.ways_of_states(view, [welcome.state]).get(welcome.state)
    saved = content.template(view, TEMPLATE)
    body = (way.greeting if way else "") or (saved.body if saved else "") or DEFAULT
    values = _values(view, welcome, unionid)
    lines = [line for line in body.split("\n") if all(values.get(name) for name in content.slots(line))]
    text = content.render("\n".join(lines).strip("\n"), values) if lines else f"您好，我是{values['staff']}，很高兴认识您。"
    return Greeting(text, way.link if way else {})


def _values(view: View, welcome: contacts.Welcome, unionid: str) -> dict[str, str | int]:
    person = staff.person(view, welcome.staff)
    # Whoever holds this unionid is merged with the newcomer in a moment.
    known = members.find(view, f"unionid:{unionid}") if unionid else None
    current = known or members.find(view, welcome.member_id) or welcome.member_id
    profile = members.profiles(view, [current]).get(current)
    values: dict[str, str | int] = {"staff": person.name if person else "您的专属顾问"}
    if profile is None:
        return values
    values["nickname"] = profile.nickname
    # A tier and a balance are only worth telling to somebody who has them: a stranger of this minute has not.
    if welcome.heard_at - profile.created_at > ALIVE or orders.counts(view, [current]).get(current):
        values["tier"] = membership.standings(view, [current])[current].tier
        values["points"] = points.balance(view, [current])[current].available
    return values


class Greeter:
    """The handler of welcomes. ``pause`` sleeps between tries while another app is sending."""

    def __init__(self, store: Store, client: WeComClient, stage: Stage, pause: Callable[[float], Awaitable[Any]] = asyncio.sleep) -> None:
        self._store = store
        self._client = client
        self._stage = stage
        self._pause = pause

    def handlers(self) -> dict[str, Handler]:
        return {WELCOME: self}

    async def __call__(self, job: Job) -> None:
        welcome: contacts.Welcome | None = await self._store.write(contacts.claim_welcome, job.key, ME)
        if welcome is None:
            return
        self._stage("welcome.claimed")
        done = await self._welcomed(welcome, str(job.payload["code"]))
        self._stage("welcome.sent")
        await self._store.write(contacts.settle_welcome, done, ME, cause=f"welcome:{welcome.id}")

    async def _welcomed(self, welcome: contacts.Welcome, code: str) -> contacts.Welcomed:
        if self._store.clock.now() > welcome.heard_at + ALIVE + SLACK:
            return contacts.Welcomed(welcome.id, "late", "收到时已过 20 秒")
        unionid = await self._acquainted(welcome)
        greeting: Greeting = await self._store.read(greeting_for, welcome, unionid)
        bad = [finding for finding in _findings(greeting.text) if finding.severity == "block"]
        if bad:
            return contacts.Welcomed(welcome.id, "blocked", bad[0].say, greeting.text)
        return await self._sent(welcome, code, greeting)

    async def _acquainted(self, welcome: contacts.Welcome) -> str:
        """Whose name we do not know we ask for, briefly, and answer the unionid: it may turn out to be an old friend."""
        profiles = await self._store.read(members.profiles, [welcome.member_id])
        if welcome.member_id in profiles and profiles[welcome.member_id].nickname:
            return ""
        try:
            found = await asyncio.wait_for(calls_contact.customer(self._client, welcome.external), LOOK_SECONDS)
        except (LaoyouError, TimeoutError):
            return ""
        if found is None:
            return ""
        await self._store.write(take_pairs, Pairs([(found[0], follow) for follow in found[1]]), ME, cause=f"contact:{welcome.external}")
        return found[0].unionid

    async def _sent(self, welcome: contacts.Welcome, code: str, greeting: Greeting) -> contacts.Welcomed:
        attachments = [{"msgtype": "link", "link": dict(greeting.link)}] if greeting.link else []
        deadline = welcome.heard_at + ALIVE
        outcome, reason = "late", "另一个应用一直在发送欢迎语"
        for _try in range(SLOWEST):
            try:
                await calls.send_welcome_msg(self._client, code, greeting.text, attachments)
                outcome, reason = "sent", ""
            except Unknown as error:
                outcome, reason = "unknown", error.say
            except Transient as error:
                # Another app is sending, or nothing has reached WeCom yet.
                if error.code in ("wecom_welcome_busy", "wecom_unreachable") and self._store.clock.now() < deadline:
                    await self._pause(PAUSE)
                    continue
                outcome, reason = "refused", error.say
            except LaoyouError as error:
                outcome = {_LATE: "late", _ALREADY: "already"}.get(error.detail.get("errcode", 0), "refused")
                reason = error.say
            break
        return contacts.Welcomed(welcome.id, outcome, reason, greeting.text)
