"""What every answer and every form owes to safety: headers, same origin, CSRF, slow doors for guessers."""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from aiohttp import web

from assistant.base.errors import Forbidden

SESSION_COOKIE = "laoyou_session"
LANGUAGE_COOKIE = "laoyou_language"
LOGIN_COOKIE = "laoyou_login"
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Sets the security headers on every answer; pages are not kept by caches, files of ours are."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    kept = request.path.startswith("/static/")
    response.headers.setdefault("Cache-Control", "public, max-age=300" if kept else "no-store")


def csrf_token(session: str) -> str:
    """The token that forms of a session carry; it tells nothing about the session."""
    return hmac.new(session.encode(), b"laoyou csrf", hashlib.sha256).hexdigest()


def check_csrf(session: str, given: str) -> None:
    """Raises Forbidden unless the form came from a page of this session."""
    if not hmac.compare_digest(csrf_token(session), given):
        raise Forbidden("页面已过期，请刷新后再试", code="csrf")


def check_origin(request: web.Request) -> None:
    """Raises Forbidden when the browser says that another site sent this form."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("请求来自别的网站，已拒绝", code="origin")
    source = request.headers.get("Origin") or request.headers.get("Referer")
    if source and urlsplit(source).netloc != request.host:
        raise Forbidden("请求来自别的网站，已拒绝", code="origin")


def set_cookie(response: web.StreamResponse, name: str, value: str, *, secure: bool, days: int = 0) -> None:
    """A cookie that scripts cannot read; a session cookie unless ``days`` is given."""
    age = days * 86400 or None
    response.set_cookie(name, value, httponly=True, samesite="Lax", secure=secure, path="/", max_age=age)


def local_path(wanted: str) -> str:
    """The path itself if it stays on this site, the home page otherwise."""
    if not wanted.startswith("/") or wanted.startswith(("//", "/\\")) or any(ord(sign) < 32 for sign in wanted):
        return "/"
    return wanted


def came_from(request: web.Request) -> str:
    """The page of this site that a form was sent from; empty for anything else."""
    source = urlsplit(request.headers.get("Referer", ""))
    if request.method != "POST" or source.netloc != request.host:
        return ""
    return local_path(source.path + (f"?{source.query}" if source.query else ""))


class Guesses:
    """Counts failed logins per source and name; after ``most`` within ``span`` the door stays shut until the span is over."""

    def __init__(self, most: int = 8, span: timedelta = timedelta(minutes=5), size: int = 10_000) -> None:
        self._most = most
        self._span = span
        self._size = size
        self._failed: OrderedDict[str, list[datetime]] = OrderedDict()

    def shut(self, keys: tuple[str, ...], now: datetime) -> bool:
        """Whether one of the keys has failed too often."""
        return any(len(self._recent(key, now)) >= self._most for key in keys)

    def failed(self, keys: tuple[str, ...], now: datetime) -> None:
        """Notes a wrong password."""
        for key in keys:
            self._failed[key] = [*self._recent(key, now), now]
            self._failed.move_to_end(key)
        while len(self._failed) > self._size:
            self._failed.popitem(last=False)

    def passed(self, keys: tuple[str, ...]) -> None:
        """Forgets the failures of somebody who got in."""
        for key in keys:
            self._failed.pop(key, None)

    def _recent(self, key: str, now: datetime) -> list[datetime]:
        return [instant for instant in self._failed.get(key, []) if now - instant < self._span]
