"""What a bot's answer carries beside its words when WeCom calls us: pictures, links, and a named end for what cannot go this way."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from assistant import simulation
from assistant.base.clock import ManualClock
from assistant.base.principal import system
from assistant.channels import inbox, media, outbox, streams
from assistant.channels.delivery import Deliverer
from assistant.channels.media import Folder
from assistant.channels.message import Attachment, OutboundMessage
from assistant.channels.waiting import PATIENCE, StreamSender, Waiters
from assistant.dialogue.opening import open_turn
from assistant.domain import staff
from assistant.flows.receive import Intake
from assistant.jobs import EmbeddedRunner, Job
from assistant.store import Store
from assistant.triggers import REACTIONS, react
from assistant.web import webhook
from assistant.wecom import Envelope, WeComClient, WeComSender
from assistant.wecom.simulator import PhoneMessage, Simulator, SimulatorConfig

ME = system("test")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
AT_ONCE = inbox.Debounce(timedelta(), timedelta())
LINK = Attachment("link", url="https://shop.example/a", title="新品")


@dataclass
class House:
    """Whatever is asked, the bot answers ``好的。`` with ``attachments``."""

    store: Store
    simulator: Simulator
    runner: EmbeddedRunner
    picture: str
    attachments: tuple[Attachment, ...] = ()

    async def turn(self, job: Job) -> None:
        opened = await self.store.write(open_turn, job.key, ME)
        if opened is not None:
            address = opened.conversation.address
            reply = OutboundMessage("reply", address, "好的。", opened.turn, reply_to=opened.reply_to, attachments=self.attachments)
            await self.store.write(outbox.queue, [reply], ME)

    def row(self) -> outbox.Sent:
        found = self.store.look(outbox.get, outbox.id_of("reply"))
        assert found is not None
        return found

    def heard(self) -> list[PhoneMessage]:
        return [one for one in self.simulator.staff_phone("lin") if one.sender != "lin"]

    def tickets(self) -> list[staff.Ticket]:
        return list(self.store.look(staff.open_tickets))


async def _serve(app: web.Application, stack: AsyncExitStack) -> str:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


@pytest.fixture
async def house(database: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        store = Store(database, clock, REACTIONS)
        stack.callback(store.close)
        folder = Folder(tmp_path / "media")
        picture = folder.put("image", "新品.png", PNG)
        store.do(media.keep, [picture], ME)
        corp = (simulation.APP, simulation.KF, simulation.BOT, simulation.CONTACT_SECRET)
        simulator = Simulator(SimulatorConfig(simulation.CORP, "", *corp), clock)
        simulator.world.knobs.bot_refresh_seconds = 0.05
        simulator.world.add_staff("lin", "林晓")
        api = await _serve(simulator.api_app(), stack)
        settings, waiters = simulation.credentials(api), Waiters()
        envelopes = {name: Envelope(*found) for name, found in settings.endpoints().items()}
        app = web.Application()
        app.add_routes(webhook.routes(webhook.Edge(envelopes, store, waiters, Intake(store, AT_ONCE), media=folder)))
        simulator.point(callback_base=await _serve(app, stack), api_base=api)
        await simulator.start()
        stack.push_async_callback(simulator.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        client = WeComClient(session, api, settings.corp_id, settings.secrets(), clock)
        sender = StreamSender(store, waiters, WeComSender(client))
        handlers: dict[str, Any] = {"deliver.bot": Deliverer(store, {"bot": sender}, again=streams.safe_again)}
        handlers["reaction"] = react(store, lambda _stage: None)
        made = House(store, simulator, EmbeddedRunner(store, handlers), picture.key)
        handlers["turn"] = made.turn
        made.runner = EmbeddedRunner(store, handlers)
        yield made


async def test_an_answer_ends_with_its_pictures_and_links_and_what_cannot_go_is_a_task(house: House, tmp_path: Path) -> None:
    guide = house.store.do(media.keep, [Folder(tmp_path / "media").put("file", "手册.pdf", b"%PDF-1.4 " + bytes(64))], ME)[0]
    house.attachments = (Attachment("image", media=house.picture), LINK, Attachment("file", media=guide, title="洗护手册"))
    await house.runner.start()
    try:
        turn = await house.simulator.bot_says("lin", "有图吗")
    finally:
        await house.runner.stop()
    assert turn.text == "好的。\n[新品](https://shop.example/a)\n（文件“洗护手册”在这里发不出来，我已请同事另外发给您。）"
    assert house.heard()[-1].body["pictures"] == [hashlib.md5(PNG, usedforsecurity=False).hexdigest()]
    await house.runner.run_until_idle()
    row = house.row()
    assert (row.state, row.code) == ("sent", "attachments_left")
    assert "机器人的回调模式发不出文件“洗护手册”" in row.reason
    (ticket,) = house.tickets()
    assert ticket.title == "机器人的回答有附件没发出去，请另外发给对方"
    assert "洗护手册" in ticket.summary
    assert house.simulator.complaints == []


async def test_by_the_reply_address_links_go_as_words_and_pictures_are_a_task(house: House, clock: ManualClock) -> None:
    house.attachments = (Attachment("image", media=house.picture), LINK)
    house.simulator.world.knobs.bot_refresh_seconds = 3600.0
    asking = asyncio.create_task(house.simulator.bot_says("lin", "有图吗", wait=False))
    await asking
    for _ in range(3):
        await house.runner.run_until_idle()
        clock.advance(PATIENCE)
    await house.runner.run_until_idle()
    said = house.heard()[-1]
    assert said.via == "response_url"
    assert said.text == "好的。\n[新品](https://shop.example/a)\n（一个图片在这里发不出来，我已请同事另外发给您。）"
    assert (house.row().state, house.row().code, len(house.tickets())) == ("sent", "attachments_left", 1)


async def test_an_answer_whose_attachments_all_went_is_simply_sent(house: House) -> None:
    house.attachments = (LINK, Attachment("image", picture="https://wework.qpic.cn/a.png", title="尺码表"))
    await house.runner.start()
    try:
        turn = await house.simulator.bot_says("lin", "尺码")
    finally:
        await house.runner.stop()
    assert turn.text == "好的。\n[新品](https://shop.example/a)\n[尺码表](https://wework.qpic.cn/a.png)"
    assert (house.row().state, house.row().code, house.tickets()) == ("sent", "", [])
