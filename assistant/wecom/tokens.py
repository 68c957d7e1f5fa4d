"""Access tokens: one per corp and secret, fetched once for all who wait, shared between processes, a wrong secret never tried twice."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from cryptography.fernet import Fernet, InvalidToken

from assistant.base.clock import Clock
from assistant.base.errors import Broken, LaoyouError, Transient
from assistant.base.ids import fresh
from assistant.wecom.errors import error_of, verdict

EARLY = timedelta(minutes=5)
BAN = timedelta(hours=1)
FETCHING = timedelta(seconds=60)
"""A process that asked for a token and has not put it down by then is taken for dead. Longer than its request can take."""

LOOKS, PAUSE = 120, 0.5


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
class Shelved:
    """What all processes know of one token. ``number`` goes up with each token; ``holder`` fetches the next one until ``held_until``.

    ``banned_until`` and ``errcode``: WeCom refused the secret, and would ban our address if we went on asking.
    """

    sealed: str = field(repr=False, default="")
    until: datetime | None = None
    number: int = 0
    holder: str = ""
    held_until: datetime | None = None
    banned_until: datetime | None = None
    errcode: int = 0


def asked(state: Shelved, holder: str, spoiled: int, now: datetime) -> Shelved:
    """The state after somebody wanted a token whose number is above ``spoiled``: the asker holds the fetching if nothing else will do."""
    if usable(state, spoiled, now) or _still(state.banned_until, now) or _still(state.held_until, now):
        return state
    return replace(state, holder=holder, held_until=now + FETCHING)


def told(state: Shelved, holder: str, result: Shelved) -> Shelved:
    """The state after the holder came back; who has lost the fetching meanwhile changes nothing."""
    if state.holder != holder:
        return state
    return replace(result, number=state.number + bool(result.sealed), holder="", held_until=None)


def usable(state: Shelved, spoiled: int, now: datetime) -> bool:
    """Whether there is a token that works as far as anybody knows."""
    return bool(state.sealed) and state.number > spoiled and _still(state.until, now)


def _still(until: datetime | None, now: datetime) -> bool:
    return until is not None and now < until


class Shelf(Protocol):
    """Where processes put tokens down for each other; each call is one atomic step."""

    async def ask(self, name: str, holder: str, spoiled: int) -> Shelved: ...

    async def tell(self, name: str, holder: str, result: Shelved) -> Shelved: ...


class Pocket:
    """A shelf of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._states: dict[str, Shelved] = {}

    async def ask(self, name: str, holder: str, spoiled: int) -> Shelved:
        self._states[name] = asked(self._states.get(name, Shelved()), holder, spoiled, self._clock.now())
        return self._states[name]

    async def tell(self, name: str, holder: str, result: Shelved) -> Shelved:
        self._states[name] = told(self._states.get(name, Shelved()), holder, result)
        return self._states[name]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What gettoken answered, or the error to raise."""

    body: Mapping[str, Any] = field(default_factory=dict)
    error: LaoyouError | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A token and its number."""

    value: Secret
    number: int
    until: datetime


