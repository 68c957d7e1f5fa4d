"""Buttons in the employees' app: what a press means, whose it is, and what the phone shows before and after it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from assistant import access, operations, simulation
from assistant.base.clock import ManualClock
from assistant.channels import app_cards as rows
from assistant.channels import inbox, outbox
from assistant.channels.delivery import Deliverer
from assistant.channels.message import Address, OutboundMessage
from assistant.channels.metered import Metered
from assistant.channels.waiting import Waiters
from assistant.dialogue.closing import Close, close_turn
from assistant.dialogue.desk import Desk
from assistant.dialogue.opening import open_turn
from assistant.domain import staff
from assistant.flows import app_cards
from assistant.flows.receive import Intake
from assistant.jobs import EmbeddedRunner, Job
from assistant.store import Store, Work
from assistant.triggers import REACTIONS, react
from assistant.web import webhook
from assistant.wecom import Envelope, WeComClient, WeComSender
from assistant.wecom.send import app_charges
from assistant.wecom.simulator import PhoneMessage, Simulator, SimulatorConfig
from tests.rooms.test_operations_world import BOSS, ME, people

GOAL = "给上海的会员送 20 积分，文案“天冷了，注意保暖”，预算 500 元"
AGENT = str(simulation.APP.agentid)
TALK = Address("app", AGENT, "song")


class House:
    """The app as ``song`` has it: what he says or presses is done to its end; ``cards`` are those on his phone."""

    def __init__(self, store: Store, clock: ManualClock, simulator: Simulator, client: WeComClient) -> None:
        self.store, self.clock, self.simulator = store, clock, simulator
        self._desk = Desk(store)
        sender = Metered(store, app_cards.AppSender(store, client, WeComSender(client)), app_charges)
        handlers: dict[str, Any] = {"turn": self._turn, "deliver": Deliverer(store, {"app": sender}), "reaction": react(store, _quiet)}
        self._runner = EmbeddedRunner(store, handlers | app_cards.handlers(store, client) | operations.handlers(store, _quiet))
        self.said: list[str] = []

    async def _turn(self, job: Job) -> None:
        opened = await self.store.write(open_turn, job.key, ME)
        if opened is not None:
            self.said += opened.said
            close: Close = await self._desk(opened)
            await self.store.write(close_turn, close, ME, cause=opened.turn)

    async def run(self) -> None:
        for seconds in (0, 2, 6):
            self.simulator.advance(seconds)
            await self._runner.run_until_idle()

    async def says(self, text: str, who: str = "song") -> list[str]:
        """What he reads after saying this, without the cards."""
        before = len(self.phone(who))
        await self.simulator.staff_says(who, text)
        await self.run()
        return [one.text for one in self.phone(who)[before:] if one.sender != who and one.kind == "text"]

    async def presses(self, card: PhoneMessage, key: str = "choice0", who: str = "song") -> None:
        await self.simulator.presses(who, card.msgid, key)
        await self.run()

    async def sends(self, message: OutboundMessage) -> outbox.Sent:
        await self.store.write(outbox.queue, [message], ME)
        await self.run()
        found = self.store.look(outbox.get, outbox.id_of(message.key))
        assert found is not None
        return found

    def phone(self, who: str = "song") -> list[PhoneMessage]:
        return self.simulator.staff_phone(who)

    def cards(self) -> list[PhoneMessage]:
        return [one for one in self.phone() if one.kind == "template_card"]

    def state(self, card: PhoneMessage) -> tuple[str, str]:
        found = self.store.look(rows.get, card.body["task_id"])
        assert found is not None
        return found.state, found.say

    def calls(self, path: str) -> int:
        return sum(call.path == path for call in self.simulator.calls)

    async def plan(self) -> operations.Stored:
        return (await self.store.read(operations.plans, [], 5))[0]


def _quiet(_stage: str) -> None:
    pass


def buttons(card: PhoneMessage) -> list[str]:
    return [button["text"] for button in card.body["button_list"]]


async def _serve(app: web.Application, stack: AsyncExitStack) -> str:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


@asynccontextmanager
async def opened(database: str, clock: ManualClock) -> AsyncIterator[House]:
    """Lin makes plans; song, who has written to the app before, and zhao, who has not, may approve them."""
    async with AsyncExitStack() as stack:
        store = Store(database, clock, REACTIONS)
        stack.callback(store.close)
        people(store, 5)
        store.do(_hire, None, ME)
        corp = (simulation.APP, simulation.KF, simulation.BOT, simulation.CONTACT_SECRET)
        simulator = Simulator(SimulatorConfig(simulation.CORP, "", *corp), clock)
        for userid, name in (("song", "宋主管"), ("lin", "林晓"), ("zhao", "赵总")):
            simulator.world.add_staff(userid, name)
        api = await _serve(simulator.api_app(), stack)
        settings = simulation.credentials(api)
        envelopes = {name: Envelope(*found) for name, found in settings.endpoints().items()}
        app = web.Application()
        app.add_routes(webhook.routes(webhook.Edge(envelopes, store, Waiters(), Intake(store, inbox.Debounce()))))
        simulator.point(callback_base=await _serve(app, stack), api_base=api)
        await simulator.start()
        stack.push_async_callback(simulator.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        house = House(store, clock, simulator, WeComClient(session, api, settings.corp_id, settings.secrets(), clock))
        await house.says("帮助")
        simulator.staff_phone("song").clear()
        house.said.clear()
        yield house


def _hire(work: Work, _nothing: None) -> None:
    staff.register(work, [staff.Register(userid, userid, userid) for userid in ("song", "lin")])
    hired = (("song", "approver"), ("zhao", "approver"), ("lin", "operator"))
    access.add_operators(work, [access.AddOperator(name, (role,), userid=name) for name, role in hired])


@pytest.fixture
async def house(database: str, clock: ManualClock) -> AsyncIterator[House]:
    async with opened(database, clock) as made:
        yield made


async def test_a_plan_is_approved_by_a_button_that_then_says_so(house: House) -> None:
    (shown,) = await house.says(GOAL, "lin")
    code = re.search(r"批准 ([0-9a-f]{8})", shown)
    (card,) = house.cards()
    assert code is not None
    assert buttons(card) == [f"批准 {code[1]}"]
    assert card.text.startswith("请批准「")
    assert [one.kind for one in house.phone("lin")] == ["text", "text"]
    assert house.phone("zhao") == []
    assert "要由另一位有批准权限的同事来批准" in shown
    assert (await house.plan()).state == "awaiting_approval"
    await house.presses(card)
    plan = await house.plan()
    assert (plan.state, plan.digest[:8]) == ("running", code[1])
    assert house.said[-1] == f"批准 {code[1]}"
    assert buttons(card)[0].startswith("已选择：批准")
    assert house.state(card)[0] == "settled"
    answer, steering = house.phone()[-2:]
    assert answer.text.startswith("已批准")
    assert buttons(steering) == ["进度", "暂停", "停止"]
    assert house.simulator.complaints == []


async def test_a_press_told_twice_counts_once_and_the_card_is_changed_once(house: House) -> None:
    await house.says(GOAL, "lin")
    (card,) = house.cards()
    house.simulator.world.knobs.callback_duplicates = 2
    await house.presses(card)
    await house.simulator.redeliver()
    await house.run()
    assert [text for text in house.said if text.startswith("批准")] == [house.said[-1]]
    assert house.calls("message/update_template_card") == 1


async def test_a_plan_that_was_changed_takes_its_old_button_off_the_phone_and_a_late_press_approves_nothing(house: House) -> None:
    await house.says(GOAL, "lin")
    (old,) = house.cards()
    await house.says("预算改成 300 元", "lin")
    old, new = house.cards()
    assert (old.recalled, new.recalled) == (True, False)
    assert house.state(old)[0] == "withdrawn"
    await house.presses(old)
    assert (await house.plan()).state == "awaiting_approval"
    await house.presses(new)
    assert (await house.plan()).state == "running"


@pytest.mark.parametrize(("hours", "ends", "says"), [(1, "closed", "方案已批准"), (73, "stays", "批准 ")])
async def test_a_plan_decided_elsewhere_says_so_on_the_card_as_long_as_wecom_lets_it(
    house: House, hours: int, ends: str, says: str
) -> None:
    await house.says(GOAL, "lin")
    (card,) = house.cards()
    plan = await house.plan()
    old = house.clock.now() - timedelta(hours=hours - 1)
    house.store.do(lambda work, _: work.execute(rows.card.update().values(offered_at=old)), None, ME)
    await house.store.write(operations.approve, [operations.Approve("console", plan.id, plan.digest)], BOSS)
    await house.run()
    assert (house.state(card)[0], card.recalled) == (ends, False)
    assert buttons(card)[0].startswith(says)


@pytest.mark.parametrize(("age", "ends"), [(timedelta(hours=23), "withdrawn"), (timedelta(hours=25), "closed")])
async def test_after_a_day_a_superseded_card_is_not_recalled_but_says_that_it_is_over(house: House, age: timedelta, ends: str) -> None:
    await house.says(GOAL, "lin")
    (old,) = house.cards()
    house.store.do(lambda work, _: work.execute(rows.card.update().values(offered_at=house.clock.now() - age)), None, ME)
    await house.says("预算改成 300 元", "lin")
    assert (house.state(old)[0], old.recalled) == (ends, ends == "withdrawn")
    assert (house.calls("message/recall"), house.calls("message/update_template_card")) == ((1, 0) if old.recalled else (0, 1))


async def test_nobody_presses_for_somebody_else(house: House) -> None:
    await house.says(GOAL, "lin")
    (card,) = house.cards()
    fields = {"ToUserName": simulation.CORP, "FromUserName": "lin", "CreateTime": int(house.clock.now().timestamp())}
    event = {"MsgType": "event", "Event": "template_card_event", "EventKey": "choice0", "TaskId": card.body["task_id"], "AgentID": AGENT}
    inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in {**fields, **event}.items())
    (told,) = await house.simulator.callbacks.deliver("app", f"<xml>{inner}</xml>")
    await house.run()
    assert told.attempts[-1].status == 200
    assert ((await house.plan()).state, house.state(card)[0]) == ("awaiting_approval", "offered")


async def test_where_wecom_takes_no_card_the_choices_are_lines(house: House) -> None:
    house.simulator.faults.inject("message/send", "latency")
    house.simulator.faults.inject("message/send", errcode=42045)
    row = await house.sends(OutboundMessage("k", TALK, "要现在发吗？", "test", options=("发", "不发")))
    assert row.state == "sent"
    assert "按钮卡片没有发出，已改为文字" in row.reason
    words, lines = (one.text for one in house.phone())
    assert words.startswith("要现在发吗？")
    assert "1. 发" in lines
    assert house.cards() == []


@pytest.mark.parametrize("path", ["message/send", "message/update_template_card"])
async def test_an_answer_that_was_lost_neither_loses_the_press_nor_repeats_the_card(house: House, path: str) -> None:
    if path == "message/send":
        house.simulator.faults.inject(path, "latency")
    house.simulator.faults.inject(path, "lost_after")
    await house.sends(OutboundMessage("k", TALK, "要现在发吗？", "test", options=("发", "不发")))
    (card,) = house.cards()
    await house.presses(card, "choice1")
    await house.run()
    assert house.said == ["不发"]
    assert buttons(card) == ["已选择：不发"]
    assert house.state(card) == ("settled", "已选择：不发")


async def test_a_newer_question_takes_an_older_one_off_the_phone_and_old_cards_are_forgotten(house: House) -> None:
    for number in (1, 2):
        await house.sends(OutboundMessage(f"k{number}", TALK, f"第{number}问？", "test", options=("好", "不好")))
    first, second = house.cards()
    assert (first.recalled, second.recalled) == (True, False)
    house.simulator.advance(8 * 24 * 3600)
    house.store.do(lambda work, _: rows.forget(work), None, ME)
    assert house.store.look(rows.get, second.body["task_id"]) is None
