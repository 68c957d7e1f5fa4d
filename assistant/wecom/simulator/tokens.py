"""gettoken and the checks of a call before its verb: token, right of the app, trusted address, limits per API.

Documented: 7200 s, 40001, 40013, 41001, 40014, 42001, 48002, 48007, 60020 a minute after a change, 10 000 a minute and 150 000 an
hour per API, blocks of 60 s and 60 min. Guessed: 10 wrong secrets until the ban, whether a second gettoken gives the same token, whether
the old one survives, that a window begins with its first call.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from assistant.wecom.simulator.corp import NOBODY, App, Asked, Routes
from assistant.wecom.simulator.world import ApiError, SimulatorError, World

TOKEN_SECONDS = 7200
FREE = frozenset({"message/send", "kf/send_msg", "kf/send_msg_on_event", "webhook/send", "aibot/response"})
"""Sending has quotas of its own and does not count here."""


@dataclass
class _Token:
    app: App
    until: datetime
    revoked: bool = False


@dataclass
class _Window:
    began: datetime
    count: int = 0


class Tokens:
    """A token belongs to one app; its rights are those of the app at the time of the call."""

    def __init__(self, world: World, corp_id: str) -> None:
        self._world = world
        self._corp_id = corp_id
        self._tokens: dict[str, _Token] = {}
        self._wrong = 0
        self._banned_until: datetime | None = None

    def routes(self) -> Routes:
        return {"GET gettoken": ("", self.get), "GET getcallbackip": ("any", self.ips), "GET get_api_domain_ip": ("any", self.ips)}

    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        now, knobs = self._world.now(), self._world.knobs
        if self._banned_until is not None and now < self._banned_until:
            raise ApiError(45009, "this ip is banned for an hour")
        app = next((app for app in self._world.apps if app.secret == str(query.get("corpsecret", ""))), None)
        if query.get("corpid") != self._corp_id or app is None:
            self._wrong += 1
            if self._wrong >= knobs.wrong_secret_limit:
                self._wrong, self._banned_until = 0, now + timedelta(hours=1)
            raise ApiError(40001 if query.get("corpid") == self._corp_id else 40013, "invalid credential")
        for text, token in self._tokens.items():
            if token.app is not app or token.revoked or token.until <= now:
                continue
            if knobs.token_reused:
                return {"access_token": text, "expires_in": int((token.until - now).total_seconds())}
            token.revoked = token.revoked or not knobs.token_old_survives
        fresh = self._world.new_id("TOKEN")
        self._tokens[fresh] = _Token(app, now + timedelta(seconds=TOKEN_SECONDS))
        return {"access_token": fresh, "expires_in": TOKEN_SECONDS}

    def ips(self, query: dict[str, Any]) -> dict[str, Any]:
        """getcallbackip and get_api_domain_ip: this machine."""
        return {"ip_list": ["127.0.0.1", "::1"]}

    def check(self, text: str, right: str, remote: str) -> App:
        """The app that calls; raises ApiError unless the token is alive and its app may call this family from there."""
        if not text:
            raise ApiError(41001, "access_token missing")
        token = self._tokens.get(text)
        if token is None or token.revoked:
            raise ApiError(40014, "invalid access_token")
        if self._world.now() >= token.until:
            raise ApiError(42001, "access_token expired")
        app = token.app
        if app.trusted_ips is not None and remote not in app.trusted_ips:
            raise ApiError(60020, "not allow to access from your ip")
        if right != "any" and right not in app.rights:
            raise ApiError(48007 if right == "kf" else 48002, "api forbidden for this app")
        return app

    def revoke(self) -> int:
        """Every token given so far stops working; answers how many."""
        for token in self._tokens.values():
            token.revoked = True
        return len(self._tokens)

    def trust(self, app: str, addresses: frozenset[str] | None) -> None:
        """The admin changes the list of trusted addresses (None: no list); it takes effect a minute later."""
        chosen = self._world.the_app(app)

        def act() -> None:
            chosen.trusted_ips = addresses

        self._world.later(self._world.knobs.trusted_ip_seconds, act)

    def asked(self, path: str, right: str, query: dict[str, str], remote: str) -> Asked:
        """Who asks; raises ApiError for a call that must not reach its verb."""
        told = {name: value for name, value in query.items() if name != "access_token"}
        return Asked(self.check(query.get("access_token", ""), right, remote) if right else NOBODY, told, remote)


class Limits:
    """Per API 10 000 calls a minute and 150 000 an hour; the next one blocks the API for 60 s or 60 min."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._windows: dict[tuple[str, int], _Window] = {}
        self._blocked: dict[str, datetime] = {}

    def count(self, path: str) -> None:
        """Raises ApiError 45009 while ``path`` is blocked."""
        if path in FREE:
            return
        now, knobs = self._world.now(), self._world.knobs
        if now < self._blocked.get(path, now):
            raise ApiError(45009, "api freq out of limit")
        for seconds, most in ((60, knobs.api_per_minute), (3600, knobs.api_per_hour)):
            window = self._windows.get((path, seconds))
            if window is None or now - window.began >= timedelta(seconds=seconds):
                window = self._windows[path, seconds] = _Window(now)
            window.count += 1
            if window.count > most:
                self._blocked[path] = now + timedelta(seconds=seconds)
                raise ApiError(45009, "api freq out of limit")


def apps_of(faces: list[tuple[str, int, str]]) -> list[App]:
    """One app for each secret of (right, agentid, secret); a secret shared by faces is one app with all their rights."""
    apps: dict[str, App] = {}
    for right, agentid, secret in faces:
        app = apps.setdefault(secret, App(right, agentid, secret, set()))
        app.rights.add(right)
    return list(apps.values())


def add_app(world: World, app: App) -> App:
    """Another self-built app of the corp."""
    if any(known.name == app.name or known.secret == app.secret or known.agentid == app.agentid for known in world.apps):
        raise SimulatorError(f"应用 {app.name} 的名称、编号或密钥已被别的应用使用")
    world.apps.append(app)
    return app
