"""How the six kinds of error look from outside: a status, a code, one sentence; never a traceback."""

from __future__ import annotations

import json
from math import ceil
from typing import Any

from aiohttp import web

from assistant.base.clock import Clock
from assistant.base.errors import Broken, Conflict, Forbidden, Invalid, LaoyouError, Refused, Transient

STATUS: dict[type[LaoyouError], int] = {Invalid: 400, Refused: 409, Forbidden: 403, Conflict: 409, Transient: 503, Broken: 500}
BROKEN = Broken("出了点问题，我们已经记下来了，请稍后再试", code="broken")
HTTP_WORDS = {
    401: ("unauthorized", "请先登录"),
    404: ("not_found", "没有这个页面或内容"),
    405: ("method_not_allowed", "这个地址不支持这种操作"),
    413: ("too_large", "内容太大，请拆开再发"),
    429: ("too_many", "试得太频繁了，请过几分钟再来"),
}


def status_of(error: LaoyouError) -> int:
    """The HTTP status of an error of ours."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def words_of(status: int) -> tuple[str, str]:
    """Code and sentence for a status that is not an error of ours."""
    return HTTP_WORDS.get(status, ("bad_request" if status < 500 else "broken", "这个请求我们看不懂" if status < 500 else BROKEN.say))


def retry_after(error: LaoyouError, clock: Clock) -> dict[str, str]:
    """Retry-After in whole seconds for what may work later."""
    if not isinstance(error, Transient):
        return {}
    seconds = ceil((error.retry_at - clock.now()).total_seconds()) if error.retry_at else 5
    return {"Retry-After": str(max(1, seconds))}


def as_json(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    """The one shape of an error of the API."""
    body: dict[str, Any] = {"error": {"code": code, "message": message}}
    return web.json_response(text=json.dumps(body, ensure_ascii=False), status=status, headers=headers)
