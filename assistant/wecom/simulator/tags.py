"""The tag library of the corp and the tags on (member, customer) pairs.

Documented: groups and tags, no empty group, duplicates collapse, 40126 over 10 000, tags belong to the pair, 81011 for another app's
tags, no callback for changes by the API, deleting a group tells nothing of its tags. Guessed: 40068 for an unknown tag, order of the
listing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from assistant.wecom.simulator.callbacks import Delivery
from assistant.wecom.simulator.contacts import Contacts
from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.paging import int_of, texts_of
from assistant.wecom.simulator.sysevents import SysEvents
from assistant.wecom.simulator.world import ApiError, Relation, SimulatorError, World

ADMIN = 0
"""The maker of tags made by people in the admin's pages."""


@dataclass
class Tag:
    id: str
    name: str
    made: int
    order: int = 0

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "create_time": self.made, "order": self.order}


@dataclass
class TagGroup:
    """``maker`` is the agentid of the app that made it, 0 for people."""

    id: str
    name: str
    made: int
    maker: int
    order: int = 0
    tags: list[Tag] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        head = {"group_id": self.id, "group_name": self.name, "create_time": self.made, "order": self.order}
        return {**head, "tag": [tag.to_json() for tag in sorted(self.tags, key=lambda tag: -tag.order)]}


