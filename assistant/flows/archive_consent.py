"""Asks WeCom who agreed to be archived: employee by employee a hundred customers a call, then group by group; each answer one commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assistant import access
from assistant.base.errors import LaoyouError, Refused, Transient
from assistant.base.principal import system
from assistant.domain import archive, contacts
from assistant.domain.archive import Agreement, Round
from assistant.jobs import Handler, Job
from assistant.store import Due, Store, View, Work
from assistant.wecom import WeComClient, calls_archive
from assistant.wecom.calls_archive import AT_ONCE, Word

ASK, STEP = "archive.ask", "archive.step"
ME = system("archive")
Stage = Callable[[str], None]


def handlers(store: Store, client: WeComClient, stage: Stage, on: bool) -> dict[str, Handler]:
    """The handlers of archive.ask, which begins a round each night, and archive.step; without the archive nothing is asked."""
    asker = _Asker(store, client, stage, on)
    return {ASK: asker.begin, STEP: asker.step}


def ask_now(work: Work, _nothing: None = None) -> None:
    """A person wants to know now."""
    access.require(work.principal, access.Permission.ARCHIVE_READ)
    if not archive.is_on(work):
        raise Refused("还没有开通会话存档：请先填写会话存档的 Secret", code="archive_off")
    work.due(Due(ASK, "round", work.now, order_key=ASK))


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one call told, and where the round stands after it."""

    words: Sequence[Word]
    after: Round


class _Asker:
    def __init__(self, store: Store, client: WeComClient, stage: Stage, on: bool) -> None:
        self._store = store
        self._client = client
        self._stage = stage
        self._on = on

    async def begin(self, _job: Job) -> None:
        """A new round, unless one goes on: that is gone on with."""
        if not self._on:
            return
        known = await self._store.read(archive.last_round)
        if known is None or known.ended:
            started = self._store.clock.now().isoformat()
            try:
                staff = tuple(await calls_archive.permitted(self._client))
            except Transient:
                raise
            except LaoyouError as error:
                ended = Round("done", (), {}, started=started, ended=started, trouble=error.say)
                await self._store.write(archive.keep_round, ended, ME)
                return
            known = Round("single", staff, {"at": 0, "after": ""}, started=started)
        await self._store.write(_go_on, known, ME)

    async def step(self, _job: Job) -> None:
        """The next call of the round. One that is told again after its commit finds the place moved."""
        known = await self._store.read(archive.last_round)
        if known is None or known.ended:
            return
        self._stage("archive.asks")
        ask = self._singly if known.stage == "single" else self._room
        answer = await ask(known)
        self._stage("archive.told")
        await self._store.write(_keep, answer, ME)
        self._stage("archive.kept")

    async def _singly(self, known: Round) -> _Answer:
        at = int(known.place["at"])
        if at >= len(known.staff):
            return _Answer((), replace(known, stage="rooms", place={"after": ""}))
        staff = known.staff[at]
        page = await self._store.read(contacts.open_with, staff, str(known.place["after"]), AT_ONCE)
        words: list[Word] = []
        trouble = known.trouble
        if page:
            try:
                words = await calls_archive.agreed_singly(self._client, [(one.staff, one.external) for one in page])
            except Refused as error:
                trouble = f"{staff}：{error.say}"
        full = len(page) == AT_ONCE
        place = {"at": at, "after": page[-1].external} if full else {"at": at + 1, "after": ""}
        return _Answer(words, replace(known, place=place, asked=known.asked + len(page), trouble=trouble))

    async def _room(self, known: Round) -> _Answer:
        chatid = await self._store.read(_next_room, (known.staff, str(known.place["after"])))
        if not chatid:
            return _Answer((), replace(known, stage="done", ended=self._store.clock.now().isoformat()))
        words: list[Word] = []
        trouble = known.trouble
        try:
            words = await calls_archive.agreed_in_room(self._client, chatid)
        except Refused as error:
            trouble = f"群 {chatid}：{error.say}"
        return _Answer(words, replace(known, place={"after": chatid}, asked=known.asked + 1, trouble=trouble))


def _next_room(view: View, request: tuple[Sequence[str], str]) -> str:
    """The next group in which somebody sits whose messages are archived."""
    staff, after = request
    return next(iter(contacts.groups.with_staff(view, staff, after, 1)), "")


def _go_on(work: Work, known: Round) -> None:
    archive.keep_round(work, known)
    work.due(Due(STEP, "round", work.now, order_key=ASK))


def _keep(work: Work, answer: _Answer) -> Any:
    told = [Agreement(one.external, one.agreed, one.at) for one in answer.words]
    after = replace(answer.after, fresh=answer.after.fresh + archive.agree(work, told))
    if after.ended:
        archive.keep_round(work, after)
    else:
        _go_on(work, after)
