"""The simulated adversary and the odd callbacks against the product's own edge: rules 13 and 16 of the simulator."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestServer

from assistant import simulation, triggers
from assistant.base.clock import ManualClock
from assistant.channels import inbox
from assistant.channels.waiting import Waiters
from assistant.flows.receive import Intake
from assistant.store import Store
from assistant.store import inbox as inbox_rows
from assistant.web import webhook
from assistant.wecom import Envelope
from assistant.wecom.simulator import Simulator, SimulatorConfig
from assistant.wecom.simulator.adversary import FORMS
from assistant.wecom.simulator.callbacks import Channel
from assistant.wecom.simulator.oddities import EVENTS, TEXTS

CHANNELS: tuple[Channel, ...] = ("app", "kf", "contact", "bot")
XML_ONLY = {"doctype", "entities", "sealed_doctype", "foreign_corp"}


@pytest.fixture
def store(database: str, clock: ManualClock) -> Any:
    opened = Store(database, clock, triggers.REACTIONS)
    yield opened
    opened.close()


@pytest.fixture
async def simulator(store: Store, clock: ManualClock) -> AsyncIterator[Simulator]:
    endpoints = simulation.credentials("http://127.0.0.1:1").endpoints()
    envelopes = {name: Envelope(token, key, receiver) for name, (token, key, receiver) in endpoints.items()}
    app = web.Application(client_max_size=webhook.MAX_BODY)
    app.add_routes(webhook.routes(webhook.Edge(envelopes, store, Waiters(), Intake(store, inbox.Debounce()))))
    corp = (simulation.APP, simulation.KF, simulation.BOT, simulation.CONTACT_SECRET)
    async with TestServer(app) as server:
        simulator = Simulator(SimulatorConfig(simulation.CORP, str(server.make_url("")), *corp, contact=simulation.CONTACT), clock)
        simulator.world.add_staff("lin", "林晓")
        simulator.world.add_customer("wmA", "阿香", ["lin"])
        await simulator.start()
        yield simulator
        await simulator.close()


def rows(store: Store) -> int:
    return int(store.look(lambda view: view.scalar(sa.text("SELECT (SELECT count(*) FROM inbox) + (SELECT count(*) FROM due)"))))


async def test_rule_16_every_forged_request_is_refused_with_an_empty_4xx_and_leaves_nothing(
    simulator: Simulator, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for channel in CHANNELS:
        for form in FORMS:
            if form == "replay" or (channel == "bot" and form in XML_ONLY):
                continue
            attack = await simulator.adversary.attack(form, channel)
            assert (channel, form, attack.refused) == (channel, form, True), attack
    assert rows(store) == 0
    said = caplog.text
    assert not [secret for secret in (simulation.APP.token, simulation.APP.aes_key, simulation.KF.aes_key) if secret in said]
    assert await simulator.verify("kf")


async def test_a_friend_told_at_the_door_of_customer_contact_is_taken_in_once_and_one_of_another_corp_is_refused(
    simulator: Simulator, store: Store
) -> None:
    assert await simulator.verify("contact")
    simulator.world.add_customer("wmB", "小兰", [])
    (told,) = await simulator.customer_adds("wmB", "lin")
    assert (told.channel, [attempt.status for attempt in told.attempts]) == ("contact", [200])
    (again,) = await simulator.redeliver()
    assert again.channel == "contact"
    events = [row.message["event"] for row in store.look(lambda view: view.all(sa.select(inbox_rows.c.message)))]
    assert events == ["change_external_contact.add_external_contact"]
    before = rows(store)
    for form in ("foreign_receiver", "foreign_corp"):
        attack = await simulator.adversary.attack(form, "contact")
        assert (form, attack.status, attack.reply) == (form, 403, "")
    assert rows(store) == before


async def test_rule_16_a_replayed_request_has_no_second_effect_and_is_stale_after_five_minutes(
    simulator: Simulator, store: Store, clock: ManualClock
) -> None:
    await simulator.staff_says("lin", "你好")
    before = rows(store)
    again = await simulator.adversary.attack("replay", "app")
    assert (again.status, rows(store)) == (200, before)
    simulator.advance(301)
    late = await simulator.adversary.attack("replay", "app")
    assert (late.refused, rows(store)) == (True, before)


async def test_rule_13_odd_callbacks_are_taken_or_passed_over_but_never_break_the_edge(simulator: Simulator, store: Store) -> None:
    for form in (*TEXTS, *EVENTS):
        (told,) = await simulator.oddities.tell(form, "lin", "wmA")
        assert (form, [attempt.status for attempt in told.attempts]) == (form, [200])
    words = {row.message["text"] for row in store.look(lambda view: view.all(sa.select(inbox_rows.c.message)))}
    assert {TEXTS["emoji"], TEXTS["cdata_end"], "我有新字段", "没有 AgentID"} <= words
