"""send_msg and send_msg_on_event: the 48-hour window, five per customer message, codes used once, and failures told later."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from assistant.wecom.simulator.kfaccount import WINDOW, Account, Session
from assistant.wecom.simulator.media import the_media
from assistant.wecom.simulator.world import ApiError, PhoneMessage, World, cut, shown

PER_CUSTOMER_MESSAGE = 5
TEXT_BYTES = 2048
MENU_ITEMS, MENU_ITEMS_OF_WELCOME, MENU_CLICKS = 50, 10, 10
MENU_BYTES = {"head_content": 1024, "tail_content": 1024}
CLICK_BYTES = 128
MEDIA = ("image", "voice", "video", "file")
SEND_TYPES = {"text", *MEDIA, "link", "miniprogram", "msgmenu", "location", "ca_link"}
_MSGID = re.compile(r"[0-9a-zA-Z_-]{1,32}")
_NEEDED = {"link": ("title", "url", "thumb_media_id"), "miniprogram": ("appid", "title", "thumb_media_id", "pagepath")}


class Sending:
    """``failed`` is told after a message that was accepted and did not arrive."""

    def __init__(self, world: World, failed: Callable[[Account, str, str, int], None]) -> None:
        self._world = world
        self._failed = failed
        self._used: set[str] = set()
        self.refusing: set[str] = set()

    def send(self, account: Account, body: dict[str, Any]) -> dict[str, Any]:
        external_userid = str(body.get("touser", ""))
        if external_userid not in self._world.customers:
            raise ApiError(40003, "invalid touser")
        session = account.session(external_userid)
        msgid, bubble = self._bubble(account, body, SEND_TYPES, MENU_ITEMS)
        failure = self._window_failure(session)
        if failure and not (self._world.knobs.kf_fail_later and failure[1]):
            raise ApiError(failure[0], failure[2])
        self._used.add(msgid)
        fail_type = failure[1] if failure else self._refused(external_userid)
        if not failure:
            session.sent += 1
        if fail_type:
            self._failed(account, external_userid, msgid, fail_type)
        else:
            self._world.customers[external_userid].phone.append(bubble)
        return {"msgid": msgid}

    def send_on_event(self, account: Account, body: dict[str, Any]) -> dict[str, Any]:
        """Once by each code, while the state lasts that gave it (the welcome code: in any state)."""
        given = str(body.get("code", ""))
        code = account.codes.get(given)
        if code is None or self._world.now() > code.until:
            raise ApiError(41050, "invalid or expired code")
        session = account.session(code.external_userid)
        if code.state is not None and session.state != code.state:
            raise ApiError(95016, "session is no longer in the state of this code")
        most = MENU_ITEMS_OF_WELCOME if code.state is None else MENU_ITEMS
        msgid, bubble = self._bubble(account, body, {"text", "msgmenu"} if code.menu else {"text"}, most)
        del account.codes[given]
        self._used.add(msgid)
        if code.state is None:
            session.welcomed = self._world.now()
        bubble.via = "welcome" if code.state is None else "kf"
        self._world.customers[code.external_userid].phone.append(bubble)
        return {"msgid": msgid}

    def _refused(self, external_userid: str) -> int:
        return 10 if external_userid in self.refusing else 0

    def _window_failure(self, session: Session) -> tuple[int, int, str] | None:
        """(errcode, fail_type of the later event or 0, reason) when a message may not be sent now."""
        if session.last_said is None or self._world.now() - session.last_said > WINDOW:
            return 95002, 4, "more than 48 hours since the customer's last message"
        if session.state not in (0, 1):
            return 95018, 5 if session.state == 4 else 0, f"send is not allowed in service state {session.state}"
        if session.sent >= PER_CUSTOMER_MESSAGE:
            return 95001, 6, "send count limit"
        return None

    def _bubble(self, account: Account, body: dict[str, Any], types: set[str], most_items: int) -> tuple[str, PhoneMessage]:
        msgid = str(body.get("msgid") or self._world.new_id("kfmsg"))
        if not _MSGID.fullmatch(msgid) and body.get("msgid"):
            raise ApiError(40058, "invalid msgid")
        if msgid in self._used:
            raise ApiError(95033, "msgid has been used")
        kind = str(body.get("msgtype", ""))
        if kind not in types:
            raise ApiError(95030, "unsupported msgtype here")
        part = body.get(kind)
        text = shown(body)
        if not text or not isinstance(part, dict):
            raise ApiError(40058, f"missing or empty {kind}")
        _check_part(kind, part, most_items)
        if kind in MEDIA and the_media(self._world, part.get("media_id"), "upload").kind != kind:
            raise ApiError(40007, "invalid media_id")
        text = cut(text, TEXT_BYTES) if kind == "text" else text
        return msgid, PhoneMessage(self._world.now(), account.open_kfid, text, "kf", kind, msgid, body=dict(part))


def _check_part(kind: str, part: dict[str, Any], most_items: int) -> None:
    missing = [name for name in _NEEDED.get(kind, ()) if not part.get(name)]
    if missing:
        raise ApiError(40058, f"{kind}.{missing[0]} missing")
    if kind == "miniprogram" and not str(part["pagepath"]).split("?")[0].endswith(".html"):
        raise ApiError(40058, "miniprogram.pagepath must end with .html")
    if kind != "msgmenu":
        return
    items = part.get("list") or []
    clicks = [item.get(item.get("type", "")) or {} for item in items if item.get("type") in ("click", "view", "miniprogram")]
    if len(items) > most_items or len(clicks) > MENU_CLICKS:
        raise ApiError(95008, f"a menu has at most {most_items} items, {MENU_CLICKS} of which can be clicked")
    too_long = any(len(str(part.get(name, "")).encode()) > most for name, most in MENU_BYTES.items())
    if too_long or any(len(str(click.get(name, "")).encode()) > CLICK_BYTES for click in clicks for name in ("id", "content")):
        raise ApiError(95009, "a text of the menu is too long")
