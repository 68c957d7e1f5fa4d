"""Reconciliation with WeCom for what callbacks lose: tags, customers, groups; page by page, each page and its place one commit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant import access
from assistant.base.errors import Broken, LaoyouError, Transient
from assistant.domain import contacts, staff
from assistant.domain.contacts import Run, Step
from assistant.flows import contact_people as people
from assistant.flows.contact_events import SYNC
from assistant.flows.contact_look import ME, Pairs, Shown, take_group, take_pairs
from assistant.flows.contact_marking import look_tags
from assistant.flows.contact_tags import corp_tag
from assistant.jobs import Handler, Job
from assistant.store import Due, Store, Work, chunks
from assistant.wecom import WeComClient, calls_contact
from assistant.wecom.calls_contact import AT_ONCE, Card

NIGHTLY = "contacts.nightly"
MOST_RESTARTS = 5
"""So often a listing whose cursor WeCom has lost begins anew within one run."""

SMALL = 25
"""Pairs of one commit: the writer is everybody's, and nothing holds it for longer than a twentieth of a second."""
_TOO_MANY = 81017
"""Without a filter WeCom lists groups of at most a thousand members of staff."""

Stage = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Found:
    """A page, and where the run stands after it."""

    step: Step
    pairs: Sequence[Any] = ()
    group: Shown | None = None
    tags: Sequence[contacts.CorpTag] = ()


@dataclass(frozen=True, slots=True)
class Leftover:
    """What a listing did not show: the staff who may have customers at all, those of them who could not be asked, and the run."""

    run: Run
    staff: frozenset[str]
    unasked: frozenset[str]


def ask_all(work: Work, _nothing: None = None) -> None:
    """Makes all three due, tags first: customers' tags are read by them."""
    work.due(*(Due(SYNC, kind, work.now, order_key=f"{SYNC}:{kind}") for kind in contacts.KINDS))


def ask_by_hand(work: Work, _nothing: None = None) -> None:
    """As ``ask_all``, for a person."""
    access.require(work.principal, access.Permission.CONTACT_EDIT)
    ask_all(work)


def keep_found(work: Work, found: Found) -> Run:
    """Takes over a page together with the place of the run."""
    done = found.step
    counts = dict(done.counts)
    if found.pairs:
        counts |= take_pairs(work, Pairs(found.pairs, done.run_id))
    if found.group is not None and (change := take_group(work, found.group)).kind != "same":
        counts[change.kind] = counts.get(change.kind, 0) + 1
    if found.tags and (differed := look_tags(work, contacts.Library(found.tags, done.run_id))):
        counts["changed"] = differed
    return contacts.step(work, Step(done.run_id, done.stage, done.place, done.looked, done.total, counts, done.trouble))


def end_leftover(work: Work, left: Leftover) -> bool:
    """Ends some open relations that the run has not seen; False once there are none. Of staff who left, the friendship is over too; of
    staff who could not be asked nothing is known."""
    gone = contacts.unseen(work, left.run.id, left.run.started_at, left.unasked, SMALL)
    for by, pairs in (
        ("missing", [(one.staff, one.external) for one in gone if one.staff in left.staff]),
        ("left", [(one.staff, one.external) for one in gone if one.staff not in left.staff]),
    ):
        ended = contacts.end(work, pairs, by)
        people.pass_on(work, [(one.member_id, one.staff) for one in ended])
    if gone:
        contacts.step(work, Step(left.run.id, "gone", left.run.place, counts={"ended": len(gone)}))
    return bool(gone)


def keep_left(work: Work, rows: Sequence[Mapping[str, Any]]) -> None:
    """Customers who wait to be passed on: of friendships we never knew the end is noted too."""
    pairs = [(str(row.get("handover_userid") or ""), str(row.get("external_userid") or "")) for row in rows]
    pairs = [pair for pair in pairs if all(pair)]
    owners = people.members_of(work, [Card(external, "") for _staff, external in pairs])
    known = contacts.of_pairs(work, pairs)
    heard = [contacts.Heard(*pair, owners[pair[1]], "ended", work.now, "left") for pair in pairs if pair not in known or known[pair].open]
    contacts.hear(work, heard)


