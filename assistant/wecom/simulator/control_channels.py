"""Control verbs of the conversations: customer service, the self-built app, the AI bot and its groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    }


async def _say(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    who, text, channel = asked.text("who"), asked.text("text"), asked.text("channel", "kf")
    match channel:
        case "kf":
            kind, menu_id = asked.text("kind", "text"), asked.text("menu_id", "")
            return told(await simulator.customer_says(who, text, kind=kind, menu_id=menu_id))
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
            return told(await simulator.customer_enters(who, asked.text("scene", ""), asked.text("scene_param", "")))
        case "app":
            return told(await simulator.staff_app.enters(who, asked.text("event_key", "")))
        case "bot":
            turn = await simulator.bot.enters(who)
            return turn.to_json() if turn else told([])
    raise SimulatorError("channel 只能是 kf、app 或 bot")


async def _recall(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    return told(await simulator.customer_recalls(asked.text("who"), asked.text("msgid")))


async def _servicer(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    userid, customer = asked.text("userid"), asked.text("customer")
    if asked.text("action", "say") == "end":
        return told(await simulator.servicer_ends(userid, customer))
    return told(await simulator.servicer_says(userid, customer, asked.text("text")))
