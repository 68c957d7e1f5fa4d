"""Our tags and remarks written back to WeCom: per customer one after the other, only what differs, no event comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from assistant import access
from assistant.base.errors import Invalid, LaoyouError
from assistant.domain import audience, contacts
from assistant.flows import contact_people as people
from assistant.flows.contact_look import ME, SOURCE
from assistant.jobs import Handler, Job
from assistant.store import Due, Store, View, Work
from assistant.wecom import WeComClient, calls_contact

MARK, REMARK, MAKE = "contact.mark", "contact.remark", "contact.make_tag"
LONGEST_REMARK = 20
OUR_GROUP = "老友"
"""The group in which tags of ours are made."""

Stage = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Remark:
    """The name under which a staff member shall see a member."""

    member_id: str
    staff: str
    text: str


@dataclass(frozen=True, slots=True)
class Marking:
    """What is to be done at one pair."""

    on: tuple[str, ...]
    off: tuple[str, ...]
    after: tuple[str, ...]


def tag_changed(work: Work, member_id: str, payload: Mapping[str, Any]) -> None:
    """A tag of ours came or went: where a corp tag stands for it, the member's friendships follow. What came from WeCom stays as it is."""
    if payload.get("source") == SOURCE or not contacts.standing_for(work, [payload["tag"]]):
        return
    work.due(*(mark_due(work, one) for one in contacts.of_member(work, member_id) if one.open))


def mark_due(work: Work, one: contacts.Relation, run: str = "") -> Due:
    """The writing to one pair; calls for one customer never overlap. ``run`` is told of it."""
    payload = {"staff": one.staff, "external": one.external} | ({"run": run} if run else {})
    return Due(MARK, f"{one.staff}:{one.external}", work.now, payload, order_key=f"contact:{one.external}")


def ask_remark(work: Work, request: Remark) -> None:
    """Sets a remark in WeCom by a job."""
    access.require(work.principal, access.Permission.MEMBER_EDIT)
    text = request.text.strip()
    if not 0 < len(text) <= LONGEST_REMARK:
        raise Invalid(f"备注要有 1 到 {LONGEST_REMARK} 个字，现在有 {len(text)} 个字", code="bad_remark")
    found = [one for one in contacts.of_member(work, request.member_id) if one.open and one.staff == request.staff]
    if not found:
        raise Invalid("这位会员现在不是该员工的好友", code="not_a_customer")
    for one in found:
        payload = {"staff": one.staff, "external": one.external, "text": text}
        work.due(Due(REMARK, f"{one.staff}:{one.external}", work.now, payload, order_key=f"contact:{one.external}"))


def ask_tag(work: Work, name: str) -> None:
    """Makes a corp tag that stands for a tag of ours, by a job."""
    access.require(work.principal, access.Permission.CONTACT_EDIT)
    if not 0 < len(name.strip()) <= 30:
        raise Invalid("企业标签要有 1 到 30 个字", code="bad_tag")
    work.due(Due(MAKE, name.strip(), work.now))


def marking(view: View, pair: tuple[str, str]) -> Marking | None:
    """What differs at a pair between our tags and the corp's that stand for them; None where nothing does or they are no friends."""
    relation = contacts.of_pairs(view, [pair]).get(pair)
    if relation is None or not relation.open:
        return None
    mapped = contacts.mapped(view)
    ours = {tag.tag for tag in audience.tags_of(view, [relation.member_id])[relation.member_id]}
    wanted = [number for number, name in mapped.items() if name in ours]
    on, off = contacts.differing(relation.tags, wanted, mapped)
    after = tuple(sorted((set(relation.tags) | set(on)) - set(off)))
    return Marking(tuple(on), tuple(off), after) if on or off else None


class Marker:
    """The handlers of what is written back."""

    def __init__(self, store: Store, client: WeComClient, stage: Stage) -> None:
        self._store = store
        self._client = client
        self._stage = stage

    def handlers(self) -> dict[str, Handler]:
        return {MARK: self.mark, REMARK: self.remark}

    async def mark(self, job: Job) -> None:
        """The tags of one pair."""
        pair = (str(job.payload["staff"]), str(job.payload["external"]))
        run = str(job.payload.get("run", ""))
        todo: Marking | None = await self._store.read(marking, pair)
        if todo is None:
            return
        try:
            await calls_contact.mark_tag(self._client, *pair, todo.on, todo.off)
        except LaoyouError as error:
            await self._gone_or(error, pair)
            return
        self._stage("tags.marked")
        await self._store.write(_marked, (run, contacts.Written(*pair, tags=todo.after)), ME, cause=f"contact:{pair[1]}")

    async def remark(self, job: Job) -> None:
        """The remark of one pair."""
        pair, text = (str(job.payload["staff"]), str(job.payload["external"])), str(job.payload["text"])
        try:
            await calls_contact.remark(self._client, *pair, text)
        except LaoyouError as error:
            await self._gone_or(error, pair)
            return
        await self._store.write(contacts.written, [contacts.Written(*pair, remark=text)], ME, cause=f"contact:{pair[1]}")

    async def _gone_or(self, error: LaoyouError, pair: tuple[str, str]) -> None:
        """Who is no customer any more needs no tags; whatever else is wrong is tried again and then waits for a person."""
        if error.code != "wecom_not_a_customer":
            raise error
        await self._store.write(_gone, pair, ME, cause=f"contact:{pair[1]}")


def corp_tag(row: calls_contact.TagRow) -> contacts.CorpTag:
    """A tag as the room keeps it."""
    return contacts.CorpTag(row.id, row.name, row.group_id, row.group_name)


def _marked(work: Work, request: tuple[str, contacts.Written]) -> None:
    """What was written; the run it belongs to counts it in the same commit."""
    run_id, done = request
    contacts.written(work, [done])
    run = contacts.run_of(work, run_id) if run_id else None
    if run is not None and run.status == "running":
        contacts.step(work, contacts.Step(run.id, run.stage, run.place, counts={"written": 1}))


def _gone(work: Work, pair: tuple[str, str]) -> None:
    ended = contacts.end(work, [pair], "missing")
    people.pass_on(work, [(one.member_id, one.staff) for one in ended])
