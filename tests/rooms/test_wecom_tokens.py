"""Tokens shared by processes over the database, and the pace of each API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import aiohttp
import pytest
import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.base.errors import Broken, Transient
from assistant.channels.windows import Window
from assistant.store import Store
from assistant.wecom import WeComClient
from assistant.wecom.pace import Pace
from assistant.wecom.token_shelf import TokenShelf, token
from assistant.wecom.tokens import FETCHING, Shelved, asked, told
from tests.rooms.test_wecom_fake import SECRETS, FakeApi, running


@asynccontextmanager
async def processes(
    clock: ManualClock, store: Store, count: int, secrets: Mapping[str, str] = SECRETS
) -> AsyncIterator[tuple[FakeApi, list[WeComClient]]]:
    """So many clients of one fake WeCom that know each other only by the database."""
    async with AsyncExitStack() as stack:
        api, first, _ = await stack.enter_async_context(running(clock, secrets))
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def pause(_seconds: float) -> None:
            await asyncio.sleep(0.002)

        base = str(first._base)
        yield api, [WeComClient(session, base, "ww1", secrets, clock, pause=pause, shelf=TokenShelf(store)) for _ in range(count)]


async def test_five_processes_that_start_at_once_fetch_one_token(clock: ManualClock, store: Store) -> None:
    async with processes(clock, store, 5) as (api, clients):
        await asyncio.gather(*(client.call("kf", "x", {}) for client in clients for _ in range(4)))
        assert (api.count["gettoken"], api.count["x"]) == (1, 20)
        rows = store.look(lambda view: view.all(sa.select(token)))
        assert len(rows) == 1
        assert "CANARY" not in str(rows)


async def test_an_early_revocation_is_noticed_by_all_and_renewed_once(clock: ManualClock, store: Store) -> None:
    async with processes(clock, store, 5) as (api, clients):
        await asyncio.gather(*(client.call("kf", "warm", {}) for client in clients))
        api.revoked.add("CANARY-token-1")
        await asyncio.gather(*(client.call("kf", "x", {}) for client in clients for _ in range(3)))
        assert api.count["gettoken"] == 2
        clock.advance(timedelta(seconds=6901))
        await asyncio.gather(*(client.call("kf", "y", {}) for client in clients))
        assert api.count["gettoken"] == 3


async def test_a_wrong_secret_is_tried_once_by_all_processes_together_and_a_new_one_at_once(clock: ManualClock, store: Store) -> None:
    async with processes(clock, store, 4, {"kf": "CANARY-wrong"}) as (api, clients):
        answers = await asyncio.gather(*(client.call("kf", "x", {}) for client in clients), return_exceptions=True)
        assert {type(answer) for answer in answers} == {Broken}
        clock.advance(timedelta(minutes=59))
        with pytest.raises(Broken):
            await clients[0].check("kf")
        assert (api.count["gettoken"], api.count["x"]) == (1, 0)
    async with processes(clock, store, 1) as (api, clients):
        await clients[0].call("kf", "x", {})
        assert api.count["x"] == 1


async def test_two_names_for_one_secret_share_its_token(clock: ManualClock, store: Store) -> None:
    async with processes(clock, store, 1, {"app": SECRETS["app"], "contact": SECRETS["app"]}) as (api, clients):
        await asyncio.gather(clients[0].call("app", "x", {}), clients[0].call("contact", "y", {}))
        assert api.count["gettoken"] == 1


async def test_a_failed_fetch_lets_the_next_process_try(clock: ManualClock, store: Store) -> None:
    async with processes(clock, store, 2) as (api, clients):
        api.script["gettoken"].extend([{"errcode": -1}] * 4)
        with pytest.raises(Transient):
            await clients[0].call("kf", "x", {})
        await clients[1].call("kf", "x", {})
        assert api.count["x"] == 1


def test_who_died_while_fetching_is_followed_and_has_no_say_when_he_comes_back(clock: ManualClock) -> None:
    now = clock.now()
    held = asked(Shelved(), "a", 0, now)
    assert (held.holder, asked(held, "b", 0, now + FETCHING - timedelta(seconds=1)).holder) == ("a", "a")
    taken = asked(held, "b", 0, now + FETCHING)
    assert taken.holder == "b"
    fresh = Shelved("sealed-b", now + timedelta(hours=2))
    assert told(taken, "a", Shelved("sealed-a", now + timedelta(hours=2))) == taken
    done = told(taken, "b", fresh)
    assert (done.sealed, done.number, done.holder) == ("sealed-b", 1, "")
    assert told(done, "a", Shelved(banned_until=now, errcode=40001)) == done


async def test_tokens_and_secrets_show_nowhere(clock: ManualClock, store: Store) -> None:
    async with processes(clock, store, 1) as (_, clients):
        await clients[0].call("kf", "x", {})
        held = await clients[0]._tokens.get("kf")
        state = Shelved("sealed-text", None)
        assert "CANARY" not in f"{held!r} {clients[0]!r} {state!r}"
        assert "sealed-text" not in repr(state)


async def test_an_api_is_called_no_faster_than_its_share_and_waits_without_asking(clock: ManualClock) -> None:
    async with running(clock) as (api, wecom, _):
        wecom._pace = Pace(2, (Window(10, 60), Window(14, 3600, 60)))
        for _ in range(5):
            await wecom.call("kf", "x", {}, safety="read")
        with pytest.raises(Transient) as waits:
            await wecom.call("kf", "x", {}, safety="read")
        assert (waits.value.code, waits.value.retry_at) == ("wecom_rate", clock.now() + timedelta(seconds=61))
        await wecom.call("kf", "y", {})
        clock.advance(timedelta(seconds=61))
        for _ in range(2):
            await wecom.call("kf", "x", {})
        with pytest.raises(Transient) as hour:
            await wecom.call("kf", "x", {})
        assert hour.value.retry_at is not None
        assert hour.value.retry_at > clock.now() + timedelta(minutes=50)
        assert api.count["x"] == 7


async def test_what_wecom_calls_too_many_rests_a_minute_then_an_hour_but_a_read_only_ever_a_minute(clock: ManualClock) -> None:
    async with running(clock) as (api, wecom, _):
        for path, waits in (("send", (60, 3600)), ("list", (60, 60))):
            for seconds in waits:
                api.script[path].append({"errcode": 45009})
                for _ in range(3):
                    with pytest.raises(Transient) as refused:
                        await wecom.call("kf", path, {}, safety="read" if path == "list" else "keyed")
                    assert refused.value.retry_at == clock.now() + timedelta(seconds=seconds)
                clock.advance(timedelta(seconds=seconds))
            await wecom.call("kf", path, {})
            assert api.count[path] == 3
        api.script["kf/sync_msg"].append({"errcode": 45009})
        with pytest.raises(Transient):
            await wecom.call("kf", "kf/sync_msg", {}, safety="read")
        await wecom.call("kf", "kf/sync_msg", {"token": "t"}, safety="read")
