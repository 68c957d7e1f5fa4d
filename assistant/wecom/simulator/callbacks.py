"""The callback face: encrypts, signs and posts to the service as WeCom does, with retries, duplicates, disorder and loss."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

import aiohttp
from lxml import etree
from yarl import URL

from assistant.base.clock import stopwatch
from assistant.wecom.simulator.config import SimulatorConfig
from assistant.wecom.simulator.crypto import CryptoError, Envelope
from assistant.wecom.simulator.recent import Recent
from assistant.wecom.simulator.world import SimulatorError, World

Channel = Literal["app", "kf", "contact", "bot"]


@dataclass(frozen=True)
class Attempt:
    """One HTTP request: ``status`` 0 when nothing came back, ``trouble`` then says why; ``reply`` is the body."""

    status: int
    seconds: float
    trouble: str = ""
    reply: str = ""
    nonce: str = ""


@dataclass
class Delivery:
    """One event on its way to the service; ``lost`` means the last retry has failed too."""

    channel: Channel
    content: str
    attempts: list[Attempt] = field(default_factory=list)
    lost: bool = False

    def to_json(self) -> dict[str, Any]:
        last = self.attempts[-1] if self.attempts else Attempt(0, 0.0, "not sent")
        return {"channel": self.channel, "attempts": len(self.attempts), "status": last.status, "trouble": last.trouble, "lost": self.lost}


@dataclass(frozen=True)
class _Request:
    query: dict[str, str]
    body: str
    content_type: str


def cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"


def to_xml(fields: Mapping[str, str | int]) -> str:
    """A flat XML document in WeCom's manner: text in CDATA, numbers bare."""
    inner = "".join(f"<{name}>{value if isinstance(value, int) else cdata(value)}</{name}>" for name, value in fields.items())
    return f"<xml>{inner}</xml>"


def from_xml(text: str) -> dict[str, str]:
    """The top-level elements of an XML document; raises ValueError when it is none."""
    try:
        root = etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error
    return {str(child.tag): child.text or "" for child in root}


