"""The API face under /cgi-bin: faults, the log of calls, calls that overlap, and the merge of every family's routes."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aiohttp import BodyPartReader, web

from assistant.wecom.simulator.corp import Upload, Verb
from assistant.wecom.simulator.faults import Fault
from assistant.wecom.simulator.recent import Recent
from assistant.wecom.simulator.tokens import Limits
from assistant.wecom.simulator.world import ApiError

if TYPE_CHECKING:
    from assistant.wecom.simulator.simulator import Simulator

OVERLAPS: dict[str, tuple[int, Callable[[dict[str, Any]], object]]] = {
    "externalcontact/mark_tag": (45035, lambda body: (body.get("userid"), body.get("external_userid"))),
    "externalcontact/send_welcome_msg": (41096, lambda body: body.get("welcome_code")),
}
"""Paths of which two calls for one record may not overlap in time: what the second is answered, and what names the record."""
SECRETS = ("corpsecret", "access_token", "key", "secret", "base64_data")


@dataclass(frozen=True)
class Call:
    """One call received. ``app`` is the right it was made with; ``errcode`` None when no business answer left; ``fault`` what struck it."""

    path: str
    app: str
    body: dict[str, Any]
    errcode: int | None
    at: datetime
    fault: str = ""

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "at": self.at.isoformat()}


class ApiFace:
    """Dispatches; ``calls`` is what the service asked lately (the knob ``keep_calls``), secrets removed."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._world = simulator.world
        self._limits = Limits(simulator.world)
        self._busy: set[object] = set()
        self.calls: Recent[Call] = Recent(lambda: simulator.world.knobs.keep_calls)
        self._routes: dict[str, tuple[str, str, Verb]] = {}
        for family in simulator.families():
            for name, (right, verb) in family.routes().items():
                method, _, path = name.rpartition(" ")
                if path in self._routes:
                    raise ValueError(f"two families offer {path}")
                self._routes[path] = (method or "POST", right, verb)
        simulator.bot.socket.log = lambda command, body, errcode, fault: self._log(command, "bot", body, errcode, fault)

    def application(self) -> web.Application:
        app = web.Application(client_max_size=32 * 2**20)
        app.router.add_route("*", "/cgi-bin/{path:.+}", self._handle)
        app.router.add_get("/", self._simulator.bot.socket.handle)
        app.on_shutdown.append(self._hang_up)
        app.router.add_get("/aibot/media/{name}", self._hand_out)
        return app

    async def _hang_up(self, app: web.Application) -> None:
        self._simulator.bot.socket.drop()

    async def _hand_out(self, request: web.Request) -> web.Response:
        """What a member sent to the bot: ciphertext, for five minutes."""
        sealed = self._simulator.bot.handed_out.fetch(request.match_info["name"])
        return web.Response(status=404) if sealed is None else web.Response(body=sealed, content_type="application/octet-stream")

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path, fault = request.match_info["path"], self._simulator.faults.take(request.match_info["path"])
        raw = b"" if request.content_type.startswith("multipart/") else await request.read()
        right = self._routes.get(path, ("", "", None))[1]
        before = await self._suffer_before(request, fault)
        if before is not None:
            self._log(path, right, _loosely(raw), None, fault.mode if fault else "")
            return before
        self._world.run_due()
        answer, body = await self._answer(request, path, raw, fault)
        self._log(path, right, body, answer["errcode"] if isinstance(answer, dict) else 0, fault.mode if fault else "")
        self._world.run_due()
        if fault is not None and fault.mode == "lost_after":
            return _cut_off(request)
        if isinstance(answer, Upload):
            disposition = f'attachment; filename="{answer.name}"'
            return web.Response(body=answer.content, content_type=answer.kind, headers={"Content-Disposition": disposition})
        text = json.dumps(answer, ensure_ascii=False)
        if fault is not None and fault.mode == "truncated":
            text = text[: len(text) // 2]
        return web.Response(text=text, content_type="application/json")

    @staticmethod
    async def _suffer_before(request: web.Request, fault: Fault | None) -> web.StreamResponse | None:
        if fault is None:
            return None
        if fault.mode == "latency":
            await asyncio.sleep(fault.seconds)
        if fault.mode == "bad_gateway":
            return web.Response(status=502, text="<html><body>502 Bad Gateway</body></html>", content_type="text/html")
        return _cut_off(request) if fault.mode == "lost_before" else None

    async def _answer(
        self, request: web.Request, path: str, raw: bytes, fault: Fault | None
    ) -> tuple[dict[str, Any] | Upload, dict[str, Any]]:
        """The answer and the body as understood."""
        body: dict[str, Any] = {}
        try:
            body = await self._understood(request, path, raw)
            if fault is not None and fault.mode == "errcode":
                raise ApiError(fault.errcode, "injected by the scenario")
            answer = await self._perform(request, path, body)
            return answer if isinstance(answer, Upload) else {"errcode": 0, "errmsg": "ok", **answer}, body
        except ApiError as error:
            hint = f"hint: [{self._world.seconds()}{self._world.chance.randrange(10**12):012d}]"
            reason = f"{error.reason}, {hint}, from ip: {request.remote}, more info at the open platform"
            return {"errcode": error.errcode, "errmsg": reason}, body

    async def _understood(self, request: web.Request, path: str, raw: bytes) -> dict[str, Any]:
        if path not in self._routes:
            raise ApiError(40066, "invalid url")
        method = self._routes[path][0]
        if method == "GET":
            return dict(request.query)
        if request.method != "POST":
            raise ApiError(40063, "some parameters are empty")
        if method == "UPLOAD":
            return {**request.query, "file": await _uploaded(request)}
        try:
            body = json.loads(raw)
        except ValueError:
            raise ApiError(40035, "invalid parameter. Warning: wrong json format.") from None
        if not isinstance(body, dict):
            raise ApiError(40035, "invalid parameter. Warning: wrong json format.")
        return body

    async def _perform(self, request: web.Request, path: str, body: dict[str, Any]) -> dict[str, Any] | Upload:
        _, right, verb = self._routes[path]
        asked = self._simulator.tokens.asked(path, right, dict(request.query), request.remote or "")
        self._limits.count(path)
        errcode, record = OVERLAPS.get(path, (0, None))
        busy = (path, repr(record(body))) if record else None
        if busy in self._busy:
            raise ApiError(errcode, "another call for this record is under way")
        try:
            if busy:
                self._busy.add(busy)
                await asyncio.sleep(self._world.knobs.api_overlap_seconds)
            self._world.asked = asked
            return copy.deepcopy(verb(copy.deepcopy(body)))
        finally:
            self._busy.discard(busy)

    def _log(self, path: str, right: str, body: dict[str, Any], errcode: int | None, fault: str) -> None:
        hidden = {name: "***" if name in SECRETS else _plain(value) for name, value in body.items()}
        self.calls.append(Call(path, right, hidden, errcode, self._world.now(), fault))


def _plain(value: Any) -> Any:
    return f"{value.name} ({len(value.content)} bytes)" if isinstance(value, Upload) else value


async def _uploaded(request: web.Request) -> Upload:
    """The file of a multipart body: its part named ``media``, or the first with a file name."""
    if not request.content_type.startswith("multipart/"):
        raise ApiError(41005, "missing media data")
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader) and (part.name == "media" or part.filename):
            content = bytes(await part.read(decode=True))
            return Upload(part.filename or "", content, part.headers.get("Content-Type", "application/octet-stream"))
    raise ApiError(41005, "missing media data")


def _loosely(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _cut_off(request: web.Request) -> web.StreamResponse:
    """Breaks the connection so that the caller never sees an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
