"""The bot's long connection against the simulator: one holder, answers that grow and end once, and nothing lost when it breaks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.base.clock import ManualClock
from assistant.channels import holding, inbox, quota, streams
from assistant.dialogue.closing import Close
from assistant.domain import staff
from assistant.flows import bot_events
from assistant.flows.bot_line import DISPLACED, BotLine, LineState, line_state
from assistant.flows.receive import arrive
from assistant.store import Store
from assistant.web.doors import DOORS, Doors
from assistant.web.health import ready
from assistant.wecom import from_bot_frame
from assistant.wecom.socket import Frame, understood
from tests.conftest import NOON
from tests.support import databases
from tests.support.bot_house import BRISK, CONFIG, ME, QUICK, House, bot_house

PUSHES = "SELECT count(*) FROM outbox WHERE state = '{}'"


@pytest.fixture
def book(tmp_path: Path, clock: ManualClock) -> Iterator[Store]:
    """What WeCom does is the same on every database."""
    opened = Store(databases.sqlite(tmp_path), clock)
    yield opened
    opened.close()


@pytest.fixture(name="house")
async def on_sqlite(book: Store, clock: ManualClock) -> AsyncIterator[House]:
    async with bot_house(book, clock) as house:
        yield house


def _framed(cmd: str, body: Any) -> str:
    return json.dumps({"cmd": cmd, "headers": {"req_id": "r"}, "body": body})


def silent(house: House) -> None:
    """Nobody answers but the test."""
    house.answer = lambda _opened: None


async def open_stream(house: House) -> str:
    sql = "SELECT id FROM answer_stream ORDER BY began_at DESC LIMIT 1"
    await house.until(lambda: house.scalar(sql), "a stream")
    return str(house.scalar(sql))


async def test_a_question_is_answered_as_it_grows_and_once(store: Store, clock: ManualClock) -> None:
    async with bot_house(store, clock) as house:
        silent(house)
        await house.line()
        await house.connected()
        turn = await house.asks("睡衣怎么洗")
        number = await open_stream(house)
        await store.write(streams.grow, streams.Grown(number, "可以机洗。"), ME)
        await house.hears("可以机洗。")
        assert not turn.finished
        # The turn of the first question may come as late as now; only the one that sees both is to answer.
        house.answer = lambda opened: Close(opened, "可以机洗。水温别太高。") if len(opened.said) == 2 else None
        clock.advance(timedelta(seconds=1))
        await house.asks("在吗")
        await house.hears("可以机洗。水温别太高。")
        await house.until(lambda: house.heard() == [streams.NEWER, "可以机洗。水温别太高。"], "the pointer to the newer answer")
        await house.until(lambda: house.scalar(PUSHES.format("sent")) == 1, "the answer to be settled")
        assert house.simulator.complaints == []


async def test_of_two_processes_one_holds_the_line_and_the_other_takes_it_when_the_first_dies(store: Store, clock: ManualClock) -> None:
    async with bot_house(store, clock) as house:
        await house.line()
        first = await house.connected()
        second = await house.line()
        await asyncio.sleep(0.2)
        assert second.connected() is None
        before = store.look(holding.standing, "bot:bot1")
        await die(first)
        clock.advance(timedelta(seconds=QUICK.lease))
        assert await house.connected(first) is second
        after = store.look(holding.standing, "bot:bot1")
        assert before is not None
        assert after is not None
        assert after.fence == before.fence + 1
        await house.asks()
        await house.hears("您说：在吗。")


async def die(line: BotLine) -> None:
    """Ends it as kill -9 does: nothing is said to the book any more."""
    task = line._task
    assert task is not None
    line._store = _Dead()  # type: ignore[assignment]
    await line.stop()


class _Dead:
    """The book of a dead process."""

    async def write(self, *_nothing: Any, **_more: Any) -> None:
        raise ConnectionError("dead")


async def test_a_holder_that_lost_its_lease_closes_at_once(store: Store, clock: ManualClock) -> None:
    async with bot_house(store, clock) as house:
        first = await house.line(replace(QUICK, lease=0.3))
        await house.connected()
        other = holding.Hold("bot:bot1", "another", 60.0)
        clock.advance(timedelta(seconds=1))
        assert await store.write(holding.take, other, ME) is not None
        await house.until(lambda: first.connected() is None, "the line to be closed")
        await asyncio.sleep(0.2)
        assert not house.simulator.bot.socket.connected


async def test_an_answer_whose_ack_is_lost_is_said_again_with_the_same_content_and_seen_once(house: House) -> None:
    await house.line()
    await house.connected()
    house.simulator.world.knobs.bot_ack_loss = 1.0
    await house.asks()
    await house.hears("您说：在吗。")
    house.simulator.world.knobs.bot_ack_loss = 0.0
    for _ in range(3):
        house.clock.advance(timedelta(seconds=10))
        await asyncio.sleep(0.1)
    await house.until(lambda: house.scalar(PUSHES.format("sent")) == 1, "the answer to be settled")
    assert house.heard() == ["您说：在吗。"]


async def test_a_push_whose_ack_is_lost_is_unknown_and_not_repeated(house: House) -> None:
    silent(house)
    await house.line()
    await house.connected()
    await house.asks()
    await open_stream(house)
    house.clock.advance(streams.MOST)
    await house.until(lambda: streams.LATER in house.heard(), "an honest end")
    house.simulator.world.knobs.bot_ack_loss = 1.0
    house.answer = lambda opened: Close(opened, "想好了。")
    await house.store.write(_turn_again, None, ME)
    await house.until(lambda: house.scalar(PUSHES.format("unknown")) == 1, "the push to be listed")
    house.clock.advance(timedelta(hours=1))
    await asyncio.sleep(0.2)
    assert house.heard() == [streams.LATER, "想好了。"]


def _turn_again(work: Any, _nothing: None) -> None:
    from assistant.store import Due

    work.due(Due("turn", "bot:bot1:lin", work.now, order_key="bot:bot1:lin"))


async def test_a_connection_that_breaks_loses_nothing_that_was_accepted(house: House) -> None:
    silent(house)
    await house.line()
    await house.connected()
    for number in range(3):
        await house.asks(f"第 {number} 句")
    house.simulator.bot.socket.drop()
    await house.until(lambda: house.scalar("SELECT count(*) FROM inbox") == 3, "all to be on disk")
    house.answer = lambda opened: Close(opened, "都收到了。")
    await house.store.write(_turn_again, None, ME)
    await house.connected()
    await house.until(lambda: house.heard()[-1:] == ["都收到了。"] or _stepped(house), "the answer after the break")
    assert house.heard().count("都收到了。") == 1


def _stepped(house: House) -> bool:
    house.clock.advance(timedelta(seconds=1))
    return False


async def test_a_press_and_a_question_wait_for_a_database_that_is_away(house: House) -> None:
    line = await house.line()
    await house.connected()
    away = _Away(house.store, times=3)
    line._store = line._intake._store = away  # type: ignore[assignment]
    await house.simulator.bot.enters("lin", wait=False)
    await house.asks()
    await house.hears("您说：在吗。")
    assert bot_events.WELCOME in house.heard()


class _Away:
    """A database that fails some writes of what was heard."""

    def __init__(self, store: Store, times: int) -> None:
        self._store, self._times = store, times

    async def write(self, verb: Any, *asked: Any, **more: Any) -> Any:
        if verb in (arrive, bot_events.hear) and self._times:
            self._times -= 1
            raise ConnectionError("away")
        return await self._store.write(verb, *asked, **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def test_a_line_that_answers_no_heartbeat_is_made_again(house: House) -> None:
    house.simulator.world.knobs.bot_ping_acks = False
    line = await house.line(pace=replace(BRISK, heartbeat=0.05, ack=0.05))
    await house.connected()
    first = line.connected()
    await house.until(lambda: line.connected() not in (None, first), "a new connection")


async def test_how_the_line_stands_is_told_who_holds_it_and_since_when(house: House, clock: ManualClock) -> None:
    assert house.store.look(line_state, CONFIG.bot.aibotid).state == "free"
    await house.line()
    await house.connected()

    def stands() -> LineState:
        return house.store.look(line_state, CONFIG.bot.aibotid)

    await house.until(lambda: stands().state == "connected", "it to be told")
    assert (stands().by, stands().since, stands().say) == ("house/1", clock.now(), "")
    app = web.Application()
    app[DOORS] = Doors(house.store, None, _healthy, bot_line=partial(house.store.read, line_state, CONFIG.bot.aibotid))
    app.router.add_get("/readyz", ready)
    async with TestClient(TestServer(app)) as client:
        answer = await client.get("/readyz")
        detail = (await answer.json())["detail"]["bot_line"]
        assert (answer.status, detail["state"], detail["by"], detail["since"]) == (200, "connected", "house/1", clock.now().isoformat())
        await house.lines[0].stop()
        detail = (await (await client.get("/readyz")).json())["detail"]["bot_line"]
        assert (detail["state"], detail["by"]) == ("free", "")


async def _healthy() -> dict[str, str]:
    return {"database": "ok"}


async def test_who_is_thrown_out_by_another_program_does_not_fight_and_says_so(house: House) -> None:
    line = await house.line()
    await house.connected()
    stranger = await house.stranger()
    await house.until(lambda: line.connected() is None, "the line to be given up")
    await asyncio.sleep(0.3)
    assert not stranger.closed
    assert line.connected() is None
    await house.until(lambda: house.store.look(staff.open_tickets), "a ticket")
    assert house.store.look(staff.open_tickets)[0].summary == DISPLACED
    stands = house.store.look(line_state, CONFIG.bot.aibotid)
    assert (stands.state, stands.by, stands.say) == ("displaced", "house/1", DISPLACED)


async def test_a_wrong_secret_is_shown_and_not_hammered(house: House) -> None:
    await house.line(replace(QUICK, refused=60.0), secret="wrong")
    await house.until(lambda: house.store.look(staff.open_tickets), "a ticket")
    await asyncio.sleep(0.3)
    assert "Secret 不正确" in house.store.look(staff.open_tickets)[0].summary
    assert len([call for call in house.simulator.calls if call.path == "aibot_subscribe"]) == 1


async def test_who_comes_in_is_welcomed_and_thumbs_down_become_a_task(house: House) -> None:
    await house.line()
    await house.connected()
    await house.simulator.bot.enters("lin", wait=False)
    await house.hears(bot_events.WELCOME)
    await house.asks()
    await house.hears("您说：在吗。")
    bubble = next(one for one in house.simulator.staff_phone("lin") if one.text == "您说：在吗。")
    await house.simulator.bot.rates("lin", bubble.msgid, "inaccurate", "不是我问的", [1])
    await house.until(lambda: house.store.look(staff.open_tickets), "a task")
    ticket = house.store.look(staff.open_tickets)[0]
    assert "答非所问" in ticket.summary
    assert "您说：在吗。" in ticket.summary
    assert house.scalar("SELECT count(*) FROM fact WHERE name = 'dialogue.feedback'") == 1


async def test_a_choice_is_a_card_and_its_press_is_said_once_and_shown(house: House) -> None:
    await house.line()
    await house.connected()
    house.answer = lambda opened: (
        Close(opened, "要批准吗？", ("批准", "取消")) if opened.said == ("在吗",) else Close(opened, f"好，{opened.said[0]}")
    )
    await house.asks()
    await house.until(lambda: _card(house) is not None, "a card")
    card = _card(house)
    await asyncio.gather(*(house.simulator.bot.presses("lin", card.msgid, "choice0", wait=False) for _ in range(2)))
    await house.hears("好，批准")
    await house.until(lambda: "已选择：批准" in str(_card(house).body), "the card to show what was chosen")
    assert house.heard().count("好，批准") == 1
    assert house.scalar("SELECT count(*) FROM turn") == 2


def _card(house: House) -> Any:
    return next((one for one in house.simulator.staff_phone("lin") if one.kind == "template_card"), None)


async def test_the_limit_of_a_conversation_is_kept_before_sending(house: House) -> None:
    await house.line()
    await house.connected()
    await house.store.write(quota.take, [[quota.Charge(quota.BOT, "lin", 30)]], ME)
    await house.asks()
    await house.until(lambda: house.scalar("SELECT code FROM outbox") == "bot_rate", "the answer to be held back")
    assert house.heard() == []
    await house.until(lambda: house.heard() == ["您说：在吗。"] or _stepped(house), "the answer that had to wait")


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
_NAMES = st.sampled_from(
    ["msgid", "from", "userid", "msgtype", "text", "content", "event", "eventtype", "mixed", "msg_item", "quote", "image"]
)
_BODIES = st.dictionaries(_NAMES, _ANYTHING | st.sampled_from(["text", "event", "mixed", "voice", "stream"]), max_size=8)


@settings(max_examples=60)
@given(st.text(max_size=60) | _ANYTHING.map(json.dumps) | st.builds(_framed, st.sampled_from(["aibot_msg_callback", "x", ""]), _BODIES))
def test_no_frame_however_malformed_does_harm(text: str) -> None:
    frame = understood(text)
    if isinstance(frame, Frame):
        message = from_bot_frame(frame.cmd, frame.req_id, frame.body, NOON)
        assert len(message.address.conversation) <= 200
        assert 0 < len(message.external_id) <= 200
        assert inbox.from_json(json.loads(json.dumps(inbox.to_json(message)))) == message


def test_the_press_of_a_card_that_is_not_ours_is_nobodys_word(store: Store, clock: ManualClock) -> None:
    detail = {"task_id": "st_unknown", "event_key": "choice0"}
    event = {"eventtype": "template_card_event", "template_card_event": detail}
    body = {"msgid": "e1", "aibotid": "bot1", "chattype": "single", "from": {"userid": "lin"}, "msgtype": "event", "event": event}
    message = from_bot_frame("aibot_event_callback", "r1", body, clock.now())
    told = store.do(bot_events.hear, message, ME)
    assert told["template_card"]["button_list"][0]["text"] == bot_events.UNKNOWN
    assert store.look(inbox.open_messages, "bot:bot1:lin") == []
