"""Control verbs of the conversations: customer service, the self-built app, the AI bot and its groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assistant.wecom.simulator import control_bot
from assistant.wecom.simulator.asked import Asked, Routes, told
from assistant.wecom.simulator.world import SimulatorError

if TYPE_CHECKING:
    from assistant.wecom.simulator.simulator import Simulator


def routes() -> Routes:
    return {
        ("POST", "/say"): _say,
        ("POST", "/enter"): _enter,
        ("POST", "/recall"): _recall,
        ("POST", "/servicer"): _servicer,
        **control_bot.routes(),
    }


async def _say(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    who, text, channel = asked.text("who"), asked.text("text"), asked.text("channel", "kf")
    match channel:
        case "kf":
            kind, menu_id, account = asked.text("kind", "text"), asked.text("menu_id", ""), asked.text("account", "")
            return told(await simulator.customer_says(who, text, kind=kind, menu_id=menu_id, account=account))
        case "app":
            return told(await simulator.staff_says(who, text))
        case "bot" | "group":
            chatid = asked.text("chatid") if channel == "group" else ""
            return (await simulator.bot_says(who, text, chatid, wait=False)).to_json()
    raise SimulatorError("channel 只能是 kf、app、bot 或 group")


async def _enter(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    who = asked.text("who")
    match asked.text("channel", "kf"):
        case "kf":
            url, account = asked.text("url", ""), asked.text("account", "")
            scene, param = asked.text("scene", ""), asked.text("scene_param", "")
            return told(await simulator.customer_enters(who, scene, param, url=url, account=account))
        case "app":
            return told(await simulator.staff_app.enters(who, asked.text("event_key", "")))
        case "bot":
            turn = await simulator.bot.enters(who, wait=False)
            return turn.to_json() if turn else told([])
    raise SimulatorError("channel 只能是 kf、app 或 bot")


async def _recall(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    return told(await simulator.customer_recalls(asked.text("who"), asked.text("msgid")))


async def _servicer(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    userid, customer = asked.text("userid"), asked.text("customer", "")
    kf, account = simulator.kf, asked.text("account", "")
    match asked.text("action", "say"):
        case "say":
            return told(await kf.servicer_says(userid, customer, asked.text("text"), account))
        case "end":
            return told(await kf.servicer_ends(userid, customer, account))
        case "take":
            return told(await kf.servicer_takes(userid, customer, account))
        case "transfer":
            return told(await kf.servicer_transfers(userid, customer, asked.text("to"), account))
        case "recall":
            return told(await kf.servicer_recalls(userid, customer, asked.text("msgid")))
        case "receive":
            return told(await kf.servicer_receives(userid, asked.flag("on", True), account))
        case "reject":
            return told(await kf.servicer_rejects(userid, asked.flag("on", True), account))
    raise SimulatorError("action 只能是 say、end、take、transfer、recall、receive 或 reject")
