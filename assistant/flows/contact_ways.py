"""Ways in (联系我 and join codes): told to WeCom by a job, and what follows when somebody comes by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from assistant import access
from assistant.base.errors import LaoyouError, Transient
from assistant.domain import audience, benefits, contacts
from assistant.domain.contacts import Way, WayTurn
from assistant.flows.contact_look import ME
from assistant.flows.contact_welcome import check_greeting
from assistant.jobs import Handler, Job
from assistant.store import Due, Store, Work
from assistant.wecom import Unknown, WeComClient, calls_contact
from assistant.wecom.calls import every

TELL = "contact.way"
ERRORS = {
    41041: "一个码最多 100 位成员（部门展开后合计）",
    41045: "企业的渠道码已达 50 万个上限，请先删除不用的",
    41054: "选的成员还没有激活或实名，不能用来加好友",
    41091: "一个入群码最多 5 个群",
}
"""What the limits of §3.8 mean for the person who made the way."""

Stage = Callable[[str], None]


def save_way(work: Work, request: contacts.SaveWay) -> contacts.SavedWay:
    """``contacts.save_way`` after greeting and benefit were read by the rooms that know them; WeCom is told by a job."""
    access.require(work.principal, access.Permission.CONTACT_EDIT)
    if request.greeting.strip():
        check_greeting(request.greeting.strip())
    if request.benefit:
        benefits.worst_cost(work, benefits.from_dict(request.benefit))
    done = contacts.save_way(work, [request])[0]
    _tell(work, done.way_id)
    return done


def delete_way(work: Work, way_id: str) -> None:
    """The way goes, here and at WeCom."""
    access.require(work.principal, access.Permission.CONTACT_EDIT)
    contacts.delete_way(work, way_id)
    _tell(work, way_id)


def make_again(work: Work, way_id: str) -> None:
    """A person says that WeCom has not made this way: it is made."""
    access.require(work.principal, access.Permission.CONTACT_EDIT)
    found = contacts.find_way(work, way_id)
    if found is not None and found.status in ("unknown", "failed"):
        contacts.turn_way(work, WayTurn(way_id, "changing" if found.config_id else "making"))
        _tell(work, way_id)


def _tell(work: Work, way_id: str) -> None:
    work.due(Due(TELL, way_id, work.now, order_key=f"way:{way_id}"))


def came_by(work: Work, member_id: str, payload: Mapping[str, Any]) -> None:
    """Somebody has become a friend or come into a group by a way: its tags, and its benefit once for a person."""
    way = contacts.ways_of_states(work, [str(payload.get("state", ""))]).get(str(payload.get("state", "")))
    if way is None or not member_id:
        return
    audience.tag(work, [audience.Tag("", member_id, tag, "way") for tag in way.tags])
    if way.benefit:
        benefit = benefits.from_dict(way.benefit)
        benefits.grant(work, [benefits.BenefitGrant(f"way:{way.id}:{member_id}", member_id, benefit, None, f"渠道码「{way.name}」")])


class WayDesk:
    """The handler that tells WeCom what a way shall be."""

    def __init__(self, store: Store, client: WeComClient, stage: Stage) -> None:
        self._store = store
        self._client = client
        self._stage = stage

    def handlers(self) -> dict[str, Handler]:
        return {TELL: self}

    async def __call__(self, job: Job) -> None:
        way: Way | None = await self._store.write(_begun, job.key, ME)
        if way is None:
            return
        verbs = {"making": self._make, "creating": self._look_for, "changing": self._change, "deleting": self._delete}
        try:
            turn = await verbs[way.status](way)
        except Unknown as error:
            if way.status == "making":
                turn = await self._look_for(way)
            else:
                turn = WayTurn(way.id, "unknown", trouble=error.say)
        except LaoyouError as error:
            if isinstance(error, Transient) or error.detail.get("errcode") is None:
                # Nothing has reached WeCom, or it asked to wait.
                await self._store.write(_not_begun, way, ME)
                raise
            turn = WayTurn(way.id, "failed", trouble=ERRORS.get(error.detail.get("errcode", 0), error.say))
        self._stage("way.told")
        await self._store.write(contacts.turn_way, turn, ME, cause=f"way:{way.id}")

    async def _make(self, way: Way) -> WayTurn:
        if way.kind == "group":
            config = await calls_contact.add_join_way(self._client, join_body(way))
            return await self._with_code(replace(way, config_id=config))
        config, code = await calls_contact.add_contact_way(self._client, way_body(way))
        return WayTurn(way.id, "active", config, code)

    async def _with_code(self, way: Way) -> WayTurn:
        """The code of a way to join is read afterwards."""
        try:
            code = str((await calls_contact.get_join_way(self._client, way.config_id)).get("qr_code") or "")
        except LaoyouError:
            code = ""
        return WayTurn(way.id, "active", way.config_id, code)

    async def _look_for(self, way: Way) -> WayTurn:
        """Whether WeCom has made a way whose making was not answered: it is known by its state. Join ways cannot be listed."""
        if way.kind == "group":
            return WayTurn(way.id, "unknown", trouble="企业微信没有确认是否建好入群码，请到企业微信后台核对；没有的话点“重新创建”")
        now = int(self._store.clock.now().timestamp())
        made = every(lambda cursor: calls_contact.list_contact_ways(self._client, now - 86_400, now + 60, cursor))
        for number in [str(row.get("config_id", "")) async for row in made]:
            kept = await calls_contact.get_contact_way(self._client, number)
            if kept.get("state") == way.state:
                return WayTurn(way.id, "active", str(kept.get("config_id") or number), str(kept.get("qr_code") or ""))
        return WayTurn(way.id, "unknown", trouble="企业微信没有确认是否建好，也找不到它；可以点“重新创建”")

    async def _change(self, way: Way) -> WayTurn:
        if way.kind == "group":
            await calls_contact.update_join_way(self._client, way.config_id, join_body(way))
            return await self._with_code(way)
        body = {name: value for name, value in way_body(way).items() if name not in ("type", "scene")}
        await calls_contact.update_contact_way(self._client, way.config_id, body)
        return WayTurn(way.id, "active")

    async def _delete(self, way: Way) -> WayTurn:
        if way.config_id:
            delete = calls_contact.del_join_way if way.kind == "group" else calls_contact.del_contact_way
            await delete(self._client, way.config_id)
        return WayTurn(way.id, "deleted")


def way_body(way: Way) -> dict[str, Any]:
    """A 联系我 way in WeCom's words; one member is type 1, several are type 2."""
    kind = 1 if len(way.staff) == 1 else 2
    return {"type": kind, "scene": 2, "remark": way.name, "skip_verify": way.skip_verify, "state": way.state, "user": list(way.staff)}


def join_body(way: Way) -> dict[str, Any]:
    """A way to join groups in WeCom's words; a full group is followed by the next of the list."""
    return {"scene": 2, "remark": way.name, "auto_create_room": 0, "chat_id_list": list(way.groups), "state": way.state}


def _begun(work: Work, way_id: str) -> Way | None:
    """The way as it shall be. A making is noted before it is asked for: one that was cut off is looked for, never made again."""
    way = contacts.find_way(work, way_id)
    if way is None or way.status not in ("making", "creating", "changing", "deleting"):
        return None
    if way.status == "making":
        contacts.turn_way(work, WayTurn(way_id, "creating"))
    return way


def _not_begun(work: Work, way: Way) -> None:
    if way.status == "making":
        contacts.turn_way(work, WayTurn(way.id, "making"))
