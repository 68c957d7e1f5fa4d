"""A conversation changes hands at 微信客服: to a colleague or into the pool, with a word to both sides, and back when it is given back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from assistant.base.clock import parse_instant
from assistant.base.errors import LaoyouError, Transient
from assistant.base.principal import system
from assistant.channels import outbox, session
from assistant.channels.message import EVENT_CODE, EVENT_UNTIL, Address, OutboundMessage
from assistant.jobs import Handler, Job
from assistant.store import Fact, Store, Work, once
from assistant.wecom import Unknown, WeComClient, calls, kf_state

ME = system("kf")
CODE_LIVES = timedelta(hours=48)
RETRY = timedelta(seconds=5)
SOON = timedelta(seconds=1)
PATIENCE = timedelta(seconds=30)
"""So long the hand-over waits for its sentence to be said; then the customer does not wait for it any longer."""

SAID = ("sent", "unknown")
NUMBERS = {"pool": 2, "person": 3, "ended": 4}

Stage = Callable[[str], None]
Follow = Callable[[Work, str, str, str], None]
"""Sets who holds the conversation: (work, conversation, state, servicer)."""


@dataclass(frozen=True, slots=True)
class Turned:
    """What became of a hand-over: where the session is now, and the code for the one sentence that the customer reads unless it was
    ``said`` before."""

    job: Mapping[str, Any]
    address: Address
    state: session.State
    servicer: str = ""
    code: str = ""
    said: bool = False


@dataclass(frozen=True, slots=True)
class Handed:
    """The hand-over of one turn."""

    key: str


def handlers(store: Store, client: WeComClient, agent: str, follow: Follow, stage: Stage) -> dict[str, Handler]:
    """The handlers of kf.handover and kf.end; ``agent`` is the app whose messages staff read, empty without one."""
    desk = _Desk(store, client, agent, follow, stage)
    return {"kf.handover": desk.hand_over, "kf.end": desk.end}


class _Desk:
    def __init__(self, store: Store, client: WeComClient, agent: str, follow: Follow, stage: Stage) -> None:
        self._store = store
        self._client = client
        self._agent = agent
        self._follow = follow
        self._stage = stage

    async def hand_over(self, job: Job) -> None:
        """To the servicer named in the job, else into the pool, else (nobody can) the assistant says its sentence and a ticket waits."""
        self._stage("kf.handover_begins")
        address = Address(**job.payload["address"])
        current = await self._store.read(session.get, address.conversation)
        if current is None or not current.held:
            return  # The customer or a colleague was faster.
        said = await self._said(str(job.payload["turn"]))
        turned = replace(await self._turned(address, dict(job.payload)), said=said)
        self._stage("kf.handed")
        await self._store.write(self._write, turned, ME, cause=str(job.payload["turn"]))
        self._stage("kf.handover_done")

    async def _said(self, turn: str) -> bool:
        """Whether the customer has read the sentence; where it did not go out in time it is not said this way any more."""
        row = await self._store.read(outbox.get, outbox.id_of(f"{turn}:reply"))
        if row is None or row.state not in ("queued", "sending"):
            return row is not None and row.state in SAID
        if self._store.clock.now() - row.queued_at < PATIENCE:
            raise Transient("转接前的那句话还没有发出，稍后再转接。", retry_at=self._store.clock.now() + SOON, code="kf_parting")
        await self._store.write(outbox.cancel_unsent, turn, ME)
        return row.state == "sending"

    async def _turned(self, address: Address, payload: dict[str, Any]) -> Turned:
        stands = await self._state(address)
        if stands.state in session.HELD:
            # An earlier run died before it could write, or a colleague came by himself: there is no code to speak with any more.
            return replace(stands, job=payload)
        wanted = str(payload["servicer"])
        for state, servicer in ((("person", wanted),) if wanted else ()) + (("pool", ""),):
            try:
                code = await calls.kf_service_state_trans(self._client, address.account, address.peer, NUMBERS[state], servicer)
            except Unknown as error:
                raise Transient(error.say, retry_at=self._store.clock.now() + RETRY, code="kf_trans_unknown") from None
            except Transient:
                raise
            except LaoyouError:
                continue
            return Turned(payload, address, "person" if state == "person" else "pool", servicer, code)
        return Turned(payload, address, stands.state or "new")

    async def _state(self, address: Address) -> Turned:
        told = await calls.kf_service_state_get(self._client, address.account, address.peer)
        return Turned({}, address, kf_state(told.state), told.servicer_userid)

    def _write(self, work: Work, turned: Turned) -> None:
        """One commit, once per turn: a run that died after it comes here again."""

        def run(work: Work, fresh: list[Handed]) -> list[Handed]:
            self._take(work, turned)
            return fresh

        once(work, "kf.handover", [Handed(str(turned.job["turn"]))], Handed, run)

    def _take(self, work: Work, turned: Turned) -> None:
        """The state, who holds the word, the sentence for the customer and the summary for the colleague."""
        job, conversation = turned.job, turned.address.conversation
        session.note_state(work, [session.Turned(turned.address, turned.state, turned.servicer, "handed over")])
        self._follow(work, conversation, turned.state, turned.servicer)
        handed = turned.state in session.HELD
        said = turned.said or not handed or bool(turned.code)
        if said and not turned.said:
            outbox.cancel_waiting(work, outbox.id_of(f"{job['turn']}:reply"), "已换一种方式告诉客户")
            outbox.queue(work, [self._sentence(work, turned)])
        told = turned.servicer or str(job["servicer"])
        if handed and told and self._agent:
            greet = "" if said else "\n客户还没有看到转接的提示，请先打个招呼。"
            text = f"【转人工】{job['title']}\n{job['summary']}\n请在微信客服里接待。{greet}"
            outbox.queue(work, [OutboundMessage(f"{job['turn']}:told", Address("app", self._agent, told), text, str(job["turn"]))])
        payload = {"conversation": conversation, "state": turned.state, "servicer": turned.servicer, "said": said}
        work.record(Fact("kf.handed_over" if handed else "kf.nobody_receives", f"conversation:{conversation}", payload, str(job["member"])))

    def _sentence(self, work: Work, turned: Turned) -> OutboundMessage:
        job = turned.job
        code = {EVENT_CODE: turned.code, EVENT_UNTIL: (work.now + CODE_LIVES).isoformat()} if turned.code else {}
        return OutboundMessage(
            f"{job['turn']}:handed", turned.address, str(job["say"]), str(job["turn"]), str(job["member"]), reply_to=code
        )

    async def end(self, job: Job) -> None:
        """A colleague has given the conversation back in the console: the session ends, the customer's next words begin a new one."""
        address = Address(**job.payload["address"])
        stands = await self._state(address)
        if stands.state in session.HELD:
            try:
                await calls.kf_service_state_trans(self._client, address.account, address.peer, NUMBERS["ended"])
            except Unknown as error:
                raise Transient(error.say, retry_at=self._store.clock.now() + RETRY, code="kf_trans_unknown") from None
            stands = replace(stands, state="ended", servicer="")
        await self._store.write(self._ended, replace(stands, job=job.payload), ME)

    def _ended(self, work: Work, turned: Turned) -> None:
        """As of when it was given back: whoever has taken over since keeps the word."""
        at = parse_instant(turned.job["at"]) if turned.job.get("at") else None
        session.note_state(work, [session.Turned(turned.address, turned.state, turned.servicer, "given back", at)])