def tell_left(work: Work, present: Sequence[str]) -> None:
    """Staff who had customers and may have none any more: what they had to do is free for others, and a person is told once."""
    known = contacts.counts(work)
    for userid in sorted(known.keys() - set(present)):
        staff.leave(work, [staff.Leave(f"left:{userid}:{work.now.date()}", userid)])
        name = next((one.name for one in staff.people(work) if one.userid == userid), userid)
        title = f"{name} 已离职或不再有客户联系权限，名下 {known[userid]} 位客户待转接"
        summary = "请到“客户联系”的“转接”里选择接替的同事。"
        staff.open_ticket(work, [staff.OpenTicket(f"left:{userid}:{work.now.date()}", "task", title=title, summary=summary)])


class ContactSync:
    """The job of one kind (its key); it goes on where the last one stopped."""

    def __init__(self, store: Store, client: WeComClient, stage: Stage) -> None:
        self._store = store
        self._client = client
        self._stage = stage

    def handlers(self) -> dict[str, Handler]:
        return {SYNC: self, NIGHTLY: self.nightly}

    async def nightly(self, _job: Job) -> None:
        """Asks for all three, where customer contact is set up."""
        if self._client.has("contact"):
            await self._store.write(ask_all, None, ME)

    async def __call__(self, job: Job) -> None:
        kinds: dict[str, Callable[[Run], Awaitable[Run]]] = {"tags": self._tags, "contacts": self._contacts, "groups": self._groups}
        run: Run = await self._store.write(contacts.begin, job.key, ME)
        try:
            while run.status == "running":
                run = await kinds[job.key](run)
                self._stage(f"sync.{job.key}")
        except LaoyouError as error:
            await self._store.write(contacts.step, Step(run.id, run.stage, run.place, trouble=error.say), ME)
            raise

    async def _keep(self, found: Found) -> Run:
        kept: Run = await self._store.write(keep_found, found, ME, cause=f"run:{found.step.run_id}")
        return kept

    async def _tags(self, run: Run) -> Run:
        rows = [corp_tag(row) for row in await calls_contact.corp_tags(self._client)]
        for part in chunks(rows, 200):
            await self._keep(Found(Step(run.id, "tags", {}, len(part), len(rows)), tags=part))
        await self._store.write(_drop_unseen, run.id, ME, cause=f"run:{run.id}")
        return await self._keep(Found(Step(run.id, "done", {})))

    async def _contacts(self, run: Run) -> Run:
        place = dict(run.place)
        if run.stage == "begin":
            users = await calls_contact.follow_users(self._client)
            known = sum((await self._store.read(contacts.counts)).values())
            if known and not users:
                # Nobody at all is a matter of rights, and must not end every friendship.
                raise Broken("企业微信没有列出任何有客户联系权限的成员，请检查应用的可见范围和客户联系权限。", code="no_follow_users")
            await self._store.write(tell_left, users, ME, cause=f"run:{run.id}")
            return await self._keep(Found(Step(run.id, "listing", {"users": users, "at": 0, "cursor": "", "size": AT_ONCE}, total=known)))
        if run.stage == "left":
            return await self._left(run, place)
        if run.stage == "gone" or place["at"] >= len(place["users"]):
            left = Leftover(run, frozenset(place["users"]), frozenset(place.get("unasked", ())))
            while await self._store.write(end_leftover, left, ME, cause=f"run:{run.id}"):
                self._stage("sync.gone")
            return await self._keep(Found(Step(run.id, "left", place | {"cursor": ""})))
        return await self._pairs(run, place)

    async def _left(self, run: Run, place: dict[str, Any]) -> Run:
        """Customers of staff who left, whom no listing of staff shows."""
        try:
            page = await calls_contact.unassigned(self._client, place["cursor"])
        except Transient:
            raise
        except LaoyouError as error:
            return await self._keep(Found(Step(run.id, "done", {}, trouble=f"离职成员的客户没有读到：{error.say}")))
        for part in chunks(page.rows, SMALL):
            await self._store.write(keep_left, part, ME, cause=f"run:{run.id}")
        if page.next_cursor:
            return await self._keep(Found(Step(run.id, "left", place | {"cursor": page.next_cursor})))
        return await self._keep(Found(Step(run.id, "done", {})))

    async def _pairs(self, run: Run, place: dict[str, Any]) -> Run:
        part = place["users"][place["at"] : place["at"] + place["size"]]
        counts: dict[str, int] = {}
        try:
            page = await calls_contact.by_users(self._client, part, place["cursor"])
        except LaoyouError as error:
            if error.code == "wecom_cursor":
                return await self._restarted(run, place)
            if error.code != "wecom_not_visible":
                raise
            # One of a hundred has left the visible range: from here on each is asked alone, and passed over if refused.
            if len(part) > 1:
                return await self._keep(Found(Step(run.id, "listing", place | {"size": 1, "cursor": ""})))
            page, counts = calls_contact.FollowPage([], ""), {"staff_passed_over": 1}
            place["unasked"] = [*place.get("unasked", ()), *part]
        after = place | ({"cursor": page.next_cursor} if page.next_cursor else {"cursor": "", "at": place["at"] + place["size"]})
        *first, last = list(chunks(page.rows, SMALL)) or [[]]
        for some in first:
            # The place moves with the last part: killed between two, the page is read again and changes nothing.
            await self._keep(Found(Step(run.id, "listing", place, len(some)), pairs=some))
        return await self._keep(Found(Step(run.id, "listing", after, len(last), counts=counts), pairs=last))

    async def _restarted(self, run: Run, place: dict[str, Any]) -> Run:
        restarts = place.get("restarts", 0) + 1
        if restarts > MOST_RESTARTS:
            raise Broken("企业微信一再说翻页位置失效，对账已停下，请稍后再试。", code="sync_cursor", run=run.id)
        return await self._keep(Found(Step(run.id, run.stage, place | {"cursor": "", "restarts": restarts})))

    async def _groups(self, run: Run) -> Run:
        place = dict(run.place)
        if run.stage == "begin":
            return await self._keep(Found(Step(run.id, "listing", {"cursor": "", "todo": [], "more": True, "users": [], "at": 0})))
        if place["todo"]:
            return await self._group(run, place)
        if place["more"]:
            return await self._group_page(run, place)
        await self._store.write(_dismiss_unseen, run, ME, cause=f"run:{run.id}")
        return await self._keep(Found(Step(run.id, "done", {})))

    async def _group(self, run: Run, place: dict[str, Any]) -> Run:
        chatid, status = place["todo"][0]
        rest = place | {"todo": place["todo"][1:]}
        try:
            detail = await calls_contact.group_detail(self._client, chatid)
        except Transient:
            raise
        except LaoyouError:
            # Dismissed since the page was read, or out of sight: the next night tells.
            return await self._keep(Found(Step(run.id, "listing", rest, 1, counts={"group_passed_over": 1})))
        shown = Shown(detail, True, run.id, "open" if status == 0 else "inheriting")
        return await self._keep(Found(Step(run.id, "listing", rest, 1), group=shown))

    async def _group_page(self, run: Run, place: dict[str, Any]) -> Run:
        owners = place["users"][place["at"] : place["at"] + AT_ONCE]
        try:
            page = await calls_contact.group_list(self._client, owners, place["cursor"])
        except LaoyouError as error:
            if error.code == "wecom_cursor":
                return await self._restarted(run, place)
            if error.detail.get("errcode") != _TOO_MANY or owners:
                raise
            users = await calls_contact.follow_users(self._client)
            if not users:
                raise Broken(f"{error.say}可是企业微信没有列出任何有客户联系权限的成员。", code="no_follow_users") from error
            return await self._keep(Found(Step(run.id, "listing", place | {"users": users})))
        todo = [[str(row.get("chat_id")), int(row.get("status") or 0)] for row in page.rows if row.get("chat_id")]
        after = place | {"cursor": page.next_cursor, "todo": todo}
        if not page.next_cursor:
            after |= {"at": place["at"] + AT_ONCE, "more": place["at"] + AT_ONCE < len(place["users"])}
        return await self._keep(Found(Step(run.id, "listing", after, total=run.total + len(todo))))


def _drop_unseen(work: Work, run_id: str) -> int:
    return contacts.drop_tags(work, unseen=run_id)


def _dismiss_unseen(work: Work, run: Run) -> None:
    gone = contacts.groups.unseen_groups(work, run.id, run.started_at)
    contacts.groups.dismiss(work, gone)
    if gone:
        contacts.step(work, Step(run.id, run.stage, run.place, counts={"dismissed": len(gone)}))
