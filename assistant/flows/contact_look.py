"""What WeCom's API shows of customers and groups, taken over: after an event by a look, at night by the reconciliation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from assistant.base.errors import LaoyouError
from assistant.base.principal import system
from assistant.domain import audience, contacts, members
from assistant.flows import contact_people as people
from assistant.flows.contact_events import FETCH, GROUP, LAG, fetch_due, group_due
from assistant.jobs import Handler, Job
from assistant.store import Store, Work
from assistant.wecom import WeComClient, calls_contact
from assistant.wecom.calls_contact import Card, Follow, GroupDetail, GroupSeat

ME = system("contacts")
SETTLED = timedelta(seconds=10)
"""A pair that changed later than this may not be shown yet, and is not believed to be gone."""

MOST_TRIES = 5
SOURCE = "wecom"
"""The source of tags that staff put on in WeCom."""

Stage = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of one answer of WeCom; ``run`` is the reconciliation they belong to."""

    rows: Sequence[tuple[Card, Follow]]
    run: str = ""


@dataclass(frozen=True, slots=True)
class Whole:
    """A customer with all their staff: open relations that are not in ``rows`` are gone."""

    external: str
    rows: Sequence[tuple[Card, Follow]]


def take_pairs(work: Work, pairs: Pairs) -> dict[str, int]:
    """Takes over pairs; returns how many differed, by kind."""
    owners = people.members_of(work, [card for card, _follow in pairs.rows])
    seen = [
        contacts.Seen(
            *(follow.staff, card.external, owners[card.external], follow.since, follow.add_way),
            *(follow.state[:64], follow.remark[:100], follow.description[:600], follow.mobiles, follow.tags),
        )
        for card, follow in pairs.rows
    ]
    changes = contacts.look(work, contacts.Look(seen, pairs.run))
    people.look_after(work, [(one.relation.member_id, one.relation.staff) for one in changes if one.relation.open])
    mobiles: dict[str, set[str]] = {}
    for change in changes:
        if change.kind == "new" or "mobiles" in change.fields:
            mobiles.setdefault(change.relation.member_id, set()).update(change.relation.mobiles)
    people.tell_phones(work, mobiles)
    _tags(work, changes)
    counts: dict[str, int] = {}
    for change in changes:
        if change.kind != "same":
            counts[change.kind] = counts.get(change.kind, 0) + 1
    return counts


def _tags(work: Work, changes: Sequence[contacts.Change]) -> None:
    """Tags that staff put on or took off in WeCom become ours; one comes off where no friendship has it any more."""
    moved = {tag for change in changes for tag in (*change.tags_on, *change.tags_off)}
    if not moved:
        return
    ours = {number: one.ours for number, one in contacts.by_id(work, moved).items() if one.ours and not one.deleted}
    on = [
        audience.Tag("", change.relation.member_id, ours[tag], SOURCE)
        for change in changes
        for tag in change.tags_on
        if tag in ours and change.relation.open
    ]
    audience.tag(work, on)
    off = {(change.relation.member_id, ours[tag]) for change in changes for tag in change.tags_off if tag in ours}
    mapped = contacts.mapped(work) if off else {}
    gone = [
        audience.Tag("", number, tag, SOURCE)
        for number, tag in sorted(off)
        if not any(mapped.get(each) == tag for one in contacts.of_member(work, number) if one.open for each in one.tags)
    ]
    audience.untag(work, gone)


def take_whole(work: Work, whole: Whole) -> None:
    """Takes over one customer; what WeCom does not list any more has ended, unless it has only just begun."""
    take_pairs(work, Pairs(whole.rows))
    listed = {follow.staff for _card, follow in whole.rows}
    missing = [one for one in contacts.of_external(work, whole.external) if one.open and one.staff not in listed]
    young = [one for one in missing if work.now - one.changed_at < SETTLED]
    gone = [(one.staff, one.external) for one in missing if one not in young]
    ended = contacts.end(work, gone, "missing")
    people.pass_on(work, [(one.member_id, one.staff) for one in ended])
    if young:
        work.due(fetch_due(whole.external, work.now + SETTLED))


@dataclass(frozen=True, slots=True)
class Shown:
    """A group as WeCom shows it; ``last_try``: it is believed whatever the newest event said."""

    detail: GroupDetail
    last_try: bool = True
    run: str = ""
    status: str = "open"


def take_group(work: Work, shown: Shown) -> contacts.GroupChange:
    """Takes over a group and who is inside."""
    detail = shown.detail
    owners = _seated(work, [each for each in detail.seats if each.kind == "customer"])
    seats = tuple(
        contacts.Seat(
            detail.chatid, each.person, owners.get(each.person, ""), each.kind, each.joined_at, each.scene, each.invited_by, each.state
        )
        for each in detail.seats
    )
    seen = contacts.GroupSeen(
        detail.chatid, detail.name, detail.owner, detail.version, seats, detail.notice, detail.created_at, shown.status
    )
    return contacts.groups.look(work, seen, last_try=shown.last_try, run=shown.run)


def _seated(work: Work, seats: Sequence[GroupSeat]) -> dict[str, str]:
    """External id → member of who sits in a group. A stranger is known by a unionid that a member holds; the others stay strangers."""
    identities = [members.Identity(people.NAMESPACE, each.person) for each in seats]
    owners = {one.value: number for one, number in members.resolve(work, identities).items()}
    strangers = {members.Identity("unionid", each.unionid): each for each in seats if each.unionid and each.person not in owners}
    cards = [Card(strangers[one].person, "", 0, one.value) for one in members.resolve(work, strangers)]
    return owners | people.members_of(work, cards)


class Looker:
    """The jobs behind events: one customer, or one group, as WeCom shows them."""

    def __init__(self, store: Store, client: WeComClient, stage: Stage) -> None:
        self._store = store
        self._client = client
        self._stage = stage

    def handlers(self) -> dict[str, Handler]:
        return {FETCH: self.customer, GROUP: self.group}

    async def customer(self, job: Job) -> None:
        """One customer with all staff who follow them."""
        external = str(job.payload["external"])
        found = await calls_contact.customer(self._client, external)
        self._stage("contact.fetched")
        rows = [] if found is None else [(found[0], follow) for follow in found[1]]
        await self._store.write(take_whole, Whole(external, rows), ME, cause=f"contact:{external}")

    async def group(self, job: Job) -> None:
        """One group; asked again while WeCom shows it as it was before the newest event."""
        tries = int(job.payload.get("tries", 0))
        try:
            detail = await calls_contact.group_detail(self._client, job.key)
        except LaoyouError:
            known = await self._store.read(contacts.groups.one_group, job.key)
            # A group that was dismissed meanwhile is not shown any more.
            if known is not None and known.status == "dismissed":
                return
            raise
        shown = Shown(detail, tries >= MOST_TRIES)
        await self._store.write(_take_or_ask_again, (shown, tries), ME, cause=f"group:{job.key}")


def _take_or_ask_again(work: Work, request: tuple[Shown, int]) -> None:
    shown, tries = request
    if take_group(work, shown).kind == "early":
        work.due(group_due(shown.detail.chatid, work.now + LAG, tries + 1))
