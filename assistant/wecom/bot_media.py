"""What people sent to an AI bot: where it lies, and fetching and decrypting it, from WeCom's own places only."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from yarl import URL

from assistant.base.errors import Transient
from assistant.wecom import fields
from assistant.wecom.crypto import CryptoError, decrypt_padded

HOSTS = ("myqcloud.com", "qpic.cn", "weixin.qq.com")
"""Where WeCom keeps what is sent to bots: these names and whatever is below them."""

MOST = 20 * 1024 * 1024
TIMEOUT = aiohttp.ClientTimeout(total=60, connect=5)
GONE = frozenset({400, 401, 403, 404, 410})
KINDS = ("image", "file", "video")


@dataclass(frozen=True, slots=True)
class Offered:
    """One thing of a message. ``key`` decrypts it; empty where the callback's own key does."""

    kind: str
    url: str
    key: str


class Unfetched(Exception):
    """It is not to be had; ``state`` says why."""

    def __init__(self, state: Literal["expired", "too_large", "refused", "unreadable"]) -> None:
        super().__init__(state)
        self.state = state


def offered(raw: Mapping[str, Any]) -> list[Offered]:
    """The media of a bot's message, in its order."""
    return list(_offered(raw))


class MediaFetcher:
    """Fetches over connections of its own. ``base`` is the API's address, also trusted; ``callback_key`` the EncodingAESKey."""

    def __init__(self, base: str, callback_key: str = "", most: int = MOST) -> None:
        self._own = URL(base).origin()
        self._callback_key = callback_key
        self._most = most
        self._outside: aiohttp.ClientSession | None = None
        self._inside: aiohttp.ClientSession | None = None

    async def fetch(self, one: Offered) -> bytes:
        """The bytes as they were sent. Raises Unfetched, or Transient where it may be tried again."""
        target = self._target(one.url)
        try:
            async with self._session(target).get(target, timeout=TIMEOUT, allow_redirects=False) as response:
                if response.status in GONE:
                    raise Unfetched("expired")
                if 300 <= response.status < 400:
                    raise Unfetched("refused")
                if response.status != 200:
                    raise _away()
                sealed = await _limited(response, self._most)
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise _away() from None
        try:
            return decrypt_padded(_key(one.key or self._callback_key), sealed)
        except (CryptoError, binascii.Error, ValueError):
            raise Unfetched("unreadable") from None

    async def close(self) -> None:
        for session in (self._outside, self._inside):
            if session is not None:
                await session.close()

    def _target(self, url: str) -> URL:
        try:
            target = URL(url)
            host = (target.host or "").lower().rstrip(".")
            own = target.absolute and target.origin() == self._own
        except (ValueError, TypeError):
            raise Unfetched("refused") from None
        known = target.scheme == "https" and target.port == 443 and any(host == name or host.endswith(f".{name}") for name in HOSTS)
        if target.user is not None or target.password is not None or not (own or known):
            raise Unfetched("refused")
        return target

    def _session(self, target: URL) -> aiohttp.ClientSession:
        if target.origin() == self._own:
            self._inside = self._inside or aiohttp.ClientSession()
            return self._inside
        if self._outside is None:
            self._outside = aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=PublicOnly(DefaultResolver())))
        return self._outside


class PublicOnly(AbstractResolver):
    """Names that lead to an address inside a network lead nowhere; the address that was checked is the one connected to."""

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        public = [one for one in found if ipaddress.ip_address(one["host"]).is_global]
        if not public:
            raise OSError(f"{host} has no public address")
        return public

    async def close(self) -> None:
        await self._inner.close()


def _offered(raw: Mapping[str, Any]) -> Iterator[Offered]:
    listed = fields.part(raw, "mixed").get("msg_item")
    items = listed if isinstance(listed, list) else []
    for item in [raw, *items][:20]:
        kind = item.get("msgtype") if isinstance(item, dict) else None
        if isinstance(kind, str) and kind in KINDS:
            body = fields.part(item, kind)
            url, key = body.get("url"), body.get("aeskey")
            if isinstance(url, str) and url:
                yield Offered(kind, url, key if isinstance(key, str) else "")


def _key(text: str) -> bytes:
    key = base64.b64decode(text + "=" * (-len(text) % 4))
    if len(key) != 32:
        raise ValueError("not a key")
    return key


def _away() -> Transient:
    return Transient("现在取不到这个文件，稍后再试。", code="media_away")


async def _limited(response: aiohttp.ClientResponse, most: int) -> bytes:
    data = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        data += chunk
        if len(data) > most + 32:
            raise Unfetched("too_large")
    return bytes(data)
