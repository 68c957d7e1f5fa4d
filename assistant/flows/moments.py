"""Moments from our words to employees' 朋友圈: one creation each, the job awaited, who has published followed; a lost one looked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

from assistant.base.errors import LaoyouError, Transient
from assistant.base.principal import system
from assistant.channels.message import Attachment
from assistant.domain import outreach
from assistant.jobs import Handler, Job
from assistant.store import Store
from assistant.wecom import Unknown, WeComClient, calls_mass
from assistant.wecom.calls import every
from assistant.wecom.media import MediaDesk

ME = system("moments")
FIRST_LOOK = timedelta(seconds=10)
MOST_PAUSE = timedelta(hours=6)
FOLLOWED = timedelta(days=3)
LOOKS = 2
LOOK_AGAIN = timedelta(seconds=60)
BEFORE, AFTER = timedelta(seconds=60), timedelta(minutes=5)
Stage = Callable[[str], None]


def handlers(store: Store, client: WeComClient, media: MediaDesk, stage: Stage) -> dict[str, Handler]:
    """The handlers of moment.post and moment.look jobs."""
    desk = _Desk(store, client, media, stage)
    return {outreach.MOMENT_POST: desk.post, outreach.MOMENT_LOOK: desk.look}


class _Desk:
    def __init__(self, store: Store, client: WeComClient, media: MediaDesk, stage: Stage) -> None:
        self._store = store
        self._client = client
        self._media = media
        self._stage = stage

    async def post(self, job: Job) -> None:
        """One call; whatever it answers is written down, and without an answer it is never made again."""
        self._stage("moment.before_claim")
        moment, until = await self._store.write(outreach.claim_moment, job.key, ME)
        if until is not None:
            raise Transient("朋友圈任务这一分钟已到上限", retry_at=until, code="moment_quota")
        if moment is None:
            return
        self._stage("moment.claimed")
        try:
            attachments = [await self._attached(Attachment(**one)) for one in moment.attachments]
            jobid = await calls_mass.add_moment_task(self._client, moment.text, attachments, moment.staff, moment.tags)
            self._stage("moment.posted")
            await self._turn(outreach.MomentTurn(moment.id, "working", jobid=jobid, look_after=FIRST_LOOK))
        except Unknown as error:
            await self._turn(outreach.MomentTurn(moment.id, "unknown", error.say, look_after=timedelta(seconds=30)))
        except Transient:
            await self._store.write(outreach.put_back_moment, moment.id, ME)
            raise
        except LaoyouError as error:
            await self._turn(outreach.MomentTurn(moment.id, "refused", error.say))

    async def _attached(self, one: Attachment) -> dict[str, Any]:
        """As moments take it: pictures and videos by their own upload, a link with its picture."""
        if one.kind == "link":
            link = {"title": one.title, "url": one.url}
            if one.media:
                link["media_id"] = await self._media.moment_id(one.media, "image")
            return {"msgtype": "link", "link": link}
        return {"msgtype": one.kind, one.kind: {"media_id": await self._media.moment_id(one.media, one.kind)}}

    async def look(self, job: Job) -> None:
        """What has become of it by now."""
        moment = await self._store.read(outreach.moment, job.key)
        if moment is None or moment.ended_at is not None:
            return
        self._stage("moment.before_look")
        if moment.state == "unknown":
            await self._find(moment, float(job.payload.get("pause", 30)))
        elif moment.external is None:
            await self._await_job(moment)
        else:
            await self._follow(moment, float(job.payload.get("pause", 10)))
        self._stage("moment.looked")

    async def _await_job(self, moment: outreach.Moment) -> None:
        """The job is done, or goes on; one older than a day is not known any more."""
        told = await calls_mass.moment_job(self._client, moment.jobid)
        result = told.get("result") or {}
        if told.get("status") != 3:
            await self._turn(outreach.MomentTurn(moment.id, moment.state, moment.reason, look_after=FIRST_LOOK))
        elif result.get("errcode"):
            await self._turn(outreach.MomentTurn(moment.id, "refused", f"企业微信没有创建这条朋友圈（{result.get('errcode')}）"))
        else:
            external = str(result.get("moment_id") or "")
            await self._turn(outreach.MomentTurn(moment.id, "open", moment.reason, external=external, look_after=FIRST_LOOK))

    async def _follow(self, moment: outreach.Moment, pause: float) -> None:
        """Who has published, who can see it, who answered; ever less often, for three days."""
        assert moment.external
        assert moment.created_at
        if moment.state == "cancelled":
            await calls_mass.cancel_moment_task(self._client, moment.external)
        seen = [publication async for publication in self._publications(moment.external)]
        over = moment.state == "cancelled" or self._store.clock.now() >= moment.created_at + FOLLOWED
        longer = min(MOST_PAUSE, timedelta(seconds=pause * 2))
        state = "done" if over else "open"
        turn = outreach.MomentTurn(moment.id, state, moment.reason, publications=tuple(seen), look_after=None if over else longer)
        await self._turn(turn)

    async def _publications(self, external: str) -> AsyncIterator[outreach.Publication]:
        async for row in every(lambda cursor: calls_mass.moment_staff(self._client, external, cursor=cursor)):
            staff, published = str(row.get("userid")), row.get("publish_status") == 1
            customers = comments = likes = 0
            if published:
                customers = await self._reached(external, staff)
                comments, likes = await calls_mass.moment_comments(self._client, external, staff)
            yield outreach.Publication(staff, published, customers, comments, likes)

    async def _reached(self, external: str, staff: str) -> int:
        return len([row async for row in every(lambda cursor: calls_mass.moment_reached(self._client, external, staff, cursor=cursor))])

    async def _find(self, moment: outreach.Moment, pause: float) -> None:
        """Looks for a moment of these words made around our call that is nobody's yet; after two looks it stays unknown and is shown."""
        assert moment.called_at
        start, end = int((moment.called_at - BEFORE).timestamp()), int((moment.called_at + AFTER).timestamp())
        made = every(lambda cursor: calls_mass.moments(self._client, start, end, cursor=cursor))
        rows = [row async for row in made if (row.get("text") or {}).get("content", "") == moment.text]
        known = await self._store.read(outreach.known_moments, [str(row.get("moment_id")) for row in rows])
        fresh = [str(row["moment_id"]) for row in rows if row.get("moment_id") and row["moment_id"] not in known]
        if len(fresh) == 1:
            await self._turn(outreach.MomentTurn(moment.id, "open", external=fresh[0], look_after=FIRST_LOOK))
        elif pause < LOOK_AGAIN.total_seconds():
            await self._turn(outreach.MomentTurn(moment.id, "unknown", moment.reason, look_after=LOOK_AGAIN))

    async def _turn(self, turn: outreach.MomentTurn) -> None:
        await self._store.write(outreach.turn_moment, turn, ME)
