"""HTTP to the WeCom API: tokens, time limits, and the three outcomes answered, refused and unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import aiohttp
from yarl import URL

from assistant.base.clock import Clock
from assistant.base.errors import Broken, LaoyouError, Transient
from assistant.wecom import parsing
from assistant.wecom.errors import Unknown, error_of, verdict

Safety = Literal["read", "keyed", "once"]
"""``read`` has no effect and is retried; ``keyed`` may be repeated by the caller with its key; ``once`` must never be repeated blindly."""

TIMEOUT = aiohttp.ClientTimeout(total=10, connect=5)
MAX_ANSWER = 16 * 1024 * 1024

_PAUSES = (0.2, 0.6, 1.8)
_BUSY = frozenset({-1, 45033})
_EARLY = timedelta(minutes=5)
_BAN = timedelta(hours=1)
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class Secret:
    """A text that shows itself only to ``reveal``."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class _Token:
    value: Secret
    until: datetime


@dataclass(frozen=True, slots=True)
class _Answer:
    """``unsent``: nothing reached WeCom; ``lost``: perhaps; ``rejected``: an HTTP status that no business answer has."""

    kind: Literal["answered", "unsent", "lost", "rejected"]
    body: dict[str, Any] = field(default_factory=dict)
    status: int = 0

    @property
    def errcode(self) -> int:
        code = self.body.get("errcode", 0)
        return code if isinstance(code, int) else -1

    @property
    def repeatable(self) -> bool:
        return self.kind in {"unsent", "lost"} or self.errcode in _BUSY


class WeComClient:
    """One corp's API. ``secrets`` are by app name (``app``, ``kf``, ``contact``); ``pause`` sleeps between repeated reads.

    Every failure is one of the six error kinds with ``detail`` errcode and path; ``Unknown`` when the effect is not known.
    Neither secrets nor tokens nor URLs are ever part of an error.
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
    ) -> None:
        self._session = session
        self._base = URL(base_url)
        self._corp_id = corp_id
        self._secrets = {app: Secret(value) for app, value in secrets.items()}
        self._clock = clock
        self._pause = pause
        self._timeout = timeout
        self._tokens: dict[str, _Token] = {}
        self._fetching: dict[str, asyncio.Task[Secret]] = {}
        self._banned: dict[str, tuple[datetime, int]] = {}

    def __repr__(self) -> str:
        return f"WeComClient({self._base.origin()}, corp_id={self._corp_id!r}, apps={sorted(self._secrets)})"

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
        answer = await self._repeated(lambda: self._with_token(app, path, json, method), safety)
        return self._settled(answer, path, safety)

    async def post_reply(self, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Posts to a one-shot ``response_url``; Broken(code="foreign_url") if it is not on the API's own origin."""
        target = self._reply_url(url)
        if target is None:
            raise Broken("回复地址不属于企业微信，已拒绝访问。", code="foreign_url")
        return self._settled(await self._exchange("POST", target, body), "aibot/response", "once")

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

    async def _repeated(self, attempt: Callable[[], Awaitable[_Answer]], safety: Safety) -> _Answer:
        answer = await attempt()
        for seconds in _PAUSES if safety == "read" else ():
            if not answer.repeatable:
                break
            await self._pause(seconds)
            answer = await attempt()
        return answer

    async def _with_token(self, app: str, path: str, json: Mapping[str, Any] | None, method: str) -> _Answer:
        token = await self._token(app)
        answer = await self._tokened(token, path, json, method)
        if answer.kind == "answered" and verdict(answer.errcode).action == "refresh":
            held = self._tokens.get(app)
            if held is not None and held.value is token:
                del self._tokens[app]
            answer = await self._tokened(await self._token(app), path, json, method)
        return answer

    async def _tokened(self, token: Secret, path: str, json: Mapping[str, Any] | None, method: str) -> _Answer:
        route, _, query = path.partition("?")
        target = (self._base / "cgi-bin" / route).with_query(query).update_query(access_token=token.reveal())
        return await self._exchange(method, target, json)

    def _settled(self, answer: _Answer, path: str, safety: Safety) -> dict[str, Any]:
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
            raise error_of(answer.errcode, path, now)
        return answer.body

    async def _exchange(self, method: str, target: URL, json: Mapping[str, Any] | None) -> _Answer:
        """One request; errors of the HTTP library end here because their texts may hold the URL with its token."""
        try:
            async with self._session.request(
                method, target, json=None if json is None else dict(json), timeout=self._timeout, allow_redirects=False
            ) as response:
                status = response.status
                data = await _limited(response)
        except _NEVER_SENT:
            return _Answer("unsent")
        except (aiohttp.ClientError, TimeoutError, OSError):
            return _Answer("lost")
        if status != 200:
            return _Answer("lost" if status >= 500 else "rejected", status=status)
        try:
            return _Answer("answered", parsing.read_json(data, MAX_ANSWER))
        except parsing.Malformed:
            return _Answer("lost")

    async def _token(self, app: str) -> Secret:
        """The cached token, or one shared request for a new one; what that request meets, all who wait for it meet."""
        held = self._tokens.get(app)
        if held is not None and self._clock.now() < held.until:
            return held.value
        task = self._fetching.get(app)
        if task is None:
            task = asyncio.create_task(self._fetch(app))
            self._fetching[app] = task
            task.add_done_callback(lambda done: self._fetched(app, done))
        return await asyncio.shield(task)

    def _fetched(self, app: str, task: asyncio.Task[Secret]) -> None:
        del self._fetching[app]
        if not task.cancelled():
            task.exception()

    async def _fetch(self, app: str) -> Secret:
        if app not in self._secrets:
            raise Broken(f"没有设置企业微信应用“{app}”的密钥，请在设置里填写。", code="no_secret", app=app)
        until, errcode = self._banned.get(app, (self._clock.now(), 0))
        if self._clock.now() < until:
            raise self._banned_error(errcode, until)
        target = (self._base / "cgi-bin/gettoken").with_query(corpid=self._corp_id, corpsecret=self._secrets[app].reveal())
        answer = await self._repeated(lambda: self._exchange("GET", target, None), "read")
        # WeCom bans the IP for an hour after wrong secrets, so a refused one is not tried again before that.
        if answer.kind == "answered" and verdict(answer.errcode).slug in {"credentials", "rate"}:
            until = self._clock.now() + _BAN
            self._banned[app] = (until, answer.errcode)
            raise self._banned_error(answer.errcode, until)
        body = self._settled(answer, "gettoken", "read")
        value, lasts = body.get("access_token"), body.get("expires_in", 7200)
        if not isinstance(value, str) or not value or not isinstance(lasts, int):
            raise Transient(
                "企业微信没有给出访问凭证。", retry_at=self._clock.now() + timedelta(seconds=10), code="wecom_lost", path="gettoken"
            )
        life = timedelta(seconds=lasts)
        secret = Secret(value)
        self._tokens[app] = _Token(secret, self._clock.now() + max(life - _EARLY, life / 2))
        return secret

    def _banned_error(self, errcode: int, until: datetime) -> LaoyouError:
        error = error_of(errcode, "gettoken", self._clock.now())
        if isinstance(error, Transient):
            error.retry_at = until
        return error


async def _limited(response: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        data += chunk
        if len(data) > MAX_ANSWER:
            raise aiohttp.ClientPayloadError("answer too large")
    return bytes(data)
