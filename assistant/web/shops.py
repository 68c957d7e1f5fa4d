"""Where shops knock: signed raw bytes, durable before the acknowledgement. A refused request learns nothing but a status."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from assistant import telemetry
from assistant.base.principal import system
from assistant.flows import shop_notices
from assistant.shops import READERS, NoticeRefused
from assistant.store import Store

RECEIVER = system("shops")
Keys = Mapping[str, tuple[str, str]]
"""Shop → (id of our app there, its secret); a shop without keys has no door."""


def routes(store: Store, keys: Keys) -> list[web.RouteDef]:
    """POST /shops/youzan, /shops/doudian and /shops/douyin_life, those that are set up."""
    return [web.post(f"/shops/{shop}", _take(store, shop, *pair)) for shop, pair in keys.items()]


def _take(store: Store, shop: str, app_id: str, secret: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            notice = READERS[shop](headers, body, app_id, secret, store.clock.now())
        except NoticeRefused as refused:
            telemetry.callback_refused(shop, refused.reason)
            return web.Response(status=refused.status)
        if notice.messages:
            await store.write(shop_notices.take, shop_notices.Heard(shop, notice), RECEIVER, cause=f"shop:{shop}")
        telemetry.callback_accepted(shop)
        return web.json_response(dict(notice.ack))

    return handle
