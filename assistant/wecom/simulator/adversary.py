"""The adversarial sender: requests that a service has to refuse without falling over, one form each."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from assistant.wecom.simulator.callbacks import Callbacks, Channel, to_xml
from assistant.wecom.simulator.config import SimulatorConfig
from assistant.wecom.simulator.crypto import Envelope
from assistant.wecom.simulator.world import SimulatorError, World

PATIENCE = 10.0
STRANGER = "ww9999999999999999"
"""Another corp."""

BOMB_BYTES = 64 * 2**20
Forged = tuple[Mapping[str, str], bytes, Mapping[str, str]]
"""Query, body and headers of a request."""

_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
_DOCTYPE = '<!DOCTYPE xml [<!ENTITY l0 SYSTEM "file:///etc/passwd">]>'
_BILLION = f'<!DOCTYPE xml [<!ENTITY l0 "lol">{_LAUGHS}]>'


@dataclass(frozen=True)
class Attack:
    """What came of one forged request. Status 0 means that the connection broke."""

    form: str
    channel: Channel
    status: int
    reply: str

    @property
    def refused(self) -> bool:
        """A 4xx with an empty body; who is sent too much may also hang up before the end."""
        return not self.reply and (400 <= self.status < 500 or (self.form == "oversized" and not self.status))

    def to_json(self) -> dict[str, Any]:
        return {"form": self.form, "channel": self.channel, "status": self.status, "reply": self.reply[:200], "refused": self.refused}


class Adversary:
    """Knows the endpoints' keys only where a form needs a right signature."""

    def __init__(self, config: SimulatorConfig, world: World, callbacks: Callbacks) -> None:
        self._config = config
        self._world = world
        self._callbacks = callbacks
        self.done: list[Attack] = []

    async def attack(self, form: str, channel: Channel = "kf") -> Attack:
        """Posts one forged request; SimulatorError for an unknown form."""
        if form not in FORMS:
            raise SimulatorError(f"没有攻击 {form}，只有 {'、'.join(FORMS)}")
        query, body, headers = FORMS[form](self, channel)
        kind = "application/json" if channel == "bot" else "text/xml"
        attempt = await self._callbacks.exchange(self._callbacks.paths[channel], query, body, {"Content-Type": kind, **headers}, PATIENCE)
        self.done.append(Attack(form, channel, attempt.status, attempt.reply))
        return self.done[-1]

    def _genuine(self, channel: Channel, envelope: Envelope | None = None, head: str = "") -> tuple[dict[str, str], bytes]:
        return self._callbacks.sealed(channel, head + self._content(channel), envelope)

    def _content(self, channel: Channel) -> str:
        """Something the service would act on, were the request right."""
        number = self._world.new_number()
        if channel == "bot":
            head = {"msgid": f"forged{number}", "aibotid": self._config.bot.aibotid, "chattype": "single", "from": {"userid": "forger"}}
            return json.dumps({**head, "msgtype": "text", "text": {"content": "伪造的消息"}})
        fields: dict[str, str | int] = {"ToUserName": self._config.corp_id, "FromUserName": "forger", "CreateTime": self._world.seconds()}
        if channel == "kf":
            return to_xml({**fields, "MsgType": "event", "Event": "kf_msg_or_event", "Token": "forged", "OpenKfId": "wkforged"})
        if channel == "contact":
            change = {"MsgType": "event", "Event": "change_external_contact", "ChangeType": "add_external_contact"}
            return to_xml({**fields, "FromUserName": "sys", **change, "UserID": "forger", "ExternalUserID": f"wmforged{number}"})
        return to_xml({**fields, "MsgType": "text", "Content": "伪造的消息", "MsgId": number, "AgentID": self._config.app.agentid})

    # The forms.

    def _wrong_signature(self, channel: Channel) -> Forged:
        query, body = self._genuine(channel)
        return {**query, "msg_signature": "0" * 40}, body, {}

    def _foreign_receiver(self, channel: Channel) -> Forged:
        """Rightly signed and sealed with our key, but for another corp."""
        app, kf, bot = self._config.app, self._config.kf, self._config.bot
        keys = {"app": (app.token, app.aes_key), "kf": (kf.token, kf.aes_key), "bot": (bot.token, bot.aes_key)}
        token, aes_key = keys[channel] if channel != "contact" else self._config.contact or ("", "")
        return (*self._genuine(channel, Envelope(token, aes_key, STRANGER)), {})

    def _foreign_corp(self, channel: Channel) -> Forged:
        """Right in every envelope, but its content is addressed to another corp."""
        if channel == "bot":
            raise SimulatorError("机器人的回调里没有企业，不能伪造成别的企业")
        content = self._content(channel).replace(self._config.corp_id, STRANGER)
        return (*self._callbacks.sealed(channel, content), {})

    def _replay(self, channel: Channel) -> Forged:
        """The latest genuine request of this endpoint once more, byte by byte; step the clock first to make it an old one."""
        if channel not in self._callbacks.last:
            raise SimulatorError(f"{channel} 还没有发过真实的请求，没有可以重放的")
        return (*self._callbacks.last[channel], {})

    def _truncated(self, channel: Channel) -> Forged:
        query, body = self._genuine(channel)
        return query, body[: len(body) // 2], {}

    def _no_body(self, channel: Channel) -> Forged:
        return self._genuine(channel)[0], b"", {}

    def _doctype(self, channel: Channel) -> Forged:
        query, body = self._genuine(channel)
        return query, _DOCTYPE.encode() + body.replace(b"</xml>", b"<More>&l0;</More></xml>"), {}

    def _entities(self, channel: Channel) -> Forged:
        query, body = self._genuine(channel)
        return query, _BILLION.encode() + body.replace(b"</xml>", b"<More>&l8;</More></xml>"), {}

    def _sealed_doctype(self, channel: Channel) -> Forged:
        """Signed and sealed, as a thief of the key would send it: the expansion stands in the content."""
        return (*self._genuine(channel, None, _BILLION), {})

    def _gzip_bomb(self, channel: Channel) -> Forged:
        """64 MiB of nothing in a few kilobytes."""
        return self._genuine(channel)[0], _bomb(), {"Content-Encoding": "gzip"}

    def _broken_gzip(self, channel: Channel) -> Forged:
        return (*self._genuine(channel), {"Content-Encoding": "gzip"})

    def _oversized(self, channel: Channel) -> Forged:
        query, body = self._genuine(channel)
        return query, body + b" " * (3 * 2**20), {}


@cache
def _bomb() -> bytes:
    squeeze, piece = zlib.compressobj(9, zlib.DEFLATED, 31), bytes(2**20)
    return b"".join(squeeze.compress(piece) for _ in range(BOMB_BYTES // len(piece))) + squeeze.flush()


FORMS: Mapping[str, Callable[[Adversary, Channel], Forged]] = {
    "wrong_signature": Adversary._wrong_signature,
    "foreign_receiver": Adversary._foreign_receiver,
    "foreign_corp": Adversary._foreign_corp,
    "replay": Adversary._replay,
    "truncated": Adversary._truncated,
    "no_body": Adversary._no_body,
    "doctype": Adversary._doctype,
    "entities": Adversary._entities,
    "sealed_doctype": Adversary._sealed_doctype,
    "gzip_bomb": Adversary._gzip_bomb,
    "broken_gzip": Adversary._broken_gzip,
    "oversized": Adversary._oversized,
}
"""Form → how the request is made."""
