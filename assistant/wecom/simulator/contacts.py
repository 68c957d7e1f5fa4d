"""Customer contact (客户联系): who is whose friend, what the API tells of it, and what people do to each other.

Documented: the events and their fields, one-sided deletion, 84061 for a member without customers, follow_info with tag_id in
batch/get_by_user, no event for changes by the API. Inferred: a customer who deleted the member stays listed. Guessed: half friends are
told by get but not listed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

from assistant.wecom.simulator.callbacks import Delivery
from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.lag import Lag
from assistant.wecom.simulator.paging import page, texts_of
from assistant.wecom.simulator.sysevents import SysEvents
from assistant.wecom.simulator.welcome import Welcomes
from assistant.wecom.simulator.world import ApiError, Customer, Relation, SimulatorError, World

LENGTHS = {"remark": 20, "description": 150, "remark_company": 20}


class Contacts:
    """Events go to the app's callback URL without AgentID; ``FromUserName`` is always ``sys``."""

    def __init__(self, world: World, events: SysEvents, welcomes: Welcomes) -> None:
        self._world = world
        self._events = events
        self._welcomes = welcomes
        self._lag: Lag[dict[str, Relation]] = Lag(world)
        self.tag_names: Callable[[str], tuple[str, str]] = lambda tag_id: ("", tag_id)

    def routes(self) -> Routes:
        return {
            "GET externalcontact/list": ("contact", self.listing),
            "GET externalcontact/get": ("contact", self.get),
            "GET externalcontact/get_follow_user_list": ("contact", self.follow_users),
            "externalcontact/batch/get_by_user": ("contact", self.by_user),
            "externalcontact/remark": ("contact", self.remark),
        }

    # What people do.

    async def adds(self, external_userid: str, userid: str, state: str = "", *, add_way: int = 1) -> list[Delivery]:
        """A customer and an employee become friends; the event carries a WelcomeCode of 20 s unless there is none to give."""
        relation = self._new(external_userid, userid, state, add_way)
        return await self._told("add_external_contact", external_userid, userid, relation)

    async def half_adds(self, external_userid: str, userid: str, state: str = "", *, add_way: int = 1) -> list[Delivery]:
        """A customer adds a member who needs no verification and has not confirmed yet."""
        relation = self._new(external_userid, userid, state, add_way)
        relation.confirmed = False
        return await self._told("add_half_external_contact", external_userid, userid, relation)

    async def confirms(self, userid: str, external_userid: str) -> list[Delivery]:
        """The employee confirms who added them: a full friendship, with a WelcomeCode only if the half one was not spent."""
        relation = self._world.the_customer(external_userid).relations.get(userid)
        if relation is None or relation.gone or relation.confirmed:
            raise SimulatorError(f"客户 {external_userid} 没有在等员工 {userid} 确认")
        self.before(external_userid)
        relation.confirmed = True
        return await self._told("add_external_contact", external_userid, userid, relation)

    async def deletes(self, external_userid: str, userid: str, by: str = "customer") -> list[Delivery]:
        """One side ends the friendship: ``by`` customer → del_follow_user, staff → del_external_contact."""
        relation = self._world.the_customer(external_userid).relations.get(userid)
        if relation is None or relation.gone or by not in ("customer", "staff"):
            raise SimulatorError(f"客户 {external_userid} 与员工 {userid} 现在不是好友，或删除方写错了（customer 或 staff）")
        self.before(external_userid)
        relation.gone, relation.gone_at = f"by_{by}", self._world.now()
        change = "del_follow_user" if by == "customer" else "del_external_contact"
        return await self._events.contact(change, external_userid, userid)

    async def edits(
        self, userid: str, external_userid: str, *, add_tags: Iterable[str] = (), remove_tags: Iterable[str] = (), **fields: Any
    ) -> list[Delivery]:
        """The employee changes tags, or remark, description, remark_company or remark_mobiles, in the client: edit_external_contact."""
        relation = self._friend(external_userid, userid)
        unknown = fields.keys() - {*LENGTHS, "remark_mobiles"}
        if unknown:
            raise SimulatorError(f"客户资料没有字段 {'、'.join(sorted(unknown))}")
        self.before(external_userid)
        relation.tags = relation.tags - set(remove_tags) | set(add_tags)
        for name, value in fields.items():
            setattr(relation, name, value)
        return await self._events.contact("edit_external_contact", external_userid, userid)

    async def agrees(self, external_userid: str, userid: str) -> list[Delivery]:
        """The customer agrees that what they write to this employee is archived: msg_audit_approved."""
        relation = self._friend(external_userid, userid)
        relation.agreed, relation.agreed_at = "Agree", self._world.now()
        return await self._told("msg_audit_approved", external_userid, userid, relation)

    def disagrees(self, external_userid: str, userid: str) -> None:
        """The customer does not agree (any more): no callback tells, only the archive's own API."""
        relation = self._friend(external_userid, userid)
        relation.agreed, relation.agreed_at = "Disagree", self._world.now()

    def chatted(self, external_userid: str, userid: str) -> None:
        """They talked in private (words no API tells): mass messages without a sender go through this employee, and no welcome is due."""
        relation = self._friend(external_userid, userid)
        relation.last_chat, relation.talked = self._world.now(), True

    # What the API does.

    def listing(self, query: dict[str, Any]) -> dict[str, Any]:
        """externalcontact/list?userid=."""
        userid = str(query.get("userid") or "")
        self._world.must_see(userid)
        found = [each.external_userid for each in self._world.customers.values() if self._listed(each.relations.get(userid))]
        if not found:
            raise ApiError(84061, "not external contact")
        return {"external_userid": found}

    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """externalcontact/get?external_userid=; the followers 500 at a time, as they were ``read_lag_seconds`` ago."""
        customer = self._world.customers.get(str(query.get("external_userid") or ""))
        if customer is None:
            raise ApiError(40096, "invalid external userid")
        relations = self._lag.seen(customer.external_userid, customer.relations)
        rows = [
            self._follower(userid, relation)
            for userid, relation in relations.items()
            if self._told_of(relation) and self._world.asked.app.sees(userid)
        ]
        if not rows:
            raise ApiError(84061, "not external contact")
        some, cursor = page(self._world, f"followers:{customer.external_userid}", rows, query, default=500, most=500)
        return {"external_contact": self._card(customer), "follow_user": some, "next_cursor": cursor}

    def follow_users(self, query: dict[str, Any]) -> dict[str, Any]:
        """externalcontact/get_follow_user_list."""
        sees = self._world.asked.app.sees
        return {"follow_user": [userid for userid, staff in self._world.staff.items() if staff.active and sees(userid)]}

    def by_user(self, body: dict[str, Any]) -> dict[str, Any]:
        """externalcontact/batch/get_by_user: one row per (employee, customer)."""
        wanted = texts_of(body, "userid_list", 100, 1)
        found: dict[str, list[tuple[Customer, str, Relation]]] = {userid: [] for userid in wanted}
        for userid in found:
            self._world.must_see(userid)
        for customer in self._world.customers.values():
            for userid, relation in customer.relations.items():
                if userid in found and self._listed(relation):
                    found[userid].append((customer, userid, relation))
        rows = [row for rows in found.values() for row in rows]
        some, cursor = page(self._world, f"by_user:{'|'.join(wanted)}", rows, body, default=50, most=100)
        listed = [{"external_contact": self._card(customer), "follow_info": self._info(userid, tie)} for customer, userid, tie in some]
        return {"external_contact_list": listed, "next_cursor": cursor}

    def remark(self, body: dict[str, Any]) -> dict[str, Any]:
        """externalcontact/remark: at least one field; mobiles replace the old list, ``[""]`` clears it."""
        relation = self.friend(body)
        given = {name: body[name] for name in (*LENGTHS, "remark_mobiles", "remark_pic_mediaid") if body.get(name) is not None}
        if not given:
            raise ApiError(40058, "nothing to change")
        for name, most in LENGTHS.items():
            if not isinstance(given.get(name, ""), str) or len(given.get(name, "")) > most:
                raise ApiError(40058, f"{name} is too long")
        mobiles = texts_of(body, "remark_mobiles", 20)
        for name in LENGTHS.keys() & given.keys():
            setattr(relation, name, given[name])
        if mobiles:
            relation.remark_mobiles = [mobile for mobile in mobiles if mobile]
        return {}

    def friend(self, body: dict[str, Any]) -> Relation:
        """The relation of ``userid`` and ``external_userid`` of a body; raises ApiError 60111, 60011, 40096 or 84061."""
        userid = str(body.get("userid") or "")
        self._world.must_see(userid)
        customer = self._world.customers.get(str(body.get("external_userid") or ""))
        if customer is None:
            raise ApiError(40096, "invalid external userid")
        relation = customer.relations.get(userid)
        if relation is None or not self._told_of(relation):
            raise ApiError(84061, "not external contact")
        return relation

    def before(self, external_userid: str) -> None:
        """To be called before a person changes a relation of this customer, so that reads may lag."""
        self._lag.note(external_userid, copy.deepcopy(self._world.the_customer(external_userid).relations))

    # Parts.

    def _new(self, external_userid: str, userid: str, state: str, add_way: int) -> Relation:
        customer, staff, now = self._world.the_customer(external_userid), self._world.the_staff(userid), self._world.now()
        known = customer.relations.get(userid)
        if known is not None and not known.gone:
            raise SimulatorError(f"客户 {external_userid} 与员工 {userid} 已经是好友")
        if not staff.active:
            raise SimulatorError(f"员工 {userid} 已经离职或停用，不能添加客户")
        self.before(external_userid)
        relation = Relation(now, now, state=state, add_way=add_way, oper_userid=external_userid)
        customer.relations[userid] = relation
        self._welcomes.begin(external_userid, userid)
        return relation

    async def _told(self, change: str, external_userid: str, userid: str, relation: Relation) -> list[Delivery]:
        code = self._welcomes.issue(external_userid, userid, relation)
        extra = {name: value for name, value in (("State", relation.state), ("WelcomeCode", code)) if value}
        return await self._events.contact(change, external_userid, userid, extra)

    def _friend(self, external_userid: str, userid: str) -> Relation:
        relation = self._world.the_customer(external_userid).relations.get(userid)
        if relation is None or relation.gone:
            raise SimulatorError(f"客户 {external_userid} 与员工 {userid} 现在不是好友")
        return relation

    def _told_of(self, relation: Relation) -> bool:
        """Whether get tells of it; half friendships too."""
        if relation.gone == "by_staff":
            return False
        return not relation.gone or not self._world.knobs.customer_deletion_visible

    def _listed(self, relation: Relation | None) -> bool:
        return relation is not None and relation.confirmed and self._told_of(relation)

    @staticmethod
    def _card(customer: Customer) -> dict[str, Any]:
        kind = 2 if customer.wecom_user else 1
        card: dict[str, Any] = {"external_userid": customer.external_userid, "name": customer.name, "avatar": "", "type": kind, "gender": 0}
        return {**card, "unionid": customer.unionid} if customer.unionid and kind == 1 else card

    def _follower(self, userid: str, relation: Relation) -> dict[str, Any]:
        row: dict[str, Any] = {"userid": userid, "remark": relation.remark, "description": relation.description}
        row |= {"createtime": int(relation.since.timestamp()), "tags": [self._tag(each) for each in sorted(relation.tags)]}
        row |= {"remark_corp_name": relation.remark_company, "remark_mobiles": [*relation.remark_mobiles]}
        row |= {"add_way": relation.add_way, "oper_userid": relation.oper_userid or userid}
        return {**row, **({"state": relation.state} if relation.state else {})}

    def _info(self, userid: str, relation: Relation) -> dict[str, Any]:
        info = self._follower(userid, relation)
        info["tag_id"] = [tag["tag_id"] for tag in info.pop("tags")]
        return info

    def _tag(self, tag_id: str) -> dict[str, Any]:
        group, name = self.tag_names(tag_id)
        return {"group_name": group, "tag_name": name, "tag_id": tag_id, "type": 1}
