"""A tag that begins to stand for one of ours is brought to everybody concerned: in sets, written pair by pair, seen to move."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from assistant import access
from assistant.domain import audience, contacts
from assistant.domain.contacts import MARKS, Relation, Run, Step
from assistant.flows.contact_look import ME, SOURCE
from assistant.flows.contact_tags import MAKE, MARK, OUR_GROUP, corp_tag, mark_due
from assistant.jobs import Handler, Job
from assistant.store import Due, Store, View, Work, due
from assistant.wecom import WeComClient, calls_contact

LOOK = "contact.marks"
PAGE = 50
MOST_WAITING = 300
"""So many writings wait at most: what else is due for customers is not kept behind them."""

PAUSE = timedelta(seconds=5)
Stage = Callable[[str], None]


def map_tag(work: Work, request: contacts.MapTag) -> None:
    """Says which tag of ours a corp tag stands for. Whoever has it on either side gets it on both; parting them changes nobody's tags."""
    access.require(work.principal, access.Permission.CONTACT_EDIT)
    before = contacts.mapped(work).get(request.tag_id, "")
    contacts.map_tag(work, request)
    if request.ours.strip() not in ("", before):
        spread(work, [request.tag_id])


def spread(work: Work, tag_ids: Collection[str]) -> None:
    """Begins to bring these tags to everybody; a run that goes on begins anew, with its own tags and these."""
    if not tag_ids:
        return
    run = contacts.begin(work, MARKS)
    fresh = sorted({*run.place.get("fresh", ()), *tag_ids})
    total = run.looked + contacts.count_members(work)
    contacts.step(work, Step(run.id, "looking", {"after": "", "fresh": fresh}, total=total))
    work.due(Due(LOOK, run.id, work.now, order_key=LOOK))


@dataclass(frozen=True, slots=True)
class _Page:
    """Members with their open friendships."""

    members: list[str]
    relations: list[Relation]


def look(work: Work, run_id: str) -> None:
    """The next members of a run: what is missing here is put on, what is missing in WeCom is made due. Said again it finds less to do."""
    run = contacts.run_of(work, run_id)
    if run is None or run.status != "running":
        return
    if run.stage == "writing":
        _end(work, run)
        return
    if _waiting(work) >= MOST_WAITING:
        _again(work, run)
        return
    page = _page(work, str(run.place["after"]))
    adopted = _adopt(work, page, set(run.place["fresh"]))
    differing = _differing(work, page)
    work.due(*(mark_due(work, one, run.id) for one in differing))
    over = len(page.members) < PAGE
    place = {**run.place, "after": page.members[-1] if page.members else run.place["after"]}
    counts = {name: count for name, count in (("queued", len(differing)), ("adopted", adopted)) if count}
    contacts.step(work, Step(run.id, "writing" if over else "looking", place, len(page.members), counts=counts))
    work.due(Due(LOOK, run.id, work.now, order_key=LOOK))


def _page(view: View, after: str) -> _Page:
    ids = contacts.members_with_friends(view, after, PAGE)
    relations = [one for found in contacts.of_members(view, ids).values() for one in found if one.open]
    return _Page(ids, relations)


def _adopt(work: Work, page: _Page, fresh: set[str]) -> int:
    """Who carries a fresh tag in WeCom gets ours."""
    ours = contacts.mapped(work)
    known = audience.tags_of(work, page.members)
    wanted = {(one.member_id, ours[tag]) for one in page.relations for tag in one.tags if tag in fresh and tag in ours}
    missing = [(number, name) for number, name in sorted(wanted) if name not in {tag.tag for tag in known[number]}]
    audience.tag(work, [audience.Tag("", number, name, SOURCE) for number, name in missing])
    return len(missing)


def _differing(work: Work, page: _Page) -> list[Relation]:
    mapped = contacts.mapped(work)
    tags = {number: {tag.tag for tag in found} for number, found in audience.tags_of(work, page.members).items()}
    found = []
    for one in page.relations:
        wanted = [tag for tag, name in mapped.items() if name in tags[one.member_id]]
        on, off = contacts.differing(one.tags, wanted, mapped)
        if on or off:
            found.append(one)
    return found


def _waiting(view: View, *, held: bool = False) -> int:
    return int(view.scalar(sa.select(sa.func.count()).where(due.c.kind == MARK, due.c.held.is_(held))))


def _end(work: Work, run: Run) -> None:
    if _waiting(work):
        _again(work, run)
        return
    stuck = _waiting(work, held=True)
    trouble = f"{stuck} 位客户的标签没有写成，等人处理" if stuck else ""
    contacts.step(work, Step(run.id, "done", run.place, trouble=trouble))


def _again(work: Work, run: Run) -> None:
    work.due(Due(LOOK, run.id, work.now + PAUSE, order_key=LOOK))


class Spreader:
    """The handlers of a run that brings tags to everybody, and of the making of a corp tag for one of ours."""

    def __init__(self, store: Store, client: WeComClient, stage: Stage) -> None:
        self._store = store
        self._client = client
        self._stage = stage

    def handlers(self) -> dict[str, Handler]:
        return {LOOK: self.look, MAKE: self.make}

    async def look(self, job: Job) -> None:
        """The next members."""
        self._stage("marks.begins")
        await self._store.write(look, job.key, ME, cause=f"run:{job.key}")
        self._stage("marks.committed")

    async def make(self, job: Job) -> None:
        """A corp tag for one of ours."""
        rows = await calls_contact.add_corp_tag(self._client, OUR_GROUP, job.key)
        await self._store.write(_made, (job.key, [corp_tag(row) for row in rows]), ME, cause="console")


def look_tags(work: Work, library: contacts.Library) -> int:
    """``contacts.look_tags``; tags that begin to stand for one of ours are brought to everybody."""
    before = contacts.mapped(work)
    differed = contacts.look_tags(work, library)
    spread(work, [tag for tag, name in contacts.mapped(work).items() if before.get(tag) != name])
    return differed


def _made(work: Work, request: tuple[str, list[contacts.CorpTag]]) -> None:
    """A tag that stands for ours already keeps doing so."""
    name, tags = request
    look_tags(work, contacts.Library(tags))
    mine = [tag for tag in tags if tag.name == name]
    if mine and name not in contacts.standing_for(work, [name]):
        contacts.map_tag(work, contacts.MapTag(mine[0].id, name))
        spread(work, [mine[0].id])
