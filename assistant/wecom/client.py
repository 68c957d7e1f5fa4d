"""The WeCom API: tokens, pace, time limits, and the three outcomes answered, refused and unknown."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

import aiohttp
from yarl import URL

from assistant.base.clock import Clock
from assistant.base.errors import Broken, LaoyouError, Transient
from assistant.wecom.errors import Unknown, error_of, verdict
from assistant.wecom.http import TIMEOUT, Answer, Http
from assistant.wecom.pace import Pace
from assistant.wecom.tokens import Fetched, Pocket, Secret, Shelf, Token, Tokens

Safety = Literal["read", "keyed", "once"]
"""``read`` has no effect and is retried; ``keyed`` may be repeated by the caller with its key; ``once`` must never be repeated blindly."""

Request = Callable[[URL], Awaitable[Answer]]
_PAUSES = (0.2, 0.6, 1.8)
_RATE, _NOT_TRUSTED = 45009, 60020
_ADDRESS = re.compile(r"from ip: ?([0-9A-Fa-f.:]{3,45})")


class WeComClient:
    """One corp's API. ``secrets`` are by app name (``app``, ``kf``, ``contact``); ``pause`` sleeps between repeated reads.

    ``shelf`` shares tokens between processes, ``pace`` keeps the limits of each API. Every failure is one of the six error kinds with
    ``detail`` errcode and path; ``Unknown`` when the effect is not known. Neither secrets nor tokens nor URLs are ever part of an error.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        corp_id: str,
        secrets: Mapping[str, str],
        clock: Clock,
        *,
        pause: Callable[[float], Awaitable[Any]] = asyncio.sleep,
        timeout: aiohttp.ClientTimeout = TIMEOUT,
        shelf: Shelf | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._http = Http(session, timeout)
        self._base = URL(base_url)
        self._corp_id = corp_id
        self._clock = clock
        self._pause = pause
        self._pace = pace or Pace()
        self._tokens = Tokens(corp_id, secrets, clock, self._gettoken, shelf or Pocket(clock), pause)

    def __repr__(self) -> str:
        return f"WeComClient({self._base.origin()}, corp_id={self._corp_id!r}, apps={self._tokens.apps})"

    async def call(
        self,
        app: str,
        path: str,
        json: Mapping[str, Any] | None = None,
        *,
        method: str = "POST",
        safety: Safety = "once",
    ) -> dict[str, Any]:
        """The answer of ``/cgi-bin/<path>`` with errcode 0.

        A bad token is renewed once and the call repeated once; only ``read`` calls are repeated after lost answers or "busy".
        Raises Transient (``retry_at`` set), Refused, Invalid, Broken, or Unknown.
        """
        return await self._asked(app, path, lambda target: self._http.json(method, target, json), safety)

    async def upload(self, app: str, path: str, form: Callable[[], aiohttp.FormData]) -> dict[str, Any]:
        """As ``call`` for a file: an upload that was perhaps made twice harms nobody, so it is repeated like a read."""
        return await self._asked(app, path, lambda target: self._http.upload(target, form), "read")

    async def post_keyed(self, path: str, key: Secret, body: Mapping[str, Any]) -> dict[str, Any]:
        """Posts to an address whose key is its only guard (a group robot); never repeated."""
        target = (self._base / "cgi-bin" / path).with_query(key=key.reveal())
        return self._settled(await self._http.json("POST", target, body), path, "once")

    async def upload_keyed(self, path: str, key: Secret, form: Callable[[], aiohttp.FormData]) -> dict[str, Any]:
        """As ``upload`` for an address whose key is its only guard."""
        route, _, query = path.partition("?")
        target = (self._base / "cgi-bin" / route).with_query(query).update_query(key=key.reveal())
        return self._settled(await self._repeated(lambda: self._http.upload(target, form), "read"), route, "read")

    async def post_reply(self, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Posts to a one-shot ``response_url``; Broken(code="foreign_url") if it is not on the API's own origin."""
        target = self._reply_url(url)
        if target is None:
            raise Broken("回复地址不属于企业微信，已拒绝访问。", code="foreign_url")
        return self._settled(await self._http.json("POST", target, body), "aibot/response", "once")

    async def check(self, app: str) -> None:
        """Whether the secret of this app is accepted: raises what a call would raise. Asks at most once, and not while it is refused."""
        await self._tokens.get(app)

    def has(self, app: str) -> bool:
        """Whether the secret of this app is set."""
        return app in self._tokens.apps

    def now(self) -> datetime:
        """The clock of this client."""
        return self._clock.now()

    def _reply_url(self, url: str) -> URL | None:
        try:
            target = URL(url)
            own = target.absolute and target.origin() == self._base.origin()
        except (ValueError, TypeError):
            return None
        return target if own and target.user is None and target.password is None and target.path.startswith("/cgi-bin/aibot/") else None

    async def _asked(self, app: str, path: str, request: Request, safety: Safety) -> dict[str, Any]:
        route = path.partition("?")[0]

        async def attempt() -> Answer:
            self._pace.take(route, self._clock.now())
            return await self._with_token(app, path, request)

        answer = await self._repeated(attempt, safety)
        if answer.errcode == _RATE:
            until = self._pace.refused(route, self._clock.now(), read=safety == "read")
            raise _later(error_of(_RATE, path, self._clock.now()), until)
        return self._settled(answer, path, safety)

    async def _repeated(self, attempt: Callable[[], Awaitable[Answer]], safety: Safety) -> Answer:
        answer = await attempt()
        for seconds in _PAUSES if safety == "read" else ():
            if not answer.repeatable:
                break
            await self._pause(seconds)
            answer = await attempt()
        return answer

    async def _with_token(self, app: str, path: str, request: Request) -> Answer:
        token = await self._tokens.get(app)
        answer = await self._tokened(token, path, request)
        if answer.kind == "answered" and verdict(answer.errcode).action == "refresh":
            answer = await self._tokened(await self._tokens.get(app, spoiled=token), path, request)
        return answer

    async def _tokened(self, token: Token, path: str, request: Request) -> Answer:
        route, _, query = path.partition("?")
        return await request((self._base / "cgi-bin" / route).with_query(query).update_query(access_token=token.value.reveal()))

    def _settled(self, answer: Answer, path: str, safety: Safety) -> dict[str, Any]:
        now = self._clock.now()
        if answer.kind == "unsent":
            raise Transient("连接不上企业微信，请稍后再试。", retry_at=now + timedelta(seconds=10), code="wecom_unreachable", path=path)
        if answer.kind == "rejected":
            raise Broken("企业微信的接口地址不接受请求，请检查设置。", code="wecom_http", status=answer.status, path=path)
        # "Busy" does not say whether the work was begun, so what has no key of its own is not repeated.
        if answer.kind == "lost" or (answer.errcode == -1 and safety == "once"):
            if safety == "read":
                raise Transient("企业微信没有应答，请稍后再试。", retry_at=now + timedelta(seconds=10), code="wecom_lost", path=path)
            raise Unknown("企业微信没有确认结果，请先查询再决定是否重发。", code="outcome_unknown", path=path)
        if answer.errcode:
            error = error_of(answer.errcode, path, now)
            if answer.errcode == _NOT_TRUSTED:
                # Shown to people only; nothing is decided by what an errmsg says.
                told = _ADDRESS.search(str(answer.body.get("errmsg", "")))
                error.detail["ip"] = told.group(1) if told else ""
            raise error
        return answer.body

    async def _gettoken(self, secret: Secret) -> Fetched:
        target = (self._base / "cgi-bin/gettoken").with_query(corpid=self._corp_id, corpsecret=secret.reveal())
        answer = await self._repeated(lambda: self._http.json("GET", target, None), "read")
        if answer.kind == "answered":
            return Fetched(answer.body)
        try:
            self._settled(answer, "gettoken", "read")
        except LaoyouError as error:
            return Fetched(error=error)
        return Fetched()


def _later(error: LaoyouError, until: datetime | None) -> LaoyouError:
    if isinstance(error, Transient) and until is not None:
        error.retry_at = until
    return error
