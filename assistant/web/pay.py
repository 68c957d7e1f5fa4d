"""Where WeChat Pay knocks, and the page on which a member takes the money. A notice only makes us ask; it moves nothing itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hmac import compare_digest
from typing import Any

from aiohttp import web

from assistant import telemetry
from assistant.base.principal import system
from assistant.domain import cashback
from assistant.payments import NoticeRefused, Notices
from assistant.store import Store
from assistant.web.pages import render_open

RECEIVER = system("wechat_pay")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes(store: Store, notices: Notices | None, appid: str = "") -> list[web.RouteDef]:
    """POST /pay/wechat/notify and GET /pay/confirm/…; none where no merchant account is set up."""
    if notices is None:
        return []
    return [
        web.post("/pay/wechat/notify", _notified(store, notices)),
        web.get("/pay/confirm/{claim}/{token}", _confirming(store, notices.mch_id, appid)),
    ]


def _notified(store: Store, notices: Notices) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        try:
            bill_no = notices.read(request.headers, await request.read(), store.clock.now())
        except NoticeRefused as refused:
            telemetry.callback_refused("wechat_pay", refused.reason)
            return web.json_response({"code": "FAIL", "message": "refused"}, status=refused.status)
        if bill_no:
            await store.write(cashback.told_of, bill_no, RECEIVER, cause="wechat_pay")
        telemetry.callback_accepted("wechat_pay")
        return web.Response(status=204)

    return handle


def _confirming(store: Store, mch_id: str, appid: str) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        number = request.match_info["claim"]
        one = (await store.read(cashback.claims_by_id, [number])).get(number)
        mine = one is not None and one.package_info and compare_digest(cashback.token(one.package_info), request.match_info["token"])
        if one is None or not mine:
            raise web.HTTPNotFound
        waits = one.state == "wait_user_confirm"
        told: dict[str, Any] = {"mchId": mch_id, "appId": appid, "package": one.package_info} if waits else {}
        say = cashback.say_state(one)
        if "json" in request.headers.get("Accept", ""):
            return web.json_response({"state": one.state, "amount_fen": one.payable_fen, "say": say} | told)
        return render_open(request, "confirm.html", say=say, told=told)

    return handle