class Callbacks:
    """Everything the service is told goes through ``deliver``; ``history`` keeps the latest contents for ``redeliver``."""

    def __init__(self, config: SimulatorConfig, world: World) -> None:
        self._config = config
        self._world = world
        self._session: aiohttp.ClientSession | None = None
        self._running: set[asyncio.Task[Any]] = set()
        self._held: list[Delivery] = []
        self.history: Recent[Delivery] = Recent(lambda: world.knobs.keep_events)
        self.last: dict[Channel, tuple[dict[str, str], bytes]] = {}
        self.base = config.callback_base.rstrip("/")
        self.bot_push: Callable[[str], Awaitable[Attempt]] | None = None
        self.paths: dict[Channel, str] = {"app": config.app_path, "kf": config.kf_path, "bot": config.bot_path}
        self._envelopes: dict[Channel, Envelope] = {
            "app": Envelope(config.app.token, config.app.aes_key, config.corp_id),
            "kf": Envelope(config.kf.token, config.kf.aes_key, config.corp_id),
            "bot": Envelope(config.bot.token, config.bot.aes_key, ""),
        }
        if config.contact is not None:
            self.paths["contact"] = config.contact_path
            self._envelopes["contact"] = Envelope(*config.contact, config.corp_id)

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def close(self) -> None:
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def spawn(self, work: Coroutine[Any, Any, object]) -> None:
        """Runs something beside the caller; cancelled on close."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def settle(self) -> None:
        """Waits until no background delivery is left."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    async def deliver(self, channel: Channel, content: str) -> list[Delivery]:
        """Posts one event, with as many concurrent copies as the knob says; answers after the last retry of each.

        With ``callback_reorder`` n > 1 events are held until there are n, then posted shuffled. Of the others the share
        ``callback_late_share`` sets out up to ``callback_late_seconds`` later, so that what happened after may be told before.
        An event that is held or late answers ``[]``.
        """
        knobs = self._world.knobs
        self.history.append(Delivery(channel, content))
        if self._world.chance.random() < knobs.callback_silent_loss:
            return [Delivery(channel, content, lost=True)]
        if knobs.callback_reorder > 1:
            self._held.append(Delivery(channel, content))
            return await self.flush() if len(self._held) >= knobs.callback_reorder else []
        if knobs.callback_late_share and self._world.chance.random() < knobs.callback_late_share:
            self.spawn(self._late(channel, content, self._world.chance.uniform(0, knobs.callback_late_seconds)))
            return []
        return await self._copies(channel, content, max(1, knobs.callback_duplicates))

    async def _late(self, channel: Channel, content: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._copies(channel, content, max(1, self._world.knobs.callback_duplicates))

    async def once(self, channel: Channel, content: str) -> Delivery:
        """Posts an event that is never repeated (a click on a card): no answer in time and it is lost."""
        delivery = Delivery(channel, content)
        self.history.append(Delivery(channel, content))
        delivery.attempts.append(await self._reach(channel, content, self._seal(channel, content)))
        delivery.lost = delivery.attempts[0].status != 200
        return delivery

    async def flush(self) -> list[Delivery]:
        """Posts the held events, shuffled."""
        held, self._held = self._held, []
        self._world.chance.shuffle(held)
        results = []
        for delivery in held:
            results += await self._copies(delivery.channel, delivery.content, max(1, self._world.knobs.callback_duplicates))
        return results

    async def redeliver(self, number: int = -1) -> list[Delivery]:
        """Posts event ``number`` of the history once more (negative counts from the end)."""
        try:
            event = self.history[number]
        except IndexError:
            raise SimulatorError(f"没有第 {number} 个事件，还留着最近的 {len(self.history)} 个") from None
        return await self._copies(event.channel, event.content, 1)

    async def verify(self, channel: Channel, echo: str = "7216829451862035") -> bool:
        """The URL verification GET with ``+``, ``/`` and ``=`` in its echostr: the body must be exactly the plaintext within one second."""
        envelope, chance = self._envelopes[channel], self._world.chance
        encrypted = envelope.seal(echo, chance.randbytes(16))
        for _ in range(100):
            if "+" in encrypted and "/" in encrypted:
                break
            encrypted = envelope.seal(echo, chance.randbytes(16))
        query = self._signed(channel, encrypted) | {"echostr": encrypted}
        try:
            async with asyncio.timeout(1.0), self._client().get(self._url(self.paths[channel], query)) as response:
                return response.status == 200 and await response.read() == echo.encode()
        except (TimeoutError, aiohttp.ClientError):
            return False

    async def post_raw(self, path: str, query: Mapping[str, str], body: bytes, headers: Mapping[str, str]) -> int:
        """The adversary's way in: any bytes to any path; answers the HTTP status (0 when the connection broke)."""
        return (await self.exchange(path, query, body, headers, 10.0)).status

    async def exchange(self, path: str, query: Mapping[str, str], body: bytes, headers: Mapping[str, str], seconds: float) -> Attempt:
        """One POST to the service, given up after so many real seconds."""
        begun, nonce = stopwatch(), query.get("nonce", "")
        try:
            async with (
                asyncio.timeout(seconds),
                self._client().post(self._url(path, query), data=io.BytesIO(body), headers=headers) as response,
            ):
                reply = await response.text(encoding="utf-8", errors="replace")
                return Attempt(response.status, stopwatch() - begun, "", reply, nonce)
        except TimeoutError:
            return Attempt(0, stopwatch() - begun, "timeout", "", nonce)
        except aiohttp.ClientError as error:
            return Attempt(0, stopwatch() - begun, type(error).__name__, "", nonce)

    def sealed(self, channel: Channel, content: str, envelope: Envelope | None = None) -> tuple[dict[str, str], bytes]:
        """Query and body of a correct request (or one of a foreign ``envelope``), for those who spoil it before it is posted."""
        request = self._seal(channel, content, envelope)
        return request.query, request.body.encode()

    def opened(self, channel: Channel, attempt: Attempt) -> str:
        """The decrypted passive reply of an attempt; empty when there is none, with a complaint when it is wrong."""
        reply = attempt.reply.strip()
        if attempt.status != 200 or reply in ("", "success"):
            return ""
        try:
            if channel == "bot":
                answer = json.loads(reply)
                encrypted, signature = answer["encrypt"], answer["msgsignature"]
                timestamp, nonce = str(answer["timestamp"]), str(answer["nonce"])
                if nonce != attempt.nonce:
                    raise CryptoError(-40001, "nonce of the reply is not the nonce of the callback")
            else:
                root = from_xml(reply)
                encrypted, signature = root["Encrypt"], root["MsgSignature"]
                timestamp, nonce = root["TimeStamp"], root["Nonce"]
            return self._envelopes[channel].open(encrypted, timestamp, nonce, signature)
        except (CryptoError, ValueError, KeyError, TypeError) as error:
            self._world.complain(f"{channel} 的被动回复不合协议：{error}")
            return ""

    @staticmethod
    def encrypted_of(body: str) -> str:
        """The ciphertext inside a request body of either form; CryptoError -40002 when there is none."""
        try:
            return str(json.loads(body)["encrypt"]) if body.startswith("{") else from_xml(body)["Encrypt"]
        except (ValueError, KeyError) as error:
            raise CryptoError(-40002, "no ciphertext in the body") from error

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise SimulatorError("模拟器还没有启动，请先调用 start")
        return self._session

    def _seal(self, channel: Channel, content: str, foreign: Envelope | None = None) -> _Request:
        envelope, chance = foreign or self._envelopes[channel], self._world.chance
        encrypted = envelope.seal(content, chance.randbytes(16))
        query = self._signed(channel, encrypted)
        if channel == "bot":
            return _Request(query, json.dumps({"encrypt": encrypted}), "application/json")
        fields: dict[str, str | int] = {"ToUserName": self._config.corp_id}
        if "<AgentID>" in content:
            fields["AgentID"] = str(self._config.app.agentid)
        return _Request(query, to_xml({**fields, "Encrypt": encrypted}), "text/xml")

    async def _copies(self, channel: Channel, content: str, copies: int) -> list[Delivery]:
        return list(await asyncio.gather(*(self._persist(Delivery(channel, content)) for _ in range(copies))))

    async def _persist(self, delivery: Delivery) -> Delivery:
        knobs = self._world.knobs
        request = self._seal(delivery.channel, delivery.content)
        if delivery.channel == "bot" and self.bot_push is not None:
            delivery.attempts.append(await self.bot_push(delivery.content))
            delivery.lost = not (delivery.attempts[-1].status or knobs.bot_socket_replay)
            return delivery
        for number in range(1 + knobs.callback_retries):
            if number:
                await asyncio.sleep(knobs.callback_retry_spacing_seconds)
                request = self._seal(delivery.channel, delivery.content) if knobs.callback_resign else request
            self.last[delivery.channel] = (request.query, request.body.encode())
            attempt = await self._post(delivery.channel, request)
            delivery.attempts.append(attempt)
            if attempt.status == 200 or (attempt.status and not knobs.callback_retry_non_200):
                return delivery
        delivery.lost = True
        return delivery

    async def _reach(self, channel: Channel, content: str, request: _Request) -> Attempt:
        """By the long connection where the bot has one (``bot_push``), else by HTTP."""
        if channel == "bot" and self.bot_push is not None:
            return await self.bot_push(content)
        return await self._post(channel, request)

    async def _post(self, channel: Channel, request: _Request) -> Attempt:
        headers = {"Content-Type": request.content_type}
        return await self.exchange(
            self.paths[channel], request.query, request.body.encode(), headers, self._world.knobs.callback_timeout_seconds
        )

    def _signed(self, channel: Channel, encrypted: str) -> dict[str, str]:
        timestamp, nonce = str(self._world.seconds()), str(self._world.chance.randrange(10**9, 10**10))
        return {
            "msg_signature": self._envelopes[channel].sign(timestamp, nonce, encrypted),
            "timestamp": timestamp,
            "nonce": nonce,
        }

    def _url(self, path: str, query: Mapping[str, str]) -> URL:
        """As WeCom writes it: every ``+``, ``/`` and ``=`` of a value is percent-encoded."""
        return URL(self.base + path + ("?" + urlencode(query) if query else ""), encoded=True)
