"""What a verb of the control face is given and answers; every ``control_*`` module builds on it and offers ``routes()``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aiohttp import web

from assistant.wecom.simulator.world import PhoneMessage, SimulatorError

if TYPE_CHECKING:
    from assistant.wecom.simulator.callbacks import Delivery
    from assistant.wecom.simulator.simulator import Simulator


class Asked:
    """One request, read strictly: the JSON object of a POST, the query otherwise; parts of the path have names of their own."""

    def __init__(self, body: Mapping[str, Any], path: Mapping[str, str]) -> None:
        self._body = body
        self.path = path

    @classmethod
    async def of(cls, request: web.Request) -> Asked:
        if request.method != "POST":
            return cls(request.query, request.match_info)
        try:
            body = await request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise SimulatorError("请求体必须是一个 JSON 对象")
        return cls(body, request.match_info)

    def text(self, name: str, default: str | None = None) -> str:
        """A text; without a default it may not be empty."""
        value = self._body.get(name, default)
        if not isinstance(value, str) or (default is None and not value):
            raise SimulatorError(f"字段 {name} 必须是一段文字")
        return value

    def number(self, name: str, default: float | None = None) -> float:
        value = self._body.get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise SimulatorError(f"字段 {name} 必须是数字")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self._body.get(name, default)
        if not isinstance(value, bool):
            raise SimulatorError(f"字段 {name} 必须是 true 或 false")
        return value

    def texts(self, name: str) -> list[str]:
        """A list of texts; absent is empty."""
        value = self._body.get(name, [])
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            raise SimulatorError(f"字段 {name} 必须是文字的列表")
        return value

    def rows(self, name: str) -> list[dict[str, Any]]:
        """A list of objects; absent is empty."""
        value = self._body.get(name, [])
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise SimulatorError(f"字段 {name} 必须是对象的列表")
        return value

    def items(self) -> list[tuple[str, Any]]:
        return list(self._body.items())


Verb = Callable[["Simulator", Asked], Awaitable[Any]]
"""Answers what JSON can say; an impossible wish raises SimulatorError, which is 400 with its sentence."""

Routes = Mapping[tuple[str, str], Verb]
"""(method, path) → verb, as every ``control_*`` module gives by ``routes()``."""


def told(deliveries: Sequence[Delivery]) -> dict[str, Any]:
    """The answer of a verb that told the service something."""
    return {"deliveries": [delivery.to_json() for delivery in deliveries]}


def bubbles(phone: Sequence[PhoneMessage]) -> list[dict[str, Any]]:
    return [bubble.to_json() for bubble in phone]
