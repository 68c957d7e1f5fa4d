"""Customer service (微信客服): sessions, the 48-hour window, the message log behind sync_msg, and who may write when."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from assistant.wecom.simulator.callbacks import Callbacks, Delivery, to_xml
from assistant.wecom.simulator.config import SimulatorConfig
from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.world import ApiError, PhoneMessage, SimulatorError, World, cut, shown

WINDOW = timedelta(hours=48)
RETENTION = timedelta(days=3)
PER_CUSTOMER_MESSAGE = 5
TEXT_BYTES = 2048
SEND_TYPES = {"text", "image", "voice", "video", "file", "link", "miniprogram", "msgmenu", "location", "ca_link"}
TRANSITIONS: dict[int, frozenset[int]] = {
    0: frozenset({1, 2, 3, 4}),
    1: frozenset({2, 3, 4}),
    2: frozenset({3, 4}),
    3: frozenset({3, 4}),
    4: frozenset(),
}
_MSGID = re.compile(r"[0-9a-zA-Z_-]{1,32}")


@dataclass
class Session:
    """State 0 new, 1 bot, 2 waiting pool, 3 human, 4 ended or not begun; ``sent`` counts since the customer's last message."""

    state: int = 4
    servicer: str = ""
    sent: int = 0
    last_said: datetime | None = None
    welcomed: datetime | None = None


@dataclass
class _Code:
    external_userid: str
    until: datetime
    state: int | None
    menu: bool


