"""Customer contact (客户联系): who is whose friend, the events of friendship, and the welcome message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from assistant.wecom.simulator.callbacks import Callbacks, Delivery, to_xml
from assistant.wecom.simulator.config import SimulatorConfig
from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.world import ApiError, Customer, PhoneMessage, Relation, SimulatorError, World, cut


@dataclass
class _Welcome:
    external_userid: str
    userid: str
    until: datetime
    used: bool = False


class Contacts:
    """Events go to the app's callback URL without AgentID; ``FromUserName`` is always ``sys``."""

    def __init__(self, config: SimulatorConfig, world: World, callbacks: Callbacks) -> None:
        self._corp_id = config.corp_id
        self._world = world
        self._callbacks = callbacks
        self._welcomes: dict[str, _Welcome] = {}

    def routes(self) -> Routes:
        return {
            "GET externalcontact/list": ("contact", self.list),
            "GET externalcontact/get": ("contact", self.get),
            "GET externalcontact/get_follow_user_list": ("contact", self.follow_users),
            "externalcontact/batch/get_by_user": ("contact", self.by_user),
            "externalcontact/send_welcome_msg": ("contact", self.send_welcome),
        }

    async def adds(self, external_userid: str, userid: str, state: str = "") -> list[Delivery]:
        """A customer and an employee become friends; the event carries a WelcomeCode of 20 s."""
        customer, now = self._world.the_customer(external_userid), self._world.now()
        self._world.the_staff(userid)
        customer.relations[userid] = Relation(now, now, state=state)
        code = self._world.new_id("WELCOME")
        self._welcomes[code] = _Welcome(external_userid, userid, now + timedelta(seconds=20))
        extra: dict[str, str | int] = {"State": state} if state else {}
        return await self._event("add_external_contact", external_userid, userid, {**extra, "WelcomeCode": code})

    async def deletes(self, external_userid: str, userid: str, by: str = "customer") -> list[Delivery]:
        """One side ends the friendship: ``by`` customer → del_follow_user, staff → del_external_contact."""
        relation = self._world.the_customer(external_userid).relations.get(userid)
        if relation is None or relation.gone or by not in ("customer", "staff"):
            raise SimulatorError(f"客户 {external_userid} 与员工 {userid} 现在不是好友，或删除方写错了（customer 或 staff）")
        relation.gone = f"by_{by}"
        return await self._event("del_follow_user" if by == "customer" else "del_external_contact", external_userid, userid, {})

    def chatted(self, external_userid: str, userid: str) -> None:
        """They talked in private (words no API tells): mass messages without a sender now go through this employee."""
        relation = self._world.the_customer(external_userid).relations.get(userid)
        if relation is None or relation.gone:
            raise SimulatorError(f"客户 {external_userid} 与员工 {userid} 现在不是好友")
        relation.last_chat = self._world.now()

    async def _event(self, change: str, external_userid: str, userid: str, extra: dict[str, str | int]) -> list[Delivery]:
        fields: dict[str, str | int] = {"ToUserName": self._corp_id, "FromUserName": "sys", "CreateTime": self._world.seconds()}
        fields |= {"MsgType": "event", "Event": "change_external_contact", "ChangeType": change}
        return await self._callbacks.deliver("app", to_xml({**fields, "UserID": userid, "ExternalUserID": external_userid, **extra}))

    def send_welcome(self, body: dict[str, Any]) -> dict[str, Any]:
        """externalcontact/send_welcome_msg: text first, then each attachment, once within 20 s."""
        welcome = self._welcomes.get(str(body.get("welcome_code", "")))
        if welcome is None:
            raise ApiError(41050, "invalid or expired welcome_code")
        if welcome.used:
            raise ApiError(41051, "welcome has been delivered or they are chatting already")
        if self._world.now() > welcome.until:
            raise ApiError(41050, "invalid or expired welcome_code")
        part, attachments = body.get("text"), body.get("attachments") or []
        text = cut(str(part.get("content", "")), 4000) if isinstance(part, dict) else ""
        if (not text and not attachments) or len(attachments) > 9:
            raise ApiError(40058, "text and attachments are both empty, or too many attachments")
        welcome.used = True
        phone, now = self._world.customers[welcome.external_userid].phone, self._world.now()
        if text:
            phone.append(PhoneMessage(now, welcome.userid, text, "welcome"))
        for attachment in attachments:
            kind = str(attachment.get("msgtype", "unknown"))
            inner = dict(attachment.get(kind) or {})
            phone.append(PhoneMessage(now, welcome.userid, str(inner.get("title", "")), "welcome", kind, body=inner))
        return {}

    def list(self, query: dict[str, Any]) -> dict[str, Any]:
        """externalcontact/list?userid=."""
        userid = str(query.get("userid", ""))
        if userid not in self._world.staff:
            raise ApiError(60111, "userid not found")
        found = [each.external_userid for each in self._world.customers.values() if self._visible(each.relations.get(userid))]
        if not found:
            raise ApiError(84061, "not external contact")
        return {"external_userid": found}

    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """externalcontact/get?external_userid=."""
        customer = self._world.customers.get(str(query.get("external_userid", "")))
        if customer is None:
            raise ApiError(40096, "invalid external userid")
        followers = [self._follower(userid, relation) for userid, relation in customer.relations.items() if self._visible(relation)]
        if not followers:
            raise ApiError(84061, "not external contact")
        return {"external_contact": self._card(customer), "follow_user": followers, "next_cursor": ""}

    def follow_users(self, query: dict[str, Any]) -> dict[str, Any]:
        """externalcontact/get_follow_user_list."""
        return {"follow_user": [userid for userid, staff in self._world.staff.items() if staff.active]}

    def by_user(self, body: dict[str, Any]) -> dict[str, Any]:
        """externalcontact/batch/get_by_user: one row per (employee, customer)."""
        wanted, cursor, limit = body.get("userid_list") or [], str(body.get("cursor") or "b0"), body.get("limit") or 50
        if not isinstance(wanted, list) or not 1 <= len(wanted) <= 100 or not isinstance(limit, int) or not 1 <= limit <= 100:
            raise ApiError(40058, "invalid userid_list or limit")
        if not cursor.startswith("b") or not cursor[1:].isdecimal():
            raise ApiError(50100, "invalid cursor")
        rows = []
        for userid in wanted:
            for customer in self._world.customers.values():
                relation = customer.relations.get(userid)
                if relation is not None and self._visible(relation):
                    info = self._follower(userid, relation)
                    info["tag_id"] = [tag["tag_id"] for tag in info.pop("tags")]
                    rows.append({"external_contact": self._card(customer), "follow_info": info})
        end = int(cursor[1:]) + limit
        return {"external_contact_list": rows[int(cursor[1:]) : end], "next_cursor": f"b{end}" if end < len(rows) else ""}

    def _visible(self, relation: Relation | None) -> bool:
        if relation is None or relation.gone == "by_staff":
            return False
        return not relation.gone or not self._world.knobs.customer_deletion_visible

    @staticmethod
    def _card(customer: Customer) -> dict[str, Any]:
        card = {"external_userid": customer.external_userid, "name": customer.name, "avatar": "", "type": 1, "gender": 0}
        return {**card, "unionid": customer.unionid} if customer.unionid else card

    @staticmethod
    def _follower(userid: str, relation: Relation) -> dict[str, Any]:
        tags = [{"group_name": "", "tag_name": tag, "tag_id": tag, "type": 1} for tag in sorted(relation.tags)]
        row = {"userid": userid, "remark": "", "description": "", "createtime": int(relation.since.timestamp()), "tags": tags}
        return {**row, "add_way": 1, "oper_userid": userid, **({"state": relation.state} if relation.state else {})}
