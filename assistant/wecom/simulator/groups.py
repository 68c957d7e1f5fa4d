"""Customer groups: what the API tells of them, and what people do in them, told with versions.

Documented: create, update (five details) and dismiss; JoinScene 0 and 3 in events but join_scene 1, 2, 3 in the API; several members in
one event; LastMemVer chains to CurMemVer; details lag 2 s; 81017 for more than 1000 members without a filter. Inferred: a change_name
event carries the member versions too, equal to each other. Guessed: 40050 for an unknown group; events of all groups are told, whoever
owns them.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from assistant.wecom.simulator.callbacks import Delivery
from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.lag import Lag
from assistant.wecom.simulator.paging import int_of, page, part_of, texts_of
from assistant.wecom.simulator.sysevents import Fields, SysEvents
from assistant.wecom.simulator.world import ApiError, Group, Joined, SimulatorError, World

EVENT_SCENE = {1: 0, 2: 0, 3: 3}
OWNERS_WITHOUT_FILTER = 1000


class Groups:
    """Only groups with an owner are customer groups; internal ones are told to nobody."""

    def __init__(self, world: World, events: SysEvents) -> None:
        self._world = world
        self._events = events
        self._lag: Lag[Group] = Lag(world)

    def routes(self) -> Routes:
        return {
            "externalcontact/groupchat/list": ("contact", self.listing),
            "externalcontact/groupchat/get": ("contact", self.get),
            "externalcontact/opengid_to_chatid": ("contact", self.opengid_to_chatid),
        }

    # What the API does.

    def listing(self, body: dict[str, Any]) -> dict[str, Any]:
        """groupchat/list: by state and owner."""
        status, owners = int_of(body.get("status_filter") or 0, "status_filter"), part_of(body, "owner_filter")
        wanted = texts_of(owners, "userid_list", 100)
        if not 0 <= status <= 3 or not body.get("limit"):
            raise ApiError(40058, "invalid status_filter or limit")
        for userid in wanted:
            self._world.must_see(userid)
        app = self._world.asked.app
        if not wanted and sum(app.sees(userid) for userid in self._world.staff) > OWNERS_WITHOUT_FILTER:
            raise ApiError(81017, "too many members without owner_filter")
        groups = [group for group in self.customer_groups() if app.sees(group.owner) and (not wanted or group.owner in wanted)]
        rows = [{"chat_id": group.chatid, "status": group.status} for group in groups if status in (0, group.status)]
        some, cursor = page(self._world, f"groups:{status}:{'|'.join(wanted)}", rows, body, default=1000, most=1000)
        return {"group_chat_list": some, "next_cursor": cursor}

    def get(self, body: dict[str, Any]) -> dict[str, Any]:
        """groupchat/get, as it was ``read_lag_seconds`` ago."""
        group = self.known(str(body.get("chat_id") or ""))
        group, named = self._lag.seen(group.chatid, group), int_of(body.get("need_name") or 0, "need_name")
        told: dict[str, Any] = {"chat_id": group.chatid, "name": group.name, "owner": group.owner, "notice": group.notice}
        told |= {"create_time": int((group.created or self._world.now()).timestamp()), "member_version": group.version}
        members = [self._member(group, each, bool(named)) for each in group.members]
        return {"group_chat": {**told, "member_list": members, "admin_list": [{"userid": userid} for userid in group.admins]}}

    def opengid_to_chatid(self, body: dict[str, Any]) -> dict[str, Any]:
        """The opengid of a group is here its chat_id after ``og_``."""
        opengid = str(body.get("opengid") or "")
        if not opengid.startswith("og_") or opengid[3:] not in {group.chatid for group in self.customer_groups()}:
            raise ApiError(90511, "invalid opengid")
        return {"chat_id": opengid[3:]}

    def customer_groups(self) -> Sequence[Group]:
        return [group for group in self._world.groups.values() if group.owner and not group.dismissed]

    def known(self, chatid: str) -> Group:
        """A customer group that the app sees; raises ApiError 40050 otherwise (guessed)."""
        group = self._world.groups.get(chatid)
        if group is None or not group.owner or group.dismissed:
            raise ApiError(40050, "invalid chat_id")
        if not self._world.asked.app.sees(group.owner):
            raise ApiError(60011, "no privilege to access this group")
        return group

    # What people do.

    async def creates(self, owner: str, chatid: str, name: str, members: Sequence[str]) -> list[Delivery]:
        self._world.the_staff(owner)
        self._world.add_group(chatid, name, dict.fromkeys([owner, *members]), owner)
        return await self._events.tell("change_external_chat", "create", {"ChatId": chatid})

    async def joins(self, chatid: str, people: Sequence[str], *, scene: int = 3, invitor: str = "", state: str = "") -> list[Delivery]:
        """Some come in together: one event; ``scene`` as in the API (1 invited, 2 invite link, 3 QR code)."""
        group = self._customer_group(chatid)
        fresh = [person for person in dict.fromkeys(people) if person not in group.members]
        if not fresh or scene not in EVENT_SCENE:
            raise SimulatorError(f"没有新人进群 {chatid}，或进群方式不是 1、2、3")
        for person in fresh:
            if person not in self._world.customers:
                self._world.the_staff(person)
        self._before(group)
        now, last = self._world.now(), self._turn(group)
        group.members = [*group.members, *fresh]
        group.joined |= {person: Joined(now, scene, invitor, state) for person in fresh}
        more: Fields = {"JoinScene": EVENT_SCENE[scene], "MemChangeCnt": len(fresh), "MemChangeList": fresh}
        return await self._updated(group, "add_member", last, more)

    async def leaves(self, chatid: str, people: Sequence[str], *, removed: bool = False) -> list[Delivery]:
        """Some go together: by themselves (QuitScene 0) or thrown out (1)."""
        group = self._customer_group(chatid)
        gone = [person for person in dict.fromkeys(people) if person in group.members and person != group.owner]
        if not gone:
            raise SimulatorError(f"这些人都不在群 {chatid} 里，或者是群主")
        self._before(group)
        last = self._turn(group)
        group.members = [person for person in group.members if person not in gone]
        group.admins = [person for person in group.admins if person not in gone]
        group.joined = {person: how for person, how in group.joined.items() if person not in gone}
        more: Fields = {"QuitScene": int(removed), "MemChangeCnt": len(gone), "MemChangeList": gone}
        return await self._updated(group, "del_member", last, more)

    async def renames(self, chatid: str, name: str) -> list[Delivery]:
        group = self._customer_group(chatid)
        self._before(group)
        group.name = name
        return await self._updated(group, "change_name", group.version, {"JoinScene": 0, "MemChangeCnt": 0})

    async def announces(self, chatid: str, notice: str) -> list[Delivery]:
        """A new notice of the group."""
        group = self._customer_group(chatid)
        self._before(group)
        group.notice = notice
        return await self._updated(group, "change_notice", group.version, {})

    async def hands_over(self, chatid: str, owner: str) -> list[Delivery]:
        """Another member of staff in the group becomes its owner."""
        group = self._customer_group(chatid)
        self._world.the_staff(owner)
        if owner not in group.members:
            raise SimulatorError(f"员工 {owner} 不在群 {chatid} 里，不能做群主")
        self._before(group)
        group.owner = owner
        return await self._updated(group, "change_owner", group.version, {})

    async def dismisses(self, chatid: str) -> list[Delivery]:
        group = self._customer_group(chatid)
        self._before(group)
        group.dismissed = True
        return await self._events.tell("change_external_chat", "dismiss", {"ChatId": chatid})

    def appoints(self, chatid: str, admins: Sequence[str]) -> None:
        """Who helps the owner; no event tells it."""
        group = self._customer_group(chatid)
        group.admins = [userid for userid in admins if userid in group.members and userid in self._world.staff]

    # Parts.

    def _customer_group(self, chatid: str) -> Group:
        group = self._world.the_group(chatid)
        if not group.owner or group.dismissed:
            raise SimulatorError(f"群 {chatid} 不是客户群，或者已经解散")
        return group

    def _before(self, group: Group) -> None:
        self._lag.note(group.chatid, replace(group, members=[*group.members], joined=copy.copy(group.joined), admins=[*group.admins]))

    def _turn(self, group: Group) -> str:
        """Gives the list of members a new version; answers the one before."""
        last, group.version = group.version, self._world.new_id("")
        return last

    async def _updated(self, group: Group, detail: str, last: str, more: Fields) -> list[Delivery]:
        versions: Fields = {"LastMemVer": last, "CurMemVer": group.version}
        fields: Fields = {"ChatId": group.chatid, "UpdateDetail": detail, **more, **versions}
        return await self._events.tell("change_external_chat", "update", fields)

    def _member(self, group: Group, person: str, named: bool) -> dict[str, Any]:
        how, customer = group.joined.get(person) or Joined(group.created or self._world.now()), self._world.customers.get(person)
        row: dict[str, Any] = {"userid": person, "type": 2 if customer else 1, "join_time": int(how.at.timestamp())}
        row |= {"join_scene": how.scene, "group_nickname": ""}
        if how.invitor:
            row["invitor"] = {"userid": how.invitor}
        if how.state:
            row["state"] = how.state
        if customer is not None and customer.unionid and not customer.wecom_user:
            row["unionid"] = customer.unionid
        if named:
            row["name"] = customer.name if customer else self._world.staff[person].name
        return row
