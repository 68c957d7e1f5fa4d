"""Odd but rightful content of callbacks: what WeCom may send one day and a service has to live with."""

from __future__ import annotations

from collections.abc import Mapping

from assistant.wecom.simulator.callbacks import Callbacks, Delivery, to_xml
from assistant.wecom.simulator.config import SimulatorConfig
from assistant.wecom.simulator.world import SimulatorError, World

TEXTS: Mapping[str, str] = {
    "emoji": "👩‍👩‍👧‍👦 好喜欢 😀 这件 🇨🇳",
    "cdata_end": "价格 ]]> 到底多少 <b>&amp; 呢",
    "long": "很长的话，" * 1366,
    "windows_newlines": "第一行\r\n第二行\r\n\r\n最后一行",
    "blank": " \u3000\n ",
    "control_characters": "a\u0085b\u2028c\ufeffd",
}
"""Words somebody may write; ``long`` has 20 kB."""

EVENTS: Mapping[str, dict[str, str | int]] = {
    "unknown_event": {"MsgType": "event", "Event": "change_something_new", "ChangeType": "shaken", "AgentID": 0},
    "unknown_message_type": {"MsgType": "hologram", "MsgId": 0, "AgentID": 0},
    "unknown_elements": {"MsgType": "text", "Content": "我有新字段", "MsgId": 0, "AgentID": 0, "BrandNew": "x", "Another": 7},
    "no_agent_id": {"MsgType": "text", "Content": "没有 AgentID", "MsgId": 0},
    "no_state": {"MsgType": "event", "Event": "change_external_contact", "ChangeType": "add_external_contact"},
    "unknown_change": {"MsgType": "event", "Event": "change_external_contact", "ChangeType": "levitate"},
}
"""Callbacks of the app as they are not in the books yet, or with optional elements left out; numbers 0 are filled in."""


class Oddities:
    """Told to the app's endpoint, in the name of a member of staff."""

    def __init__(self, config: SimulatorConfig, world: World, callbacks: Callbacks) -> None:
        self._config = config
        self._world = world
        self._callbacks = callbacks

    async def tell(self, form: str, userid: str, external_userid: str = "") -> list[Delivery]:
        """Sends one odd callback; SimulatorError for an unknown form or a foreign person."""
        self._world.the_staff(userid)
        if form in TEXTS:
            content: dict[str, str | int] = {"MsgType": "text", "Content": TEXTS[form], "MsgId": 0, "AgentID": 0}
        elif form in EVENTS:
            content = dict(EVENTS[form])
        else:
            raise SimulatorError(f"没有怪消息 {form}，只有 {'、'.join([*TEXTS, *EVENTS])}")
        contact = content.get("Event") == "change_external_contact"
        head: dict[str, str | int] = {"ToUserName": self._config.corp_id, "FromUserName": "sys" if contact else userid}
        head["CreateTime"] = self._world.seconds()
        if contact:
            customer = self._world.the_customer(external_userid).external_userid
            content |= {"UserID": userid, "ExternalUserID": customer}
        if "MsgId" in content:
            content["MsgId"] = self._world.new_number()
        if "AgentID" in content:
            content["AgentID"] = self._config.app.agentid
        return await self._callbacks.deliver("app", to_xml({**head, **content}))
