"""Events of customer contact: XML from ``sys`` to the app's callback URL or one of its own, without AgentID and MsgId (documented)."""

from __future__ import annotations

from collections.abc import Mapping

from assistant.wecom.simulator.callbacks import Callbacks, Channel, Delivery, cdata
from assistant.wecom.simulator.config import SimulatorConfig
from assistant.wecom.simulator.world import World

Fields = Mapping[str, "str | int | list[str]"]
"""Elements of an event; a list becomes ``<Item>`` elements."""


class SysEvents:
    """Only what people do is told; changes made by the API are not (documented)."""

    def __init__(self, config: SimulatorConfig, world: World, callbacks: Callbacks) -> None:
        self._corp_id = config.corp_id
        self._world = world
        self._callbacks = callbacks
        self._door: Channel = "contact" if config.contact is not None else "app"

    async def tell(self, event: str, change: str, fields: Fields) -> list[Delivery]:
        """Answers once the service has been told, or the last retry has failed."""
        return await self._callbacks.deliver(self._door, self._content(event, change, fields))

    async def contact(self, change: str, external_userid: str, userid: str, extra: Fields | None = None) -> list[Delivery]:
        """A change_external_contact event."""
        who: Fields = {"UserID": userid, "ExternalUserID": external_userid}
        return await self.tell("change_external_contact", change, {**who, **(extra or {})})

    def later(self, event: str, change: str, fields: Fields) -> None:
        """Tells it beside the caller, with the present as its time."""
        self._callbacks.spawn(self._callbacks.deliver(self._door, self._content(event, change, fields)))

    def _content(self, event: str, change: str, fields: Fields) -> str:
        head: Fields = {"ToUserName": self._corp_id, "FromUserName": "sys", "CreateTime": self._world.seconds()}
        kind: Fields = {"MsgType": "event", "Event": event, "ChangeType": change}
        return f"<xml>{''.join(_element(name, value) for name, value in {**head, **kind, **fields}.items())}</xml>"


def _element(name: str, value: str | int | list[str]) -> str:
    if isinstance(value, list):
        return f"<{name}>{''.join(f'<Item>{cdata(each)}</Item>' for each in value)}</{name}>"
    return f"<{name}>{value if isinstance(value, int) else cdata(value)}</{name}>"
