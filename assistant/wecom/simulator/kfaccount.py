"""One customer-service account: its sessions, the log behind sync_msg, its servicers, and the codes it has given out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from assistant.wecom.simulator.world import SimulatorError, Staff, World

WINDOW = timedelta(hours=48)
TRANSITIONS: dict[int, frozenset[int]] = {
    0: frozenset({1, 2, 3, 4}),
    1: frozenset({2, 3, 4}),
    2: frozenset({3, 4}),
    3: frozenset({3, 4}),
    4: frozenset(),
}


@dataclass
class Session:
    """State 0 new, 1 bot, 2 waiting pool, 3 human, 4 ended or not begun; ``sent`` counts since the customer's last message."""

    state: int = 4
    servicer: str = ""
    sent: int = 0
    last_said: datetime | None = None
    welcomed: datetime | None = None
    entered: dict[str, Any] = field(default_factory=dict)


@dataclass
class Code:
    """One message outside the window: until when, in which state of the session (None: any), menu allowed or text only."""

    external_userid: str
    until: datetime
    state: int | None
    menu: bool


class Account:
    """``servicers`` None means every staff member with the servicer flag; ``managed`` that the API may use the account."""

    def __init__(self, world: World, open_kfid: str, name: str) -> None:
        self.open_kfid = open_kfid
        self.name = name
        self.avatar = ""
        self.managed = True
        self.servicers: set[str] | None = None
        self.sessions: dict[str, Session] = {}
        self.log: list[tuple[datetime, dict[str, Any]]] = []
        self.codes: dict[str, Code] = {}
        self.ways: dict[str, str] = {}
        self.waking = False
        self._world = world

    def session(self, external_userid: str) -> Session:
        """The session, closed if it lay idle for 48 h."""
        session = self.sessions.setdefault(external_userid, Session())
        if session.last_said is not None and self._world.now() - session.last_said > WINDOW:
            session.state, session.servicer = 4, ""
        return session

    def serves(self, person: Staff) -> bool:
        return person.servicer if self.servicers is None else person.userid in self.servicers

    def the_servicer(self, userid: str) -> Staff:
        person = self._world.the_staff(userid)
        if not self.serves(person):
            raise SimulatorError(f"员工 {userid} 不是客服账号 {self.open_kfid} 的接待人员")
        return person

    def note(self, origin: int, item: dict[str, Any]) -> None:
        """Into the log: origin 3 customer, 4 system, 5 servicer in the staff client."""
        self.log.append((self._world.now(), {**item, "send_time": self._world.seconds(), "origin": origin}))

    def event(self, event_type: str, detail: dict[str, Any]) -> None:
        """An event item: its ids stand inside ``event`` and not on the item."""
        event = {"event_type": event_type, "open_kfid": self.open_kfid, **detail}
        self.note(4, {"msgid": self._world.new_id("kfevt"), "msgtype": "event", "event": event})

    def code(self, external_userid: str, valid: timedelta, state: int | None, menu: bool) -> str:
        code = self._world.new_id("CODE")
        self.codes[code] = Code(external_userid, self._world.now() + valid, state, menu)
        return code
