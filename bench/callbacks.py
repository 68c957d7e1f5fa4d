"""Callbacks accepted durably, against the same server without the database (aim ≥ 0.8).

Run: ``python -m bench.callbacks``. PostgreSQL: ``BENCH_POSTGRES_URL`` (a server; a database of its own is made and dropped).
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from assistant.base.clock import SystemClock
from assistant.channels import inbox
from assistant.channels.waiting import Waiters
from assistant.cli import spare_collector
from assistant.flows.receive import Intake
from assistant.store import Store
from assistant.web.doors import Doors
from assistant.web.server import make_app
from assistant.web.webhook import Edge
from assistant.wecom import Envelope
from bench.support import own_postgresql, pin, uvloop_if_there

TOKEN, KEY, CORP = "benchToken", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wwbench"
SECONDS = float(os.environ.get("BENCH_SECONDS", "2"))
MOST_A_SECOND = 6000
CONNECTIONS = int(os.environ.get("BENCH_CONNECTIONS", "256"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
AIM = 0.8


class NoStore:
    """Takes what the store would take and keeps nothing: the ceiling."""

    clock = SystemClock()

    async def write(self, *_arguments: Any, **_options: Any) -> None:
        """Nothing is kept."""


async def healthy() -> dict[str, str]:
    return {}


def serve(url: str, ready: Any) -> None:
    """The service's own server and loop on the first core, without its jobs; ``url`` empty means without a database."""
    pin(0)
    spare_collector()

    async def run() -> None:
        store: Any = NoStore()
        if url:
            store = Store(url, SystemClock())
            store.create_all()
        edge = Edge({"app": Envelope(TOKEN, KEY, CORP)}, store, Waiters(), Intake(store, inbox.Debounce()))
        runner = web.AppRunner(make_app(Doors(store=store, edge=edge, health=healthy)), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ready.put(runner.addresses[0][1])
        await asyncio.Event().wait()

    with asyncio.Runner(loop_factory=uvloop_if_there()) as loop:
        loop.run(run())


def requests(count: int, start: int) -> list[bytes]:
    """Whole HTTP requests, made before the clock runs; each of its own sender and id, so that no write is skipped as a duplicate."""
    envelope = Envelope(TOKEN, KEY, CORP)
    stamp = str(int(datetime.now(UTC).timestamp()))
    made = []
    for number in range(start, start + count):
        xml = (
            f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName><![CDATA[user{number}]]></FromUserName><CreateTime>{stamp}</CreateTime>"
            f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[我的积分还有多少]]></Content><MsgId>{number}</MsgId><AgentID>1</AgentID></xml>"
        )
        sealed = envelope.seal(xml.encode(), stamp, f"n{number}")
        body = f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><Encrypt><![CDATA[{sealed.encrypt}]]></Encrypt></xml>".encode()
        head = (
            f"POST /wecom/app?msg_signature={sealed.signature}&timestamp={stamp}&nonce=n{number} HTTP/1.1\r\n"
            f"Host: 127.0.0.1\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


class Knocker(asyncio.Protocol):
    """One kept-alive connection that sends the next request as soon as the last one is answered; nothing else costs the client time."""

    def __init__(self, queue: Iterator[bytes], stop: float, times: list[float], every: float = 0.0) -> None:
        """``every``: seconds between two requests of this connection; times count from when a request was planned, not when it left."""
        self._queue, self._stop, self._times, self._every = queue, stop, times, every
        self._begun, self._answer = 0.0, b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._answer.endswith(b"\r\n\r\n"):
            return
        self._times.append(time.perf_counter() - self._begun)
        if not self._answer.startswith(b"HTTP/1.1 200"):
            self._transport.close()
            self.done.set_exception(SystemExit(f"callback answered {self._answer[:40]!r}"))
            return
        self._answer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or SystemExit("the server hung up"))

    def _next(self) -> None:
        now = time.perf_counter()
        planned = (self._begun or now) + self._every if self._every else now
        if planned > now:
            asyncio.get_running_loop().call_later(planned - now, self._ask, planned)
        else:
            self._ask(planned)

    def _ask(self, planned: float) -> None:
        self._begun = planned
        request = next(self._queue, None) if planned < self._stop else None
        if request is None:
            self.done.set_result(None)
            self._transport.close()
        else:
            self._transport.write(request)


async def load(port: int, prepared: list[bytes], rate: float = 0.0) -> tuple[float, float]:
    """(requests/s, p99 ms) of sending the prepared requests for at most SECONDS over CONNECTIONS connections, as fast as they are
    answered or at a fixed rate."""
    times: list[float] = []
    queue, begun = iter(prepared), time.perf_counter()
    loop = asyncio.get_running_loop()
    every = CONNECTIONS / rate if rate else 0.0
    opened = [
        await loop.create_connection(lambda: Knocker(queue, begun + SECONDS, times, every), "127.0.0.1", port) for _ in range(CONNECTIONS)
    ]
    await asyncio.gather(*(knocker.done for _transport, knocker in opened))
    spent = time.perf_counter() - begun
    return len(times) / spent, statistics.quantiles(times, n=100)[98] * 1000


def measure(kinds: dict[str, str]) -> tuple[dict[str, list[float]], dict[str, list[float]], dict[str, float]]:
    """(rates, p99s) of each kind, the kinds taking turns, and the p99 of each at half its rate."""
    context = multiprocessing.get_context("spawn")
    ports, children = {}, []
    for kind, url in kinds.items():
        ready = context.Queue()
        child = context.Process(target=serve, args=(url, ready), daemon=True)
        child.start()
        children.append(child)
        ports[kind] = ready.get(timeout=30)
    pin(1)
    rates: dict[str, list[float]] = {kind: [] for kind in kinds}
    slowest: dict[str, list[float]] = {kind: [] for kind in kinds}
    count = int(SECONDS * MOST_A_SECOND)
    for number in range(-1, ROUNDS):
        prepared = requests(count if number >= 0 else 500, 1 + (number + 1) * count)
        for kind, port in ports.items():
            with asyncio.Runner(loop_factory=uvloop_if_there()) as loop:
                rate, p99 = loop.run(load(port, prepared))
            if number >= 0:
                rates[kind].append(rate)
                slowest[kind].append(p99)
    halves: dict[str, float] = {}
    for number, (kind, port) in enumerate(ports.items(), ROUNDS + 2):
        prepared = requests(count, 1 + number * count)
        with asyncio.Runner(loop_factory=uvloop_if_there()) as loop:
            _rate, halves[kind] = loop.run(load(port, prepared, statistics.median(rates[kind]) / 2))
    for child in children:
        child.kill()
        child.join()
    return rates, slowest, halves


def main() -> int:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        kinds = {"none": "", "sqlite": f"sqlite:///{Path(folder) / 'bench.db'}"}
        url = stack.enter_context(own_postgresql())
        if url:
            kinds["postgresql"] = url
        else:
            print("callbacks postgresql: skipped, no server answers (BENCH_POSTGRES_URL)")
        rates, slowest, halves = measure(kinds)
    for kind in kinds:
        ratio = statistics.median(mine / base for mine, base in zip(rates[kind], rates["none"], strict=True))
        aim = f"  p99 at half load {halves[kind]:.1f} ms" + ("" if kind == "none" else f"  (aim ≥ {AIM})")
        rate, p99 = statistics.median(rates[kind]), statistics.median(slowest[kind])
        print(f"callbacks {kind:10s} {rate:8.0f}/s  p99 {p99:6.1f} ms  ratio {ratio:.2f}{aim}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