class Kf:
    """One account; API verbs take the request body and raise ApiError, human verbs are coroutines that wake the service."""

    def __init__(self, config: SimulatorConfig, world: World, callbacks: Callbacks) -> None:
        self.open_kfid = config.kf.open_kfid
        self.transitions = dict(TRANSITIONS)
        self.sessions: dict[str, Session] = {}
        self.log: list[tuple[datetime, dict[str, Any]]] = []
        self._corp_id = config.corp_id
        self._world = world
        self._callbacks = callbacks
        self._tokens: dict[str, datetime] = {}
        self._codes: dict[str, _Code] = {}
        self._tokenless: list[datetime] = []
        self._used: set[str] = set()

    def routes(self) -> Routes:
        return {
            "kf/sync_msg": ("kf", self.sync_msg),
            "kf/send_msg": ("kf", self.send_msg),
            "kf/send_msg_on_event": ("kf", self.send_msg_on_event),
            "kf/service_state/get": ("kf", self.state_get),
            "kf/service_state/trans": ("kf", self.state_trans),
            "kf/customer/batchget": ("kf", self.batchget),
        }

    # What people do.

    async def customer_says(self, external_userid: str, text: str, *, kind: str = "text", menu_id: str = "") -> list[Delivery]:
        """Stores a customer's message (text, or media with ``text`` as its media_id) and wakes the service."""
        customer, now = self._world.the_customer(external_userid), self._world.now()
        session = self.session(external_userid)
        session.last_said, session.sent = now, 0
        if session.state == 4:
            session.state, session.servicer = 0, ""
        body: dict[str, Any] = {"content": text} if kind == "text" else {"media_id": text or self._world.new_id("media")}
        if menu_id:
            body["menu_id"] = menu_id
        msgid = self._world.new_id("kfmsg")
        customer.phone.append(PhoneMessage(now, external_userid, text, "kf", kind, msgid))
        self._note(3, {"msgid": msgid, "open_kfid": self.open_kfid, "external_userid": external_userid, "msgtype": kind, kind: body})
        return await self.wake()

    async def customer_enters(self, external_userid: str, scene: str = "", scene_param: str = "") -> list[Delivery]:
        """Opens the chat by a link: enter_session, with a welcome_code when nobody was welcomed within 48 h and nothing was ever said."""
        self._world.the_customer(external_userid)
        session, now = self.session(external_userid), self._world.now()
        event: dict[str, Any] = {"external_userid": external_userid, "scene": scene, "scene_param": scene_param}
        if session.last_said is None and (session.welcomed is None or now - session.welcomed > WINDOW):
            event["welcome_code"] = self._code(external_userid, timedelta(seconds=20), None, True)
        self._event("enter_session", event)
        return await self.wake()

    async def customer_recalls(self, external_userid: str, msgid: str) -> list[Delivery]:
        bubble = self._bubble(external_userid, msgid)
        if bubble.sender != external_userid:
            raise SimulatorError(f"消息 {msgid} 不是客户自己发的，不能撤回")
        bubble.recalled = True
        self._event("user_recall_msg", {"external_userid": external_userid, "recall_msgid": msgid})
        return await self.wake()

    async def servicer_says(self, userid: str, external_userid: str, text: str) -> list[Delivery]:
        """A human answers in the staff client: the session becomes his (state 3) and the API can no longer send."""
        self._world.the_staff(userid)
        customer, session = self._world.the_customer(external_userid), self.session(external_userid)
        if session.state != 3 or session.servicer != userid:
            change = {4: 4, 3: 2}.get(session.state, 1)
            detail = {"external_userid": external_userid, "change_type": change, "new_servicer_userid": userid}
            if session.servicer:
                detail["old_servicer_userid"] = session.servicer
            session.state, session.servicer = 3, userid
            self._event("session_status_change", detail)
        msgid = self._world.new_id("kfmsg")
        customer.phone.append(PhoneMessage(self._world.now(), userid, text, "kf", msgid=msgid))
        ids = {"msgid": msgid, "open_kfid": self.open_kfid, "external_userid": external_userid, "servicer_userid": userid}
        self._note(5, {**ids, "msgtype": "text", "text": {"content": text}})
        return await self.wake()

    async def servicer_ends(self, userid: str, external_userid: str) -> list[Delivery]:
        """The human closes the session: state 4, and a code for one closing message within 20 s."""
        session = self.session(external_userid)
        if session.state != 3 or session.servicer != userid:
            raise SimulatorError(f"员工 {userid} 没有在接待客户 {external_userid}")
        session.state, session.servicer = 4, ""
        code = self._code(external_userid, timedelta(seconds=20), 4, True)
        detail = {"external_userid": external_userid, "change_type": 3, "old_servicer_userid": userid, "msg_code": code}
        self._event("session_status_change", detail)
        return await self.wake()

    async def wake(self) -> list[Delivery]:
        """Sends kf_msg_or_event with a fresh 10-minute token."""
        token = self._world.new_id("ENC")
        now = self._world.now()
        self._tokens = {old: until for old, until in self._tokens.items() if until >= now}
        self._tokens[token] = now + timedelta(minutes=10)
        fields: dict[str, str | int] = {"ToUserName": self._corp_id, "CreateTime": self._world.seconds(), "MsgType": "event"}
        fields |= {"Event": "kf_msg_or_event", "Token": token, "OpenKfId": self.open_kfid}
        return await self._callbacks.deliver("kf", to_xml(fields))

    def session(self, external_userid: str) -> Session:
        """The session, closed if it lay idle for 48 h."""
        session = self.sessions.setdefault(external_userid, Session())
        if session.last_said is not None and self._world.now() - session.last_said > WINDOW:
            session.state, session.servicer = 4, ""
        return session

    # What the API does.

    def sync_msg(self, body: dict[str, Any]) -> dict[str, Any]:
        self._check_account(body)
        self._check_token(str(body.get("token") or ""))
        start = self._position(str(body.get("cursor") or ""))
        limit = body.get("limit") or 1000
        if not isinstance(limit, int) or not 1 <= limit <= 1000:
            raise ApiError(40058, "invalid limit")
        oldest = self._world.now() - RETENTION
        while start < len(self.log) and self.log[start][0] < oldest:
            start += 1
        if self._world.knobs.kf_empty_pages > 0:
            self._world.knobs.kf_empty_pages -= 1
            return {"next_cursor": self._cursor(start), "has_more": 1, "msg_list": []}
        page = self.log[start : start + limit]
        end = start + len(page)
        return {"next_cursor": self._cursor(end), "has_more": int(end < len(self.log)), "msg_list": [item for _, item in page]}

    def send_msg(self, body: dict[str, Any]) -> dict[str, Any]:
        self._check_account(body)
        external_userid = str(body.get("touser", ""))
        if external_userid not in self._world.customers:
            raise ApiError(40003, "invalid touser")
        session = self.session(external_userid)
        msgid, bubble = self._bubble_of(body, SEND_TYPES)
        failure = self._window_failure(session)
        if failure and not (self._world.knobs.kf_fail_later and failure[1]):
            raise ApiError(failure[0], failure[2])
        self._used.add(msgid)
        if failure:
            self._event("msg_send_fail", {"external_userid": external_userid, "fail_msgid": msgid, "fail_type": failure[1]})
            self._callbacks.spawn(self.wake())
            return {"msgid": msgid}
        session.sent += 1
        self._world.customers[external_userid].phone.append(bubble)
        return {"msgid": msgid}

    def send_msg_on_event(self, body: dict[str, Any]) -> dict[str, Any]:
        given = str(body.get("code", ""))
        code = self._codes.get(given)
        if code is None or self._world.now() > code.until:
            raise ApiError(41050, "invalid or expired code")
        session = self.session(code.external_userid)
        if code.state is not None and session.state != code.state:
            raise ApiError(95016, "session is no longer in the state of this code")
        msgid, bubble = self._bubble_of(body, {"text", "msgmenu"} if code.menu else {"text"})
        del self._codes[given]
        self._used.add(msgid)
        if code.state is None:
            session.welcomed = self._world.now()
        bubble.via = "welcome" if code.state is None else "kf"
        self._world.customers[code.external_userid].phone.append(bubble)
        return {"msgid": msgid}

    def state_get(self, body: dict[str, Any]) -> dict[str, Any]:
        session = self._session_of(body)
        answer: dict[str, Any] = {"service_state": session.state}
        return {**answer, "servicer_userid": session.servicer} if session.state == 3 else answer

    def state_trans(self, body: dict[str, Any]) -> dict[str, Any]:
        session, target = self._session_of(body), body.get("service_state")
        if not isinstance(target, int) or target not in self.transitions.get(session.state, frozenset()):
            raise ApiError(95016, f"not allowed to change service state from {session.state} to {target}")
        servicer = str(body.get("servicer_userid") or "")
        if target == 3:
            person = self._world.staff.get(servicer)
            if person is None or not (person.active and person.servicer):
                raise ApiError(95014, "user is not a servicer or not activated")
            if not person.receiving:
                raise ApiError(95019, "servicer has stopped receiving")
        issues = target == 4 or (target in (2, 3) and session.state in (0, 1, 2))
        session.state, session.servicer = target, servicer if target == 3 else ""
        if not issues:
            return {}
        valid = timedelta(seconds=20) if target == 4 else WINDOW
        return {"msg_code": self._code(str(body["external_userid"]), valid, target, target == 4)}

    def batchget(self, body: dict[str, Any]) -> dict[str, Any]:
        wanted = body.get("external_userid_list")
        if not isinstance(wanted, list) or not 1 <= len(wanted) <= 100:
            raise ApiError(40058, "external_userid_list must have 1 to 100 entries")
        found, invalid = [], []
        for external_userid in map(str, wanted):
            session, customer = self.sessions.get(external_userid), self._world.customers.get(external_userid)
            if customer is None or session is None or session.last_said is None or self._world.now() - session.last_said > WINDOW:
                invalid.append(external_userid)
                continue
            row = {"external_userid": external_userid, "nickname": customer.name, "avatar": "", "gender": 0}
            found.append({**row, "unionid": customer.unionid} if customer.unionid else row)
        return {"customer_list": found, "invalid_external_userid": invalid}

    # Parts.

    def _note(self, origin: int, item: dict[str, Any]) -> None:
        self.log.append((self._world.now(), {**item, "send_time": self._world.seconds(), "origin": origin}))

    def _event(self, event_type: str, detail: dict[str, Any]) -> None:
        event = {"event_type": event_type, "open_kfid": self.open_kfid, **detail}
        self._note(4, {"msgid": self._world.new_id("kfevt"), "msgtype": "event", "event": event})

    def _bubble(self, external_userid: str, msgid: str) -> PhoneMessage:
        for bubble in self._world.the_customer(external_userid).phone:
            if bubble.msgid == msgid:
                return bubble
        raise SimulatorError(f"客户 {external_userid} 的手机上没有消息 {msgid}")

    def _bubble_of(self, body: dict[str, Any], types: set[str]) -> tuple[str, PhoneMessage]:
        msgid = str(body.get("msgid") or self._world.new_id("kfmsg"))
        if not _MSGID.fullmatch(msgid) and body.get("msgid"):
            raise ApiError(40058, "invalid msgid")
        if msgid in self._used:
            raise ApiError(95033, "msgid has been used")
        kind = str(body.get("msgtype", ""))
        if kind not in types:
            raise ApiError(95030, "unsupported msgtype here")
        text = shown(body)
        if not text:
            raise ApiError(40058, f"missing or empty {kind}")
        if kind == "msgmenu" and len(body["msgmenu"].get("list", [])) > 50:
            raise ApiError(95008, "too many menu items")
        text = cut(text, TEXT_BYTES) if kind == "text" else text
        return msgid, PhoneMessage(self._world.now(), self.open_kfid, text, "kf", kind, msgid, body=dict(body.get(kind, {})))

    def _window_failure(self, session: Session) -> tuple[int, int, str] | None:
        """(errcode, fail_type of the later event or 0, reason) when a message may not be sent now."""
        if session.last_said is None or self._world.now() - session.last_said > WINDOW:
            return 95002, 4, "more than 48 hours since the customer's last message"
        if session.state not in (0, 1):
            return 95018, 0, f"send is not allowed in service state {session.state}"
        if session.sent >= PER_CUSTOMER_MESSAGE:
            return 95001, 6, "send count limit"
        return None

    def _session_of(self, body: dict[str, Any]) -> Session:
        self._check_account(body)
        external_userid = str(body.get("external_userid", ""))
        if external_userid not in self._world.customers:
            raise ApiError(40003, "invalid external_userid")
        return self.session(external_userid)

    def _check_account(self, body: dict[str, Any]) -> None:
        if body.get("open_kfid") != self.open_kfid:
            raise ApiError(95004 if body.get("open_kfid") else 95000, "no such open_kfid")

    def _check_token(self, token: str) -> None:
        now = self._world.now()
        if token:
            if now > self._tokens.get(token, now - timedelta(seconds=1)):
                raise ApiError(95007, "invalid msg token")
            return
        self._tokenless = [at for at in self._tokenless if now - at < timedelta(minutes=1)]
        if len(self._tokenless) >= self._world.knobs.kf_tokenless_per_minute:
            raise ApiError(45009, "api freq out of limit without token")
        self._tokenless.append(now)

    def _code(self, external_userid: str, valid: timedelta, state: int | None, menu: bool) -> str:
        code = self._world.new_id("CODE")
        self._codes[code] = _Code(external_userid, self._world.now() + valid, state, menu)
        return code

    @property
    def _log_name(self) -> str:
        """Of this account and this run: a cursor of an earlier run points into a log that is gone."""
        return f"{self._world.born:x}{self.open_kfid[-8:]}"

    def _cursor(self, position: int) -> str:
        return base64.urlsafe_b64encode(f"{self._log_name}:{position}".encode()).decode()

    def _position(self, cursor: str) -> int:
        if not cursor:
            return 0
        try:
            account, _, position = base64.urlsafe_b64decode(cursor).decode().rpartition(":")
            if account == self._log_name and 0 <= int(position) <= len(self.log):
                return int(position)
        except ValueError:
            pass
        raise ApiError(60268, "invalid cursor")
