"""Ways to become a customer: 联系我 (contact ways) and acquisition links, made by the API and scanned or opened by customers.

Documented: one user for type 1, at most 100 members (41041), 500 000 ways (41045), members activated and real-name (41054), ``State``
in the event, add_way 1 and 16, codes for type, scene and config_id, a deleted way cannot be scanned. Guessed: which of several members
is added (chance), 40058 for an unknown link, 48002 for temporary chats.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assistant.wecom.simulator.callbacks import Delivery
from assistant.wecom.simulator.contacts import Contacts
from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.paging import int_of, numbers_of, page, part_of, texts_of
from assistant.wecom.simulator.world import ApiError, SimulatorError, World

KEPT = ("style", "remark", "skip_verify", "state", "user", "party", "is_exclusive", "mark_source", "unionid", "conclusions")
PEOPLE_MOST = 100


@dataclass
class Way:
    """``body`` is what the API was given."""

    config_id: str
    made: datetime
    body: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        told = {"config_id": self.config_id, "type": self.body["type"], "scene": self.body["scene"], "skip_verify": True}
        told |= {name: self.body[name] for name in KEPT if name in self.body}
        return {**told, "qr_code": qr_code(self.config_id)} if self.body["scene"] == 2 else told


@dataclass
class Link:
    link_id: str
    name: str
    made: int
    users: list[str]
    skip_verify: bool

    def to_json(self) -> dict[str, Any]:
        url = f"https://work.weixin.qq.com/ca/{self.link_id}"
        return {"link_id": self.link_id, "link_name": self.name, "url": url, "create_time": self.made, "skip_verify": self.skip_verify}


def qr_code(config_id: str) -> str:
    return f"https://wework.qpic.cn/wwpic/{config_id}/0"


class Ways:
    """API verbs, and ``scans`` and ``opens`` for customers."""

    def __init__(self, world: World, contacts: Contacts) -> None:
        self._world = world
        self._contacts = contacts
        self.ways: dict[str, Way] = {}
        self.links: dict[str, Link] = {}
        self._waiting: dict[tuple[str, str], tuple[str, int]] = {}

    def routes(self) -> Routes:
        link = "externalcontact/customer_acquisition"
        return {
            "externalcontact/add_contact_way": ("contact", self.add),
            "externalcontact/get_contact_way": ("contact", self.get),
            "externalcontact/list_contact_way": ("contact", self.listing),
            "externalcontact/update_contact_way": ("contact", self.update),
            "externalcontact/del_contact_way": ("contact", self.delete),
            f"{link}/create_link": ("contact", self.create_link),
            f"{link}/get": ("contact", self.get_link),
            f"{link}/list_link": ("contact", self.list_links),
            f"{link}/update_link": ("contact", self.update_link),
            f"{link}/delete_link": ("contact", self.delete_link),
            f"{link}/customer": ("contact", self.link_customers),
        }

    # What customers do.

    async def scans(self, external_userid: str, config_id: str) -> list[Delivery]:
        """Scans the code of a contact way; without skip_verify it waits until the employee ``accepts``."""
        way = self.ways.get(config_id)
        if way is None:
            raise SimulatorError(f"没有联系我二维码 {config_id}，可能已经删除")
        people = [userid for userid in self._people(way.body) if self._world.staff[userid].active]
        return await self._come(external_userid, people, str(way.body.get("state") or ""), 1, bool(way.body.get("skip_verify", True)))

    async def opens(self, external_userid: str, link_id: str, channel: str = "") -> list[Delivery]:
        """Opens an acquisition link; ``channel`` is its customer_channel and comes back as State."""
        link = self.links.get(link_id)
        if link is None:
            raise SimulatorError(f"没有获客链接 {link_id}，可能已经删除")
        people = [userid for userid in link.users if self._world.staff[userid].active]
        return await self._come(external_userid, people, channel, 16, link.skip_verify)

    async def accepts(self, userid: str, external_userid: str) -> list[Delivery]:
        """The employee lets a customer in who scanned a code that needs verification."""
        waiting = self._waiting.pop((external_userid, userid), None)
        if waiting is None:
            raise SimulatorError(f"客户 {external_userid} 没有申请添加员工 {userid}")
        return await self._contacts.adds(external_userid, userid, waiting[0], add_way=waiting[1])

    async def _come(self, external_userid: str, people: list[str], state: str, add_way: int, free: bool) -> list[Delivery]:
        relations = self._world.the_customer(external_userid).relations
        open_to = [userid for userid in people if userid not in relations or relations[userid].gone]
        if not open_to:
            raise SimulatorError(f"客户 {external_userid} 扫码后没有可以添加的员工（都已是好友或都已停用）")
        userid = self._world.chance.choice(open_to)
        if not free:
            self._waiting[external_userid, userid] = (state, add_way)
            return []
        if self._world.knobs.half_on_scan == "never":
            return await self._contacts.adds(external_userid, userid, state, add_way=add_way)
        told = await self._contacts.half_adds(external_userid, userid, state, add_way=add_way)
        return told + (await self._contacts.confirms(userid, external_userid) if self._world.knobs.half_on_scan == "first" else [])

    # Contact ways.

    def add(self, body: dict[str, Any]) -> dict[str, Any]:
        if len(self.ways) >= self._world.knobs.contact_ways_most:
            raise ApiError(41045, "too many contact ways")
        way = Way(self._world.new_id("cfg"), self._world.now(), self._checked(body))
        self.ways[way.config_id] = way
        answer = {"config_id": way.config_id}
        return {**answer, "qr_code": qr_code(way.config_id)} if body["scene"] == 2 else answer

    def get(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"contact_way": self._known(body).to_json()}

    def listing(self, body: dict[str, Any]) -> dict[str, Any]:
        """list_contact_way: ids of those made in a span of at most 90 days (default the last 90)."""
        end = int_of(body.get("end_time") or self._world.seconds(), "end_time")
        start = int_of(body.get("start_time") or end - 90 * 86400, "start_time")
        made = [way for way in self.ways.values() if start <= int(way.made.timestamp()) <= end]
        some, cursor = page(self._world, f"ways:{start}:{end}", made, body, default=100, most=1000)
        return {"contact_way": [{"config_id": way.config_id} for way in some], "next_cursor": cursor}

    def update(self, body: dict[str, Any]) -> dict[str, Any]:
        way = self._known(body)
        way.body = self._checked({**way.body, **{name: body[name] for name in KEPT if name in body}})
        return {}

    def delete(self, body: dict[str, Any]) -> dict[str, Any]:
        del self.ways[self._known(body).config_id]
        return {}

    def _known(self, body: dict[str, Any]) -> Way:
        way = self.ways.get(str(body.get("config_id") or ""))
        if way is None:
            raise ApiError(41044 if body.get("config_id") else 41043, "missing or invalid config_id")
        return way

    def _checked(self, body: dict[str, Any]) -> dict[str, Any]:
        users = texts_of(body, "user", 500)
        for name, missing, invalid in (("type", 41037, 41039), ("scene", 41038, 41040)):
            if body.get(name) not in (1, 2):
                raise ApiError(invalid if name in body else missing, f"missing or invalid {name}")
        if body.get("is_temp"):
            raise ApiError(48002, "temporary chats are for medical corps only")
        if len(str(body.get("remark") or "")) > 30 or len(str(body.get("state") or "")) > 30:
            raise ApiError(40058, "remark or state is too long")
        if (body["type"] == 1 and (len(users) != 1 or body.get("party"))) or not (users or body.get("party")):
            raise ApiError(40058, "type 1 needs exactly one user, type 2 users or departments")
        people = self._people(body)
        if len(people) > PEOPLE_MOST:
            raise ApiError(41041, "too many users")
        for userid in people:
            staff = self._world.must_see(userid)
            if not staff.active or not staff.real_name:
                raise ApiError(41054, "the member is not activated or has no real name")
        return body

    def _people(self, body: dict[str, Any]) -> list[str]:
        """The members of a way, departments expanded."""
        parties = numbers_of(body, "party", 100)
        inside = [each.userid for each in self._world.staff.values() if each.department in parties]
        return [*dict.fromkeys([*(body.get("user") or []), *inside])]

    # Acquisition links.

    def create_link(self, body: dict[str, Any]) -> dict[str, Any]:
        link = Link(self._world.new_id("cawc"), "", self._world.seconds(), [], True)
        self._fill(link, body)
        if not link.name or not link.users:
            raise ApiError(40058, "link_name and range are needed")
        self.links[link.link_id] = link
        return {"link": link.to_json()}

    def get_link(self, body: dict[str, Any]) -> dict[str, Any]:
        link = self._the_link(body)
        return {"link": link.to_json(), "range": {"user_list": link.users, "department_list": []}}

    def list_links(self, body: dict[str, Any]) -> dict[str, Any]:
        some, cursor = page(self._world, "links", [*self.links], body, default=100, most=100)
        return {"link_id_list": some, "next_cursor": cursor}

    def update_link(self, body: dict[str, Any]) -> dict[str, Any]:
        self._fill(self._the_link(body), body)
        return {}

    def delete_link(self, body: dict[str, Any]) -> dict[str, Any]:
        del self.links[self._the_link(body).link_id]
        return {}

    def link_customers(self, body: dict[str, Any]) -> dict[str, Any]:
        """customer_acquisition/customer: who came by the link's members and add_way 16."""
        link = self._the_link(body)
        rows = [
            {"external_userid": each.external_userid, "userid": userid, "chat_status": int(relation.talked), "state": relation.state}
            for each in self._world.customers.values()
            for userid, relation in each.relations.items()
            if userid in link.users and relation.add_way == 16
        ]
        some, cursor = page(self._world, f"link:{link.link_id}", rows, body, default=100, most=1000)
        return {"customer_list": some, "next_cursor": cursor}

    def _the_link(self, body: dict[str, Any]) -> Link:
        link = self.links.get(str(body.get("link_id") or ""))
        if link is None:
            raise ApiError(40058, "invalid link_id")
        return link

    def _fill(self, link: Link, body: dict[str, Any]) -> None:
        users = texts_of(part_of(body, "range"), "user_list", 500)
        for userid in users:
            self._world.must_see(userid)
        link.users = users or link.users
        link.name = str(body.get("link_name") or link.name)[:30]
        link.skip_verify = bool(body.get("skip_verify", link.skip_verify))
