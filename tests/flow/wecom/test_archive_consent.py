"""Who agreed to be archived is asked of WeCom in sets, goes on after a death, and is shown to those who may see it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Forbidden, Refused
from assistant.base.principal import Principal, system
from assistant.domain import archive, contacts
from assistant.flows import archive_consent
from assistant.flows.contact_people import members_of
from assistant.jobs import EmbeddedRunner
from assistant.store import Due, Store, Work
from assistant.wecom.calls_contact import Card
from tests.browser.web_house import open_house
from tests.flow.stages import CONSENT
from tests.flow.wecom.contact_house import House, house

BOSS = Principal("operator", "song", frozenset({"approver"}))
ME = system("test")
PEOPLE = 130


class Died(BaseException):
    """The process is gone."""


@pytest.fixture
async def desk(database: str, clock: ManualClock) -> AsyncIterator[House]:
    async with house(database, clock) as opened:
        yield opened


async def _crowd(desk: House) -> None:
    """Customers of lin; every third agreed, every fifth does not; one of chen alone sits in a group and agreed there."""
    world = desk.simulator
    for number in range(PEOPLE):
        world.world.add_customer(f"wm{number}", f"客{number}", ["lin"])
        if number % 3 == 0:
            world.contacts.disagrees(f"wm{number}", "lin")
            relation = world.world.customers[f"wm{number}"].relations["lin"]
            relation.agreed = "Agree"
        elif number % 5 == 0:
            world.contacts.disagrees(f"wm{number}", "lin")
    world.world.add_group("wr1", "老友群", ["lin", "wm1"], "lin")
    world.world.add_customer("wmx", "阿香", ["chen"])
    world.world.groups["wr1"].members.append("wmx")
    stranger = world.world.customers["wmx"].relations["chen"]
    stranger.agreed, stranger.agreed_at = "Default_Agree", desk.clock.now()
    world.world.staff["chen"].active = False
    await desk.do(_known, PEOPLE)


def _known(work: Work, count: int) -> None:
    ids = members_of(work, [Card(f"wm{number}", f"客{number}", 0, "") for number in range(count)])
    contacts.look(work, contacts.Look([contacts.Seen("lin", one, ids[one], work.now) for one in sorted(ids)]))
    contacts.groups.look(work, contacts.GroupSeen("wr1", "老友群", "lin", "v", (), "", work.now))
    archive.turn(work, True)


async def _run(desk: House, on: bool = True) -> None:
    table = archive_consent.handlers(desk.store, desk.client, desk._stage, on)
    await EmbeddedRunner(desk.store, table).run_until_idle(2000)


AGREED = {f"wm{number}" for number in range(0, PEOPLE, 3)} | {"wmx"}


def _asked(desk: House, name: str) -> list[int]:
    return [len(call.body.get("info", [])) for call in desk.simulator.calls if call.path == f"msgaudit/{name}"]


@pytest.mark.parametrize("death", ["", *CONSENT])
async def test_everybody_is_asked_in_sets_and_a_death_changes_nothing(desk: House, death: str) -> None:
    await _crowd(desk)
    left = [2]

    def die(name: str) -> None:
        left[0] -= name == death
        if name == death and left[0] == 0:
            raise Died

    desk.stage = die
    await desk.store.write(archive_consent.ask_now, None, BOSS)
    if death:
        with pytest.raises(BaseException):  # noqa: B017, PT011 - the group that carries our own death
            await _run(desk)
        desk.clock.advance(timedelta(minutes=2))
    await _run(desk)
    found = await desk.store.read(archive.last_round)
    assert found is not None
    assert (found.stage, found.staff, found.asked, found.trouble) == ("done", ("lin",), PEOPLE + 1, "")
    refused = {number for number in range(PEOPLE) if number % 5 == 0 and number % 3}
    assert await desk.store.read(archive.agreed) == (len(AGREED), len(refused))
    assert found.fresh == len(AGREED) + len(refused)
    assert set(_asked(desk, "check_single_agree")) == {100, 30}


async def test_who_takes_his_word_back_is_forgotten_and_only_what_changed_is_new(desk: House) -> None:
    await _crowd(desk)
    await desk.store.write(archive_consent.ask_now, None, BOSS)
    await _run(desk)
    line = archive.Line("m1", "send", "wm3", desk.clock.now(), ("lin",), "wr1", "text", "你好")
    assert (await desk.do(archive.keep, [line])).kept == 1
    desk.clock.advance(timedelta(days=1))
    desk.simulator.contacts.disagrees("wm3", "lin")
    await desk.do(lambda work, _: work.due(Due(archive_consent.ASK, "nightly", work.now)), None)
    await _run(desk)
    found = await desk.store.read(archive.last_round)
    assert found is not None
    assert (found.fresh, (await desk.store.read(archive.kept)).messages) == (1, 0)


async def test_without_the_archive_nothing_is_asked_and_a_refusal_is_shown_as_trouble(desk: House) -> None:
    await _crowd(desk)
    await desk.do(archive.turn, False)
    with pytest.raises(Refused, match="还没有开通会话存档"):
        await desk.store.write(archive_consent.ask_now, None, BOSS)
    await desk.do(lambda work, _: work.due(Due(archive_consent.ASK, "nightly", work.now)), None)
    await _run(desk, on=False)
    assert _asked(desk, "get_permit_user_list") == []
    await desk.do(archive.turn, True)
    with pytest.raises(Forbidden):
        await desk.store.write(archive_consent.ask_now, None, Principal("operator", "he", frozenset({"operator"})))
    desk.simulator.faults.inject("msgaudit/get_permit_user_list", errcode=301052, times=9)
    await desk.store.write(archive_consent.ask_now, None, BOSS)
    await _run(desk)
    found = await desk.store.read(archive.last_round)
    assert found is not None
    assert "会话存档已过期或没有开通" in found.trouble
    assert found.ended


async def test_the_page_and_the_api_are_for_those_who_may_read_the_archive(store: Store, clock: ManualClock) -> None:
    await store.write(lambda work, _: archive.turn(work, True), None, ME)
    await store.write(archive.agree, [archive.Agreement("wm1", True, clock.now()), archive.Agreement("wm2", False, clock.now())], ME)
    async with open_house(store, clock, simulate=False) as opened:
        for who, status in (("song", 200), ("ping", 200), ("he", 403), ("lan", 403)):
            assert (await opened.api("GET", "/archive", who)).status == status, who
        told = await (await opened.api("GET", "/archive")).json()
        assert (told["on"], told["agreed"], told["refused"], told["days"]) == (True, 1, 1, 180)
        assert (await opened.api("POST", "/archive/ask", "he", json={})).status == 403
        assert (await opened.api("POST", "/archive/ask", "ping", json={})).status == 200
        await opened.login("he")
        assert (await opened.get("/archive")).status == 403
        assert "/archive" not in await (await opened.get("/moments")).text()
        opened.session.cookie_jar.clear()
        await opened.login("song")
        text = await (await opened.get("/archive")).text()
        for words in ("已开通", "同意存档的客户", "最多留多少天", "现在去问", "还不认识的客户"):
            assert words in text
