"""Pages from templates: autoescaped, in Chinese or English, with the shop's way of writing instants, money and points."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from assistant import access
from assistant.base.clock import SHANGHAI
from assistant.base.money import format_yuan
from assistant.domain import cashback
from assistant.web.doors import DOORS, Call
from assistant.web.route import RULES
from assistant.web.security import LANGUAGE_COOKIE

HERE = Path(__file__).parent
LANGUAGES = ("zh", "en")
TABS = {
    "/members": "找会员",
    "/linking": "身份打通",
    "/membership": "等级与储值",
    "/points": "积分规则",
    "/orders": "待匹配订单",
    "/events": "行为数据",
}
"""The pages around members and what they earn by; they stand beside each other under 会员."""

REACH = {
    "/goals": "目标与方案",
    "/mass": "群发",
    "/moments": "朋友圈",
    "/statistics": "客户联系统计",
    "/words": "敏感词",
    "/archive": "会话存档",
}
"""The pages around what is sent; they stand beside each other under 目标与方案."""


def render(call: Call, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """A whole page for somebody who is signed in."""
    request = call.request
    page = Page(call.language, request.path, call.name, call.csrf, call.doors.brand, call.doors.simulator is not None, _tabs(call))
    return _respond(template, page, status, values)


def _tabs(call: Call) -> tuple[tuple[str, str], ...]:
    """On a page of members and rules, or of what is sent, its neighbours that the operator may open."""
    beside = next((pages for pages in (TABS, REACH) if call.request.path in pages), {})
    needs = call.request.app[RULES]
    return tuple((path, word) for path, word in beside.items() if access.allowed(call.who, needs[("GET", path)]))


def render_open(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """A page for somebody who is not signed in (login, errors)."""
    doors = request.app[DOORS]
    page = Page(language_of(request), request.path, "", "", doors.brand, doors.simulator is not None)
    return _respond(template, page, status, values)


def language_of(request: web.Request) -> str:
    """The language chosen in this browser, or the house's own."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in LANGUAGES else request.app[DOORS].language


@dataclass(frozen=True, slots=True)
class Page:
    """What the frame around every page shows."""

    language: str
    path: str
    operator: str
    csrf: str
    brand: str
    simulate: bool
    tabs: tuple[tuple[str, str], ...] = ()


def _respond(template: str, page: Page, status: int, values: Mapping[str, Any]) -> web.Response:
    text = _environment().get_template(template).render(page=page, t=partial(say, page.language), **values)
    return web.Response(text=text, content_type="text/html", charset="utf-8", status=status)


def say(language: str, chinese: str, **values: Any) -> str:
    """The sentence in the language of the page; Chinese is the key, so a missing translation still says something."""
    text = _english().get(chinese, chinese) if language == "en" else chinese
    return text.format(**values) if values else text


@cache
def _english() -> dict[str, str]:
    found: dict[str, str] = json.loads((HERE / "english.json").read_text(encoding="utf-8"))
    return found


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= {"when": when, "day": day, "yuan": format_yuan, "whole": whole, "percent": percent, "part": part, "shop": shop}
    return made


def when(instant: datetime | None) -> str:
    """``11-22 12:00`` in Shanghai, with the year where it is not plain."""
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if instant else "—"


def day(value: datetime | date | None) -> str:
    """The calendar day in Shanghai."""
    if isinstance(value, datetime):
        value = value.astimezone(SHANGHAI).date()
    return value.isoformat() if value else "—"


def whole(number: int) -> str:
    """A whole number in groups of three."""
    return f"{number:,}"


def shop(name: str) -> str:
    """A platform as people call it, a name nobody knows as it is."""
    return cashback.SOURCES.get(name, name)


def percent(value: float | None) -> str:
    """A share as a percentage with one digit."""
    return "—" if value is None else f"{value * 100:.1f}%"


def part(value: object) -> str:
    """A value as one part of a path."""
    return quote(str(value), safe="")