class Tags:
    """API verbs, and what people do in the admin's pages and in the client."""

    def __init__(self, world: World, events: SysEvents, contacts: Contacts) -> None:
        self._world = world
        self._events = events
        self._contacts = contacts
        self.groups: dict[str, TagGroup] = {}
        contacts.tag_names = self.names

    def routes(self) -> Routes:
        return {
            "externalcontact/get_corp_tag_list": ("contact", self.listing),
            "externalcontact/add_corp_tag": ("contact", self.add),
            "externalcontact/edit_corp_tag": ("contact", self.edit),
            "externalcontact/del_corp_tag": ("contact", self.delete),
            "externalcontact/mark_tag": ("contact", self.mark),
        }

    def names(self, tag_id: str) -> tuple[str, str]:
        """(group, tag) names; a tag that is in no group is shown by its id."""
        for group in self.groups.values():
            for tag in group.tags:
                if tag.id == tag_id:
                    return group.name, tag.name
        return "", tag_id

    # What the API does.

    def listing(self, body: dict[str, Any]) -> dict[str, Any]:
        """get_corp_tag_list: all, or the named groups, or the groups of the named tags with only those."""
        wanted, tags = texts_of(body, "group_id", 1000), texts_of(body, "tag_id", 1000)
        groups = sorted(self.groups.values(), key=lambda group: -group.order)
        if wanted:
            groups = [group for group in groups if group.id in wanted]
        elif tags:
            narrowed = [replace(group, tags=[tag for tag in group.tags if tag.id in tags]) for group in groups]
            groups = [group for group in narrowed if group.tags]
        return {"tag_group": [group.to_json() for group in groups]}

    def add(self, body: dict[str, Any]) -> dict[str, Any]:
        """add_corp_tag: into a group by id or name, which is made if it is not there; answers the group with the tags asked for."""
        rows = body.get("tag") or []
        if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
            raise ApiError(40058, "a group needs a tag")
        wanted = {_name(row.get("name")): int_of(row.get("order") or 0, "order") for row in rows}
        group_id, name = str(body.get("group_id") or ""), str(body.get("group_name") or "")
        if group_id and group_id not in self.groups:
            raise ApiError(40068, "invalid group_id")
        group = self.groups.get(group_id) or next((each for each in self.groups.values() if each.name == name), None)
        known = {tag.name for tag in group.tags} if group else set()
        if sum(len(each.tags) for each in self.groups.values()) + len(wanted.keys() - known) > self._world.knobs.corp_tags_most:
            raise ApiError(40126, "too many corp tags")
        if group is None:
            group = self._new_group(_name(name), self._world.asked.app.agentid, int_of(body.get("order") or 0, "order"))
        self._fill(group, wanted)
        return {"tag_group": replace(group, tags=[tag for tag in group.tags if tag.name in wanted]).to_json()}

    def edit(self, body: dict[str, Any]) -> dict[str, Any]:
        """edit_corp_tag: name or order of a group or a tag of the same app."""
        which = str(body.get("id") or "")
        group, tag = self._find(which)
        self._check_own(group)
        target: Tag | TagGroup = tag or group
        if body.get("name"):
            name = _name(body["name"])
            rivals: list[Tag] | list[TagGroup] = group.tags if tag else [*self.groups.values()]
            if any(each.name == name and each is not target for each in rivals):
                raise ApiError(40071, "name is taken")
            target.name = name
        if "order" in body:
            target.order = int_of(body["order"], "order")
        return {}

    def delete(self, body: dict[str, Any]) -> dict[str, Any]:
        """del_corp_tag: tags and groups of the same app; a group without tags goes too."""
        tags, groups = texts_of(body, "tag_id", 1000), texts_of(body, "group_id", 1000)
        if not tags and not groups:
            raise ApiError(40058, "tag_id and group_id are both empty")
        found = [self._find(which) for which in [*tags, *groups]]
        for group, _ in found:
            self._check_own(group)
        for group, tag in found:
            self._drop(group, tag)
        return {}

    def mark(self, body: dict[str, Any]) -> dict[str, Any]:
        """mark_tag on one pair; overlapping calls for it are refused with 45035 before this."""
        relation = self._contacts.friend(body)
        add, remove = texts_of(body, "add_tag", 1000), texts_of(body, "remove_tag", 1000)
        if not add and not remove:
            raise ApiError(40058, "add_tag and remove_tag are both empty")
        known = {tag.id for group in self.groups.values() for tag in group.tags}
        if set(add) - known or set(remove) - known - relation.tags:
            raise ApiError(40068, "invalid tagid")
        relation.tags = relation.tags - set(remove) | set(add)
        return {}

    # What people do.

    async def admin_makes(self, group_name: str, names: list[str]) -> list[Delivery]:
        """Tags made in the admin's pages; a new group and each new tag are told."""
        group = next((each for each in self.groups.values() if each.name == group_name), None)
        told: list[Delivery] = []
        if group is None:
            group = self._new_group(group_name, ADMIN, 0)
            told += await self._told(group.id, "tag_group", "create")
        for tag in self._fill(group, dict.fromkeys(names, 0)):
            told += await self._told(tag.id, "tag", "create")
        return told

    async def admin_renames(self, which: str, name: str) -> list[Delivery]:
        group, tag = self._known(which)
        (tag or group).name = name
        return await self._told(which, "tag" if tag else "tag_group", "update")

    async def admin_deletes(self, which: str) -> list[Delivery]:
        """A tag or a whole group; of a group's tags nothing is told."""
        group, tag = self._known(which)
        self._drop(group, tag)
        return await self._told(which, "tag" if tag else "tag_group", "delete")

    async def admin_shuffles(self, group_id: str = "") -> list[Delivery]:
        """A new order of the tags of one group, or of all groups (empty Id); there is no TagType."""
        shuffled: Sequence[Tag | TagGroup] = self._known(group_id)[0].tags if group_id else [*self.groups.values()]
        for number, each in enumerate(shuffled):
            each.order = number
        return await self._events.tell("change_external_tag", "shuffle", {"Id": group_id})

    # Parts.

    async def _told(self, which: str, kind: str, change: str) -> list[Delivery]:
        return await self._events.tell("change_external_tag", change, {"Id": which, "TagType": kind})

    def _new_group(self, name: str, maker: int, order: int) -> TagGroup:
        group = TagGroup(self._world.new_id("etg"), name, self._world.seconds(), maker, order)
        self.groups[group.id] = group
        return group

    def _fill(self, group: TagGroup, wanted: dict[str, int]) -> list[Tag]:
        known = {tag.name for tag in group.tags}
        fresh = [Tag(self._world.new_id("et"), name, self._world.seconds(), order) for name, order in wanted.items() if name not in known]
        group.tags += fresh
        return fresh

    def _find(self, which: str) -> tuple[TagGroup, Tag | None]:
        for group in self.groups.values():
            if group.id == which:
                return group, None
            for tag in group.tags:
                if tag.id == which:
                    return group, tag
        raise ApiError(40068, "invalid tagid")

    def _known(self, which: str) -> tuple[TagGroup, Tag | None]:
        try:
            return self._find(which)
        except ApiError:
            raise SimulatorError(f"没有标签或标签组 {which}") from None

    def _check_own(self, group: TagGroup) -> None:
        if group.maker != self._world.asked.app.agentid:
            raise ApiError(81011, "no permission to change tags of others")

    def _drop(self, group: TagGroup, tag: Tag | None) -> None:
        gone = {tag.id} if tag else {each.id for each in group.tags}
        group.tags = [each for each in group.tags if each.id not in gone]
        if not group.tags:
            self.groups.pop(group.id, None)
        for customer in self._world.customers.values():
            for relation in customer.relations.values():
                _take(relation, gone)


def _take(relation: Relation, tags: set[str]) -> None:
    if relation.tags & tags:
        relation.tags -= tags


def _name(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 30:
        raise ApiError(40058, "invalid name")
    return value
