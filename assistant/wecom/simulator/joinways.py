"""Ways into customer groups: codes that lead into one of up to five groups, made by the API and scanned by customers.

Documented: at most 5 groups (41091), the API's join_scene 3 and the event's JoinScene 3, state on the member, a new group when all are
full and auto_create_room is set. Guessed: a group is full at 200 by this way (knob), 40058 for an unknown config_id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from assistant.wecom.simulator.callbacks import Delivery
from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.groups import Groups
from assistant.wecom.simulator.paging import int_of, texts_of
from assistant.wecom.simulator.ways import qr_code
from assistant.wecom.simulator.world import ApiError, Group, SimulatorError, World

KEPT = ("scene", "remark", "auto_create_room", "room_base_name", "room_base_id", "chat_id_list", "state", "mark_source")
GROUPS_MOST = 5


@dataclass
class JoinWay:
    """``opened`` counts the groups that were made because all were full."""

    config_id: str
    body: dict[str, Any]
    opened: int = 0

    def to_json(self) -> dict[str, Any]:
        told = {"config_id": self.config_id, "qr_code": qr_code(self.config_id)}
        return {**told, **{name: self.body[name] for name in KEPT if name in self.body}}


class JoinWays:
    """API verbs, and ``scans`` for customers."""

    def __init__(self, world: World, groups: Groups) -> None:
        self._world = world
        self._groups = groups
        self.ways: dict[str, JoinWay] = {}

    def routes(self) -> Routes:
        return {
            "externalcontact/groupchat/add_join_way": ("contact", self.add),
            "externalcontact/groupchat/get_join_way": ("contact", self.get),
            "externalcontact/groupchat/update_join_way": ("contact", self.update),
            "externalcontact/groupchat/del_join_way": ("contact", self.delete),
        }

    async def scans(self, external_userid: str, config_id: str) -> list[Delivery]:
        """A customer scans the code and is in the first group with room; the event tells JoinScene 3."""
        way = self.ways.get(config_id)
        if way is None:
            raise SimulatorError(f"没有进群二维码 {config_id}，可能已经删除")
        self._world.the_customer(external_userid)
        groups = [group for group in map(self._world.the_group, way.body["chat_id_list"]) if not group.dismissed]
        if any(external_userid in group.members for group in groups):
            raise SimulatorError(f"客户 {external_userid} 已经在这个二维码的群里")
        state = str(way.body.get("state") or "")
        told: list[Delivery] = []
        target = next((group for group in groups if len(group.members) < self._world.knobs.join_way_members_most), None)
        if target is None:
            target, told = await self._another(way, groups)
        return told + await self._groups.joins(target.chatid, [external_userid], scene=3, state=state)

    async def _another(self, way: JoinWay, groups: list[Group]) -> tuple[Group, list[Delivery]]:
        if not way.body.get("auto_create_room", 1) or not groups:
            raise SimulatorError(f"进群二维码 {way.config_id} 的群都满了或已解散")
        way.opened += 1
        number = int_of(way.body.get("room_base_id") or 1, "room_base_id") + way.opened - 1
        name, chatid = f"{way.body.get('room_base_name') or groups[0].name}{number}", self._world.new_id("wr")
        told = await self._groups.creates(groups[0].owner, chatid, name, [])
        way.body["chat_id_list"] = [*way.body["chat_id_list"], chatid][-GROUPS_MOST:]
        return self._world.the_group(chatid), told

    def add(self, body: dict[str, Any]) -> dict[str, Any]:
        way = JoinWay(self._world.new_id("jcfg"), self._checked(body))
        self.ways[way.config_id] = way
        return {"config_id": way.config_id}

    def get(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"join_way": self._known(body).to_json()}

    def update(self, body: dict[str, Any]) -> dict[str, Any]:
        """Replaces everything, as the documents say."""
        way = self._known(body)
        way.body = self._checked(body)
        return {}

    def delete(self, body: dict[str, Any]) -> dict[str, Any]:
        del self.ways[self._known(body).config_id]
        return {}

    def _known(self, body: dict[str, Any]) -> JoinWay:
        way = self.ways.get(str(body.get("config_id") or ""))
        if way is None:
            raise ApiError(40058, "invalid config_id")
        return way

    def _checked(self, body: dict[str, Any]) -> dict[str, Any]:
        chats = texts_of(body, "chat_id_list", 1000, 1)
        if body.get("scene") not in (1, 2) or len(str(body.get("state") or "")) > 30 or len(str(body.get("remark") or "")) > 30:
            raise ApiError(40058, "invalid scene, state or remark")
        if len(chats) > GROUPS_MOST:
            raise ApiError(41091, "too many groups in one join way")
        for chatid in chats:
            self._groups.known(chatid)
        return {name: body[name] for name in KEPT if name in body}
