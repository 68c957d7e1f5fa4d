"""The edge under load: what a callback costs until it is durable and until it is answered, and how many answers a second leave one process.

Run: ``python -m bench.edge [callbacks] [replies] [refreshes]``. The service has the first core, WeCom, the model and customers the second.
Aims: callbacks ≥ 0.8 of the server without a database; a reply ≤ 20 ms after the debounce (median) and > 100 replies a second in a
burst of 100 over 10 connections, with the built-in planner and with a model without latency; the same model behind the HTTP interface of
``openai`` is printed beside it, most of whose time is that library's.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from assistant.base.clock import SystemClock, stopwatch
from assistant.base.principal import system
from assistant.flows.importing import import_lines
from assistant.store import Store, migrate
from assistant.wecom import Envelope, read_reply
from bench import callbacks
from bench.edge_world import ACCOUNT, World, run_service
from bench.start import free_port
from bench.support import own_postgresql, pin, uvloop_if_there
from tests.support.rooms import import_all_rooms

TOKEN, KEY, CORP = "benchToken", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wwbench"
DEBOUNCE = 0.05
BURST, CONNECTIONS, ROUNDS, SINGLES, REFRESHES = 100, 10, 5, 60, 10_000
KINDS = {"planner": "built-in planner", "inside": "model without latency", "http": "the same over HTTP"}
SAID = ("我还有多少积分？", "查一下积分", "我的积分是多少", "积分余额")


def seeded(url: str, count: int) -> None:
    migrate.upgrade(url)
    import_all_rooms()
    store = Store(url, SystemClock())
    lines = [json.dumps({"kind": "member", "key": f"m{n}", "nickname": f"老友{n}"}).encode() for n in range(count)]
    lines += [
        json.dumps({"kind": "identity", "member": f"m{n}", "namespace": "wecom_external", "value": f"wm{n}"}).encode() for n in range(count)
    ]
    report = import_lines(store, "people", lines, system("bench"))
    if report.bad:
        raise SystemExit(f"the bench's own people were refused: {report.bad[0]}")
    store.close()


def environment(home: Path, url: str, port: int, world_port: int, model: bool) -> dict[str, str]:
    base = f"http://127.0.0.1:{world_port}"
    told = {
        "LAOYOU_HOME": str(home),
        "LAOYOU_DATABASE_URL": url,
        "LAOYOU_PORT": str(port),
        "LAOYOU_LOG_LEVEL": "ERROR",
        "LAOYOU_DEBOUNCE_SHORTEST": str(DEBOUNCE),
        "LAOYOU_WECOM_API_BASE": base,
        "LAOYOU_WECOM_CORP_ID": CORP,
        "LAOYOU_WECOM_KF_ACCOUNT": ACCOUNT,
        "LAOYOU_WECOM_KF_SECRET": "secret",
        "LAOYOU_WECOM_KF_TOKEN": TOKEN,
        "LAOYOU_WECOM_KF_AES_KEY": KEY,
        "LAOYOU_WECOM_BOT_ID": "botbench",
        "LAOYOU_WECOM_BOT_TOKEN": TOKEN,
        "LAOYOU_WECOM_BOT_AES_KEY": KEY,
    }
    return told | ({"OPENAI_API_KEY": "x", "OPENAI_BASE_URL": f"{base}/v1", "OPENAI_MODEL": "fake"} if model else {})


def wakeup(envelope: Envelope, number: int) -> tuple[dict[str, str], bytes]:
    stamp = str(int(datetime.now(UTC).timestamp()))
    xml = f"<xml><ToUserName>{CORP}</ToUserName><CreateTime>{stamp}</CreateTime><MsgType>event</MsgType><Event>kf_msg_or_event</Event>"
    sealed = envelope.seal(f"{xml}<Token>T{number}</Token><OpenKfId>{ACCOUNT}</OpenKfId></xml>".encode(), stamp, f"n{number}")
    query = {"msg_signature": sealed.signature, "timestamp": stamp, "nonce": f"n{number}"}
    return query, f"<xml><ToUserName>{CORP}</ToUserName><Encrypt>{sealed.encrypt}</Encrypt></xml>".encode()


class Customers:
    """Customers of one service: each says something, WeCom wakes the service, and the phone shows the reply."""

    def __init__(self, world: World, session: aiohttp.ClientSession, port: int) -> None:
        self._world, self._session, self._port = world, session, port
        self._envelope = Envelope(TOKEN, KEY, CORP)
        self._count = 0

    async def say(self, who: str) -> None:
        self._count += 1
        self._world.say(who, SAID[self._count % len(SAID)], int(datetime.now(UTC).timestamp()))
        query, body = wakeup(self._envelope, self._count)
        async with self._session.post(f"http://127.0.0.1:{self._port}/wecom/kf", params=query, data=body) as answer:
            if answer.status != 200:
                raise SystemExit(f"the service answered {answer.status}")

    async def one(self, who: str) -> float:
        """Milliseconds from the callback to the reply, beyond the debounce."""
        self._world.expect(1)
        begun = stopwatch()
        await self.say(who)
        await asyncio.wait_for(self._world.enough.wait(), 30)
        return 1000 * (self._world.heard[who] - begun - DEBOUNCE)

    async def burst(self, people: list[str]) -> float:
        """Replies a second, from the first callback to the last reply, without the debounce."""
        self._world.expect(len(people))
        waiting = iter(people)

        async def connection() -> None:
            for who in waiting:
                await self.say(who)

        begun = stopwatch()
        await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
        try:
            await asyncio.wait_for(self._world.enough.wait(), 20)
        except TimeoutError:
            raise SystemExit(f"only {len(self._world.heard)} of {len(people)} were answered; calls {dict(self._world.calls)}") from None
        return len(people) / (max(self._world.heard.values()) - begun - DEBOUNCE)


def bot_request(envelope: Envelope, message: dict[str, Any], number: int) -> tuple[dict[str, str], bytes]:
    stamp = str(int(datetime.now(UTC).timestamp()))
    told = {"msgid": f"b{number}", "aibotid": "botbench", "chattype": "single", "from": {"userid": "u1"}, **message}
    sealed = envelope.seal(json.dumps(told).encode(), stamp, f"n{number}")
    query = {"msg_signature": sealed.signature, "timestamp": stamp, "nonce": f"n{number}"}
    return query, json.dumps({"encrypt": sealed.encrypt}).encode()


async def refreshed(session: aiohttp.ClientSession, port: int) -> tuple[float, float, float]:
    """(refreshes/s, p50 ms, p99 ms) of asking for one growing answer again and again while its model thinks."""
    envelope, times, count = Envelope(TOKEN, KEY, ""), [], iter(range(REFRESHES))

    async def post(message: dict[str, Any], number: int) -> dict[str, Any]:
        query, body = bot_request(envelope, message, number)
        async with session.post(f"http://127.0.0.1:{port}/wecom/bot", params=query, data=body) as answer:
            return read_reply(envelope, await answer.read())

    stream = (await post({"msgtype": "text", "text": {"content": "你们有什么活动"}, "response_url": ""}, REFRESHES))["stream"]

    async def connection() -> None:
        for number in count:
            begun = stopwatch()
            told = (await post({"msgtype": "stream", "stream": {"id": stream["id"]}}, number))["stream"]
            times.append(1000 * (stopwatch() - begun))
            if told["id"] != stream["id"] or told["finish"]:
                raise SystemExit(f"the answer ended after {len(times)} refreshes: {told}")

    begun = stopwatch()
    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return REFRESHES / (stopwatch() - begun), statistics.median(times), statistics.quantiles(times, n=100)[98]


async def refreshing(url: str, home: Path) -> tuple[float, float, float]:
    async with serving(url, home, "http") as (world, session, port):
        world.thinking = 300.0
        return await refreshed(session, port)


async def measured(url: str, home: Path, kind: str) -> tuple[list[float], list[float], list[float]]:
    """(milliseconds of replies to first words, to later words of the same people, replies a second of each burst)."""
    async with serving(url, home, kind) as (world, session, port):
        customers = Customers(world, session, port)
        await customers.burst([f"wm{n}" for n in range(20)])
        # At somebody's first words WeCom is asked who has the word there.
        first, later = [[await customers.one(f"wm{100 + n}") for n in range(SINGLES)] for _ in range(2)]
        bursts = [await customers.burst([f"wm{200 + BURST * r + n}" for n in range(BURST)]) for r in range(ROUNDS)]
        strange = next((body for body in world.bodies.values() if "积分" not in body), "")
        if strange:
            raise SystemExit(f"not an answer: {strange}")
    return first, later, bursts


@asynccontextmanager
async def serving(url: str, home: Path, kind: str) -> AsyncIterator[tuple[World, aiohttp.ClientSession, int]]:
    """A fresh service in a process of its own, its world here, and a session of CONNECTIONS connections to knock with."""
    world, port = World(), free_port()
    runner = web.AppRunner(world.application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    context = multiprocessing.get_context("spawn")
    ready = context.Queue()
    told = environment(home, url, port, runner.addresses[0][1], kind != "planner")
    child = context.Process(target=run_service, args=(told, ready, kind == "inside"), daemon=True)
    child.start()
    try:
        await asyncio.to_thread(ready.get, timeout=120)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:
            yield world, session, port
    finally:
        child.kill()
        child.join()
        await runner.cleanup()


def replies(name: str, url: str, home: Path, kind: str) -> None:
    """Prints what one fresh service on this database reaches with this kind of model."""
    seeded(url, 200 + BURST * ROUNDS)
    with asyncio.Runner(loop_factory=uvloop_if_there()) as loop:
        first, later, bursts = loop.run(measured(url, home, kind))
    told = ", ".join(
        f"{which} words p50 {statistics.median(times):.1f} ms p99 {statistics.quantiles(times, n=100)[98]:.1f} ms"
        for which, times in (("first", first), ("later", later))
    )
    rate = statistics.median(bursts)
    print(f"edge {name:10s} {KINDS[kind]:22s} reply after the debounce: {told} (aim p50 < 20)", flush=True)
    print(
        f"edge {name:10s} {KINDS[kind]:22s} burst of {BURST} over {CONNECTIONS} connections {rate:6.1f} replies/s (aim > 100)", flush=True
    )


def all_refreshes() -> None:
    pin(1)
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=uvloop_if_there()) as loop:
        url = f"sqlite:///{folder}/edge.db"
        seeded(url, 1)
        rate, p50, p99 = loop.run(refreshing(url, Path(folder) / "home"))
    print(f"edge sqlite     {REFRESHES:,} refreshes of a growing answer {rate:6.0f}/s  p50 {p50:.1f} ms p99 {p99:.1f} ms", flush=True)


def all_replies() -> None:
    """Each kind on an empty database of its own."""
    pin(1)
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            home = Path(folder) / kind
            replies("sqlite", f"sqlite:///{folder}/{kind}.db", home, kind)
            with own_postgresql(kind) as url:
                if url:
                    replies("postgresql", url, home, kind)


def main() -> int:
    wanted: list[Any] = sys.argv[1:] or ["callbacks", "replies", "refreshes"]
    if "callbacks" in wanted:
        callbacks.main()
    if "replies" in wanted:
        all_replies()
    if "refreshes" in wanted:
        all_refreshes()
    return 0


if __name__ == "__main__":
    sys.exit(main())
