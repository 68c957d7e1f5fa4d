"""The API face under /cgi-bin: tokens, faults, the log of calls, and the routes to the verbs."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from aiohttp import web

from assistant.wecom.simulator.faults import Fault
from assistant.wecom.simulator.world import ApiError, World

if TYPE_CHECKING:
    from assistant.wecom.simulator.simulator import Simulator

Verb = Callable[[dict[str, Any]], dict[str, Any]]
TOKEN_SECONDS = 7200


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


@dataclass
class _Token:
    secret: str
    until: datetime
    revoked: bool = False


class Tokens:
    """gettoken and the check of access_token; the rights of a secret are the faces configured with it."""

    def __init__(self, world: World, corp_id: str, rights: dict[str, str]) -> None:
        self._world = world
        self._corp_id = corp_id
        self._rights = rights
        self._tokens: dict[str, _Token] = {}
        self._wrong = 0
        self._banned_until: datetime | None = None

    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        now, knobs = self._world.now(), self._world.knobs
        if self._banned_until is not None and now < self._banned_until:
            raise ApiError(45009, "this ip is banned for an hour")
        secret = str(query.get("corpsecret", ""))
        if query.get("corpid") != self._corp_id or secret not in self._rights.values():
            self._wrong += 1
            if self._wrong >= knobs.wrong_secret_limit:
                self._wrong, self._banned_until = 0, now + timedelta(hours=1)
            raise ApiError(40001 if query.get("corpid") == self._corp_id else 40013, "invalid credential")
        for text, token in self._tokens.items():
            if knobs.token_reused and token.secret == secret and not token.revoked and token.until > now:
                return {"access_token": text, "expires_in": int((token.until - now).total_seconds())}
        fresh = self._world.new_id("TOKEN")
        self._tokens[fresh] = _Token(secret, now + timedelta(seconds=TOKEN_SECONDS))
        return {"access_token": fresh, "expires_in": TOKEN_SECONDS}

    def check(self, text: str, right: str) -> None:
        """Raises ApiError unless the token is alive and its app may call this family."""
        if not text:
            raise ApiError(41001, "access_token missing")
        token = self._tokens.get(text)
        if token is None or token.revoked:
            raise ApiError(40014, "invalid access_token")
        if self._world.now() >= token.until:
            raise ApiError(42001, "access_token expired")
        if self._rights[right] != token.secret:
            raise ApiError(48007 if right == "kf" else 48002, "api forbidden for this app")

    def revoke(self) -> int:
        """Every token given so far stops working; answers how many."""
        for token in self._tokens.values():
            token.revoked = True
        return len(self._tokens)


class ApiFace:
    """Dispatches; ``calls`` is what the service asked, secrets removed."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._world = simulator.world
        self.calls: list[Call] = []
        self._gets: dict[str, tuple[str, Verb]] = {}
        self._posts: dict[str, tuple[str, Verb]] = {}
        self._route()

    def _route(self) -> None:
        kf, mass, contacts, app = self._simulator.kf, self._simulator.mass, self._simulator.contacts, self._simulator.staff_app
        self._gets = {
            "gettoken": ("", self._simulator.tokens.get),
            "externalcontact/list": ("contact", contacts.list),
            "externalcontact/get": ("contact", contacts.get),
            "externalcontact/get_follow_user_list": ("contact", contacts.follow_users),
        }
        self._posts = {
            "kf/sync_msg": ("kf", kf.sync_msg),
            "kf/send_msg": ("kf", kf.send_msg),
            "kf/send_msg_on_event": ("kf", kf.send_msg_on_event),
            "kf/service_state/get": ("kf", kf.state_get),
            "kf/service_state/trans": ("kf", kf.state_trans),
            "kf/customer/batchget": ("kf", kf.batchget),
            "message/send": ("app", app.send),
            "message/recall": ("app", app.recall),
            "externalcontact/batch/get_by_user": ("contact", contacts.by_user),
            "externalcontact/send_welcome_msg": ("contact", contacts.send_welcome),
            "externalcontact/add_msg_template": ("contact", mass.add),
            "externalcontact/get_groupmsg_list_v2": ("contact", mass.list_v2),
            "externalcontact/get_groupmsg_task": ("contact", mass.task_list),
            "externalcontact/get_groupmsg_send_result": ("contact", mass.send_result),
            "externalcontact/remind_groupmsg_send": ("contact", mass.remind),
            "externalcontact/cancel_groupmsg_send": ("contact", mass.cancel),
        }

    def application(self) -> web.Application:
        app = web.Application(client_max_size=32 * 2**20)
        app.router.add_route("*", "/cgi-bin/{path:.+}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path, raw = request.match_info["path"], await request.read()
        fault = self._simulator.faults.take(path)
        right = (self._gets.get(path) or self._posts.get(path) or ("",))[0]
        before = await self._suffer_before(request, fault)
        if before is not None:
            self._log(path, right, _loosely(raw), None, fault)
            return before
        self._world.run_due()
        answer, body = self._answer(request, path, raw, fault)
        self._log(path, right, body, answer["errcode"], fault)
        self._world.run_due()
        text = json.dumps(answer, ensure_ascii=False)
        if fault is not None and fault.mode == "lost_after":
            return _cut_off(request)
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

    def _answer(self, request: web.Request, path: str, raw: bytes, fault: Fault | None) -> tuple[dict[str, Any], dict[str, Any]]:
        """The JSON answer and the body as understood."""
        body: dict[str, Any] = {}
        try:
            body = self._understood(request, path, raw)
            if fault is not None and fault.mode == "errcode":
                raise ApiError(fault.errcode, "injected by the scenario")
            answer = {"errcode": 0, "errmsg": "ok", **self._perform(request, path, body)}
        except ApiError as error:
            hint = f"hint: [{self._world.seconds()}{self._world.chance.randrange(10**12):012d}]"
            answer = {
                "errcode": error.errcode,
                "errmsg": f"{error.reason}, {hint}, from ip: {request.remote}, more info at the open platform",
            }
        return answer, body

    def _understood(self, request: web.Request, path: str, raw: bytes) -> dict[str, Any]:
        if path in self._gets:
            return dict(request.query)
        if path not in self._posts and path != "aibot/response":
            raise ApiError(40066, "invalid url")
        if request.method != "POST":
            raise ApiError(40063, "some parameters are empty")
        try:
            body = json.loads(raw)
        except ValueError:
            raise ApiError(40035, "invalid parameter. Warning: wrong json format.") from None
        if not isinstance(body, dict):
            raise ApiError(40035, "invalid parameter. Warning: wrong json format.")
        return body

    def _perform(self, request: web.Request, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if path == "aibot/response":
            return self._simulator.bot.response(dict(request.query), body)
        right, verb = self._gets[path] if path in self._gets else self._posts[path]
        if right:
            self._simulator.tokens.check(request.query.get("access_token", ""), right)
        return copy.deepcopy(verb(copy.deepcopy(body)))

    def _log(self, path: str, right: str, body: dict[str, Any], errcode: int | None, fault: Fault | None) -> None:
        hidden = {name: "***" if name in ("corpsecret", "access_token") else value for name, value in body.items()}
        self.calls.append(Call(path, right, hidden, errcode, self._world.now(), fault.mode if fault else ""))


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