class Tokens:
    """The tokens of one corp. ``fetch`` asks gettoken once with a secret; ``pause`` waits for another process that does."""

    def __init__(
        self,
        corp_id: str,
        secrets: Mapping[str, str],
        clock: Clock,
        fetch: Callable[[Secret], Awaitable[Fetched]],
        shelf: Shelf,
        pause: Callable[[float], Awaitable[Any]],
    ) -> None:
        self._secrets = {app: Secret(value) for app, value in secrets.items()}
        self._corp_id = corp_id
        self._clock = clock
        self._fetch = fetch
        self._shelf = shelf
        self._pause = pause
        self._held: dict[str, Token] = {}
        self._waiting: dict[str, asyncio.Task[Token]] = {}

    @property
    def apps(self) -> list[str]:
        return sorted(self._secrets)

    async def get(self, app: str, spoiled: Token | None = None) -> Token:
        """A token that works, other than ``spoiled``; what the one request for it meets, all who wait for it meet."""
        if app not in self._secrets:
            raise Broken(f"没有设置企业微信应用“{app}”的密钥，请在设置里填写。", code="no_secret", app=app)
        secret = self._secrets[app]
        name = self._name(secret)
        held = self._held.get(name)
        if held is not None and held is not spoiled and self._clock.now() < held.until:
            return held
        task = self._waiting.get(name)
        if task is None:
            task = asyncio.create_task(self._renew(name, secret, spoiled.number if spoiled else 0))
            self._waiting[name] = task
            task.add_done_callback(lambda done: self._renewed(name, done))
        return await asyncio.shield(task)

    def _renewed(self, name: str, task: asyncio.Task[Token]) -> None:
        del self._waiting[name]
        if not task.cancelled():
            task.exception()

    async def _renew(self, name: str, secret: Secret, spoiled: int) -> Token:
        holder = fresh("holder")
        for _ in range(LOOKS):
            state = await self._shelf.ask(name, holder, spoiled)
            if state.holder == holder:
                state = await self._fetch_for_all(name, secret, holder)
            now = self._clock.now()
            if _still(state.banned_until, now):
                raise _banned(state, now)
            if usable(state, spoiled, now):
                opened = _opened(secret, state.sealed)
                if opened is not None and state.until is not None:
                    self._held[name] = Token(opened, state.number, state.until)
                    return self._held[name]
                spoiled = state.number
                continue
            await self._pause(PAUSE)
        raise Transient(
            "另一个进程正在换取企业微信的访问凭证，请稍后再试。", retry_at=self._clock.now() + FETCHING, code="wecom_token_busy"
        )

    async def _fetch_for_all(self, name: str, secret: Secret, holder: str) -> Shelved:
        """Asks WeCom and puts down what it said; an error of the moment lets the next one try."""
        result = Shelved()
        try:
            answer = await self._fetch(secret)
            if answer.error is not None:
                raise answer.error
            result = self._read(secret, answer.body)
        finally:
            state = await self._shelf.tell(name, holder, result)
        return state

    def _read(self, secret: Secret, body: Mapping[str, Any]) -> Shelved:
        now = self._clock.now()
        code = body.get("errcode", 0)
        errcode = code if isinstance(code, int) else -1
        # WeCom bans the address for an hour after wrong secrets, so a refused one is not tried again before that.
        if errcode and verdict(errcode).slug in {"credentials", "rate"}:
            return Shelved(banned_until=now + BAN, errcode=errcode)
        if errcode:
            raise error_of(errcode, "gettoken", now)
        value, lasts = body.get("access_token"), body.get("expires_in", 7200)
        if not isinstance(value, str) or not value or not isinstance(lasts, int):
            raise Transient("企业微信没有给出访问凭证。", retry_at=now + timedelta(seconds=10), code="wecom_lost", path="gettoken")
        life = timedelta(seconds=lasts)
        return Shelved(_box(secret).encrypt(value.encode()).decode(), now + max(life - EARLY, life / 2))

    def _name(self, secret: Secret) -> str:
        """The same for two apps that stand for one app of the corp; another secret is another name, free of any ban."""
        return hashlib.sha256(f"{self._corp_id}\x1f{secret.reveal()}".encode()).hexdigest()[:40]


def _box(secret: Secret) -> Fernet:
    """Only who knows the secret, and could fetch a token, can read one."""
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"laoyou access token\x1f" + secret.reveal().encode()).digest()))


def _opened(secret: Secret, sealed: str) -> Secret | None:
    try:
        return Secret(_box(secret).decrypt(sealed.encode()).decode())
    except InvalidToken:
        return None


def _banned(state: Shelved, now: datetime) -> LaoyouError:
    error = error_of(state.errcode, "gettoken", now)
    if isinstance(error, Transient):
        error.retry_at = state.banned_until
    return error
