"""Control verbs of cards, ratings, pictures, the bot's mode, group robots, customer-service accounts and events of the app."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from assistant.wecom.simulator.asked import Asked, Routes, told
from assistant.wecom.simulator.corp import Upload
from assistant.wecom.simulator.world import SimulatorError

if TYPE_CHECKING:
    from assistant.wecom.simulator.simulator import Simulator


def routes() -> Routes:
    return {
        ("POST", "/press"): _press,
        ("POST", "/rate"): _rate,
        ("POST", "/show"): _show,
        ("POST", "/event"): _event,
        ("GET", "/bot"): _bot,
        ("POST", "/bot"): _switch,
        ("POST", "/robot"): _robot,
        ("GET", "/kf"): _accounts,
        ("POST", "/kf"): _account,
    }


async def _press(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    """A card of the bot or of the app; ``selected`` rows are {question, options}."""
    selected = {str(row.get("question")): [str(each) for each in row.get("options") or []] for row in asked.rows("selected")}
    return told(await simulator.presses(asked.text("who"), asked.text("msgid"), asked.text("key"), selected, wait=False))


async def _rate(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    rating = asked.text("rating")
    match rating:
        case "accurate" | "inaccurate" | "cancelled":
            turn = await simulator.rates(asked.text("who"), asked.text("msgid"), rating, asked.text("words", ""))
            return told(turn.deliveries if turn else [])
    raise SimulatorError("rating 只能是 accurate、inaccurate 或 cancelled")


async def _show(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    """A picture or file, base64, to the bot or to customer service."""
    who, kind = asked.text("who"), asked.text("kind", "image")
    try:
        data = base64.b64decode(asked.text("base64"), validate=True)
    except binascii.Error as error:
        raise SimulatorError("字段 base64 不是 base64") from error
    match asked.text("channel", "kf"), kind:
        case "bot", "image" | "file" | "video":
            return (await simulator.bot.shows(who, kind, data, wait=False)).to_json()
        case "kf", "image" | "voice" | "video" | "file":
            return told(await simulator.kf.customer_shows(who, kind, Upload(asked.text("name", kind), data)))
    raise SimulatorError("channel 只能是 kf 或 bot，kind 只能是 image、video、file（kf 还可以 voice）")


async def _event(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    return told(await simulator.staff_app.causes(asked.text("event"), asked.text("who", "sys")))


async def _bot(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    return {"mode": simulator.bot.mode, "connected": simulator.bot.socket.connected}


async def _switch(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    """``mode`` callback or socket, or ``action`` drop: the connection of the holder breaks."""
    mode = asked.text("mode", "")
    match mode:
        case "callback" | "socket":
            simulator.bot.switch(mode)
        case "" if asked.text("action") == "drop":
            simulator.bot.socket.drop()
        case _:
            raise SimulatorError("mode 只能是 callback 或 socket，action 只能是 drop")
    return await _bot(simulator, asked)


async def _robot(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    """Adds a robot to an internal group and answers its key, or acts on one by ``key``."""
    key = asked.text("key", "")
    if not key:
        return {"key": simulator.robots.add(asked.text("chatid"), asked.text("name", "群机器人")).key}
    match asked.text("action"):
        case "remove":
            simulator.robots.remove(key)
        case "disable" | "enable" as action:
            simulator.robots.the(key).disabled = action == "disable"
        case _:
            raise SimulatorError("action 只能是 remove、disable 或 enable")
    return {"key": key}


async def _accounts(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    rows = [
        {
            "open_kfid": account.open_kfid,
            "name": account.name,
            "managed": account.managed,
            "sessions": {who: account.session(who).state for who in account.sessions},
        }
        for account in simulator.kf.accounts.all.values()
    ]
    return {"accounts": rows}


async def _account(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    """Makes an account, or with ``managed`` hands it to the API or takes it back."""
    open_kfid = asked.text("open_kfid")
    if "managed" in dict(asked.items()):
        return told(await simulator.kf.admin_authorises(open_kfid, asked.flag("managed")))
    simulator.kf.accounts.add(open_kfid, asked.text("name"))
    return await _accounts(simulator, asked)
