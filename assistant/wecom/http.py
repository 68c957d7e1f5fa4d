"""One HTTP request to WeCom and what is known afterwards: answered, never sent, lost, or not understood as a request at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import aiohttp
from yarl import URL

from assistant.wecom import parsing

TIMEOUT = aiohttp.ClientTimeout(total=10, connect=5)
UPLOAD_TIMEOUT = aiohttp.ClientTimeout(total=120, connect=5)
MAX_ANSWER = 16 * 1024 * 1024

_BUSY = frozenset({-1, 45033})
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


@dataclass(frozen=True, slots=True)
class Answer:
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


class Http:
    """Requests whose errors end here, because their texts may hold the URL with its token."""

    def __init__(self, session: aiohttp.ClientSession, timeout: aiohttp.ClientTimeout = TIMEOUT) -> None:
        self._session = session
        self._timeout = timeout

    async def json(self, method: str, target: URL, body: Mapping[str, Any] | None) -> Answer:
        """One request with a JSON body, or none."""
        return await self._exchange(method, target, {"json": None if body is None else dict(body), "timeout": self._timeout})

    async def upload(self, target: URL, form: Callable[[], aiohttp.FormData]) -> Answer:
        """One multipart request; ``form`` makes a fresh body."""
        return await self._exchange("POST", target, {"data": form(), "timeout": UPLOAD_TIMEOUT})

    async def _exchange(self, method: str, target: URL, options: Mapping[str, Any]) -> Answer:
        try:
            async with self._session.request(method, target, allow_redirects=False, **options) as response:
                status = response.status
                data = await _limited(response)
        except _NEVER_SENT:
            return Answer("unsent")
        except (aiohttp.ClientError, TimeoutError, OSError):
            return Answer("lost")
        if status != 200:
            return Answer("lost" if status >= 500 else "rejected", status=status)
        try:
            return Answer("answered", parsing.read_json(data, MAX_ANSWER))
        except parsing.Malformed:
            return Answer("lost")


async def _limited(response: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        data += chunk
        if len(data) > MAX_ANSWER:
            raise aiohttp.ClientPayloadError("answer too large")
    return bytes(data)
