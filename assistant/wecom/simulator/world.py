"""The state of the simulated corp: people, what their phones show, and the knobs of the scenario."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from assistant.base.clock import Clock
from assistant.wecom.simulator.corp import App, Asked, Upload
from assistant.wecom.simulator.knobs import ContactKnobs
from assistant.wecom.simulator.knobs_channels import ChannelKnobs
from assistant.wecom.simulator.knobs_shops import ShopKnobs

if TYPE_CHECKING:
    from assistant.wecom.simulator.media import Media

Confirms = Literal["never", "at_once"] | float
"""When a staff member presses send on a mass message: never, at once, or after so many virtual seconds."""


class SimulatorError(ValueError):
    """The scenario asks for something impossible; the message is one Chinese sentence."""


class ApiError(Exception):
    """A business error of the API face: HTTP 200 with this errcode."""

    def __init__(self, errcode: int, reason: str) -> None:
        super().__init__(f"{errcode} {reason}")
        self.errcode = errcode
        self.reason = reason


@dataclass
class Knobs(ContactKnobs, ChannelKnobs, ShopKnobs):
    """Settable per scenario; ``*_seconds`` of callbacks, shops and the bot are real seconds, the others virtual."""

    token_reused: bool = True
    wrong_secret_limit: int = 10
    callback_timeout_seconds: float = 5.0
    callback_retries: int = 3
    callback_retry_spacing_seconds: float = 0.0
    callback_retry_non_200: bool = True
    callback_resign: bool = True
    callback_duplicates: int = 1
    callback_reorder: int = 1
    callback_silent_loss: float = 0.0
    callback_late_share: float = 0.0
    callback_late_seconds: float = 3.0
    keep_calls: int = 10_000
    keep_events: int = 10_000
    mass_dispatch_seconds: float = 0.0
    mass_allowance: Literal["month", "week", "day"] = "month"
    mass_reminders_per_day: int = 3
    customer_deletion_visible: bool = False


@dataclass
class PhoneMessage:
    """One bubble. ``via`` is kf, mass, welcome, app, bot or response_url; ``sender`` is who the phone's owner believes wrote it."""

    at: datetime
    sender: str
    text: str
    via: str
    kind: str = "text"
    msgid: str = ""
    finished: bool = True
    recalled: bool = False
    body: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "at": self.at.isoformat()}


@dataclass
class Relation:
    """Friendship of one staff member with one customer; ``gone`` is empty, by_staff or by_customer.

    ``confirmed`` False is half a friendship: the customer added a member who needs no verification and has not confirmed yet.
    ``talked`` says that they have chatted, after which no welcome is possible. ``agreed`` is what the customer said to the archive: empty,
    Agree, Disagree or Default_Agree.
    """

    since: datetime
    last_chat: datetime
    gone: str = ""
    tags: frozenset[str] = frozenset()
    state: str = ""
    confirmed: bool = True
    talked: bool = False
    gone_at: datetime | None = None
    agreed: str = ""
    agreed_at: datetime | None = None
    add_way: int = 1
    oper_userid: str = ""
    remark: str = ""
    description: str = ""
    remark_company: str = ""
    remark_mobiles: list[str] = field(default_factory=list)


@dataclass
class Customer:
    """``wecom_user``: a member of another corp (type 2), who gets no welcome code."""

    external_userid: str
    name: str
    unionid: str = ""
    relations: dict[str, Relation] = field(default_factory=dict)
    phone: list[PhoneMessage] = field(default_factory=list)
    mass_received: Counter[str] = field(default_factory=Counter)
    wecom_user: bool = False


@dataclass
class Staff:
    """``capacity`` is how many customers fit; ``left`` when they resigned; ``welcomed_by_admin``: the admin's own welcome, so no code."""

    userid: str
    name: str
    confirms: Confirms = "never"
    active: bool = True
    servicer: bool = True
    receiving: bool = True
    phone: list[PhoneMessage] = field(default_factory=list)
    real_name: bool = True
    last_login: datetime | None = None
    left: datetime | None = None
    capacity: int = 20_000
    welcomed_by_admin: bool = False
    department: int = 1


@dataclass
class Joined:
    """How somebody came into a customer group; ``scene`` as the API numbers it: 1 invited, 2 by an invite link, 3 by a QR code."""

    at: datetime
    scene: int = 1
    invitor: str = ""
    state: str = ""


@dataclass
class Group:
    """``members`` are userids and external_userids; ``owner`` is the staff member who may send 群发 to it, empty in internal groups.

    ``status`` 0 fine, 1 owner has left, 2 being inherited, 3 inherited; ``version`` changes with the list of members.
    """

    chatid: str
    name: str
    members: list[str]
    owner: str = ""
    phone: list[PhoneMessage] = field(default_factory=list)
    mass_received: Counter[str] = field(default_factory=Counter)
    created: datetime | None = None
    joined: dict[str, Joined] = field(default_factory=dict)
    admins: list[str] = field(default_factory=list)
    notice: str = ""
    version: str = ""
    status: int = 0
    dismissed: bool = False


class World:
    """People and things, the seeded chance, ids, and an agenda of what happens at a later virtual time."""

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self.clock = clock
        self.chance = random.Random(seed)
        self.knobs = Knobs()
        self.customers: dict[str, Customer] = {}
        self.staff: dict[str, Staff] = {}
        self.groups: dict[str, Group] = {}
        self.apps: list[App] = []
        self.asked = Asked()
        self.media: dict[str, Media] = {}
        self.pictures: dict[str, Upload] = {}
        self.complaints: list[str] = []
        self._agenda: list[tuple[datetime, int, Callable[[], object]]] = []
        self._count = 0
        self.born = int(clock.now().timestamp())

    def now(self) -> datetime:
        return self.clock.now()

    def seconds(self) -> int:
        """Whole Unix seconds of the virtual clock."""
        return int(self.now().timestamp())

    def new_id(self, prefix: str) -> str:
        """Unique here, and unlike those of an earlier run at another time."""
        self._count += 1
        return f"{prefix}{self.born:x}{self._count:x}{self.chance.randrange(16**8):08x}"

    def new_number(self) -> int:
        """A 64-bit message number."""
        self._count += 1
        return self.born * 10**8 + self._count

    def complain(self, text: str) -> None:
        """Notes something the service did against the protocol."""
        self.complaints.append(text)

    def add_customer(
        self, external_userid: str, name: str, staff: Iterable[str] = (), *, unionid: str = "", tags: Iterable[str] = ()
    ) -> Customer:
        """Adds a customer, silently befriended with the given staff; raises SimulatorError if it exists or a staff member does not."""
        if external_userid in self.customers:
            raise SimulatorError(f"客户 {external_userid} 已经存在，请换一个编号")
        customer = Customer(external_userid, name, unionid)
        now = self.now()
        for userid in staff:
            self.the_staff(userid)
            customer.relations[userid] = Relation(now, now, tags=frozenset(tags))
        self.customers[external_userid] = customer
        return customer

    def add_customers(self, rows: Iterable[tuple[str, str, Iterable[str]]]) -> int:
        """Many at once: (external_userid, name, staff); answers how many."""
        before = len(self.customers)
        for row in rows:
            self.add_customer(*row)
        return len(self.customers) - before

    def add_staff(self, userid: str, name: str, confirms: Confirms = "never") -> Staff:
        if userid in self.staff:
            raise SimulatorError(f"员工 {userid} 已经存在，请换一个编号")
        self.staff[userid] = Staff(userid, name, confirms, last_login=self.now())
        return self.staff[userid]

    def add_group(self, chatid: str, name: str, members: Iterable[str], owner: str = "") -> Group:
        if chatid in self.groups:
            raise SimulatorError(f"群 {chatid} 已经存在，请换一个编号")
        people = list(members)
        for person in people:
            if person not in self.staff and person not in self.customers:
                raise SimulatorError(f"群成员 {person} 不存在，请先创建")
        now = self.now()
        joined = {person: Joined(now, invitor=owner if person != owner else "") for person in people}
        self.groups[chatid] = Group(chatid, name, people, owner, created=now, joined=joined, version=self.new_id(""))
        return self.groups[chatid]

    def the_customer(self, external_userid: str) -> Customer:
        if external_userid not in self.customers:
            raise SimulatorError(f"没有客户 {external_userid}，请先创建")
        return self.customers[external_userid]

    def the_staff(self, userid: str) -> Staff:
        if userid not in self.staff:
            raise SimulatorError(f"没有员工 {userid}，请先创建")
        return self.staff[userid]

    def the_group(self, chatid: str) -> Group:
        if chatid not in self.groups:
            raise SimulatorError(f"没有群 {chatid}，请先创建")
        return self.groups[chatid]

    def the_app(self, name: str) -> App:
        for app in self.apps:
            if name in (app.name, str(app.agentid)):
                return app
        raise SimulatorError(f"没有应用 {name}，现有：{'、'.join(app.name for app in self.apps)}")

    def must_see(self, userid: str) -> Staff:
        """The staff member of an API call; raises ApiError 60111 when there is none, 60011 when the calling app does not see them."""
        if userid not in self.staff:
            raise ApiError(60111, "userid not found")
        if not self.asked.app.sees(userid):
            raise ApiError(60011, "no privilege to access this user")
        return self.staff[userid]

    def later(self, seconds: float, act: Callable[[], object]) -> None:
        """Does something once the virtual clock has moved on by so many seconds."""
        self._count += 1
        heapq.heappush(self._agenda, (self.now() + timedelta(seconds=seconds), self._count, act))

    def run_due(self) -> int:
        """Does what has fallen due, in order of its time; answers how many things."""
        done = 0
        while self._agenda and self._agenda[0][0] <= self.now():
            heapq.heappop(self._agenda)[2]()
            done += 1
        return done


def cut(text: str, most: int) -> str:
    """A text cut to so many UTF-8 bytes, on a character boundary."""
    return text.encode()[:most].decode(errors="ignore")


def shown(body: dict[str, Any]) -> str:
    """What a person reads of a message body of any type."""
    kind = str(body.get("msgtype", ""))
    part = body.get(kind)
    if not isinstance(part, dict):
        return ""
    if kind == "msgmenu":
        lines = [str(part.get("head_content", ""))]
        for item in part.get("list", []):
            inner = item.get(item.get("type", ""), {})
            lines.append(str(inner.get("content", "")))
        return "\n".join(line for line in [*lines, str(part.get("tail_content", ""))] if line)
    if kind == "template_card":
        title = part.get("main_title", {})
        return "\n".join(str(line) for line in (title.get("title"), title.get("desc"), part.get("sub_title_text")) if line)
    if kind == "news":
        return "\n".join(str(article.get("title", "")) for article in part.get("articles", []))
    return "\n".join(str(part[key]) for key in ("title", "content", "description", "desc", "url", "media_id") if part.get(key))
