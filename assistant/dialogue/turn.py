"""One conversation turn: open, think, close. Killed anywhere, it resumes from its last row; the three commits are the only effects."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assistant import telemetry
from assistant.agent import Brief, Limits, Meter, Thought, Toolbox, think_safely
from assistant.base.clock import stopwatch
from assistant.dialogue import reply
from assistant.dialogue.closing import Close, close_turn
from assistant.dialogue.growing import Growth
from assistant.dialogue.opening import Opened, open_turn
from assistant.dialogue.transcript import DIALOGUE, Stage, StoredTranscript
from assistant.jobs import Job, opened
from assistant.store import Store, Work

BRIEFS = {"member": "member", "guest": "group", "staff": "member", "operator": "operator"}


@dataclass(frozen=True, slots=True)
class Parts:
    """What a turn is handed: the models in order of preference, toolboxes by caller, the desk of operators, texts of the prompts.

    ``grown`` is told the name of each answer of which there is more to show.
    """

    store: Store
    models: Callable[[], Awaitable[Sequence[Any]]]
    toolbox: Callable[[Opened], Toolbox]
    desk: Callable[[Opened], Awaitable[Close]]
    prompts: Mapping[str, str]
    limits: Limits
    meter: Meter
    stage: Stage = lambda _name: None
    grown: Callable[[str], None] = lambda _number: None


class TurnHandler:
    """The handler of ``turn`` jobs. One job per conversation runs at a time (its order key is the conversation)."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def open(self, work: Work, job: Job) -> Opened | None:
        """The first of the three commits, or a part of the one that claims the job."""
        return open_turn(work.acting(DIALOGUE, ""), job.key)

    async def __call__(self, job: Job) -> None:
        parts = self._parts
        parts.stage("turn.before_open")
        begun: Opened | None = await opened(parts.store, self, job)
        if begun is None:
            return
        parts.stage("turn.opened")
        close = await self._think(begun)
        parts.stage("turn.thought")
        state = await parts.store.write(close_turn, close, DIALOGUE, cause=begun.turn)
        telemetry.turn_closed(state, close.model)
        parts.stage("turn.closed")

    async def _think(self, opened: Opened) -> Close:
        if not opened.said and not opened.quoted:
            return Close(opened, reply.STALE if opened.stale else reply.for_media(opened.kinds), model="none")
        if opened.speaker.principal.kind == "operator":
            return await self._parts.desk(opened)
        toolbox = self._parts.toolbox(opened)
        transcript = StoredTranscript(self._parts.store, opened.turn, opened.earlier, self._parts.stage)
        parts = self._parts
        models = await parts.models()
        started = stopwatch()
        growth = self._growth(opened)
        try:
            thought = await think_safely(models, self._brief(opened), toolbox, parts.limits, transcript, parts.meter, growth)
        finally:
            if growth is not None:
                await growth.stop()
        seconds = stopwatch() - started
        for fault in thought.faults:
            name, _, reason = fault.partition(": ")
            telemetry.model_called(name, reason, seconds)
        telemetry.model_called(thought.model, "ok" if thought.outcome != "handover" else "handover", seconds)
        return replace(self._close(opened, thought), notes=transcript.unwritten())

    def _growth(self, opened: Opened) -> Growth | None:
        """Where somebody keeps asking for the answer they are shown it as it grows."""
        number = opened.reply_to.get("stream_id")
        if not number:
            return None
        first = self._first(opened)
        return Growth(self._parts.store, number, self._parts.grown, lambda text: reply.finished(text, first=first))

    @staticmethod
    def _first(opened: Opened) -> bool:
        return not opened.conversation.greeted and not opened.speaker.group

    def _brief(self, opened: Opened) -> Brief:
        group = opened.speaker.group
        return Brief(
            system=self._parts.prompts["group" if group else BRIEFS[opened.speaker.principal.kind]],
            history=opened.history,
            text="\n".join(opened.said) or reply.PASSED_ON,
            channel="group" if group else "single",
            now=self._parts.store.clock.now(),
            card=opened.card,
            turn=opened.turn,
            pending=opened.pending.question if opened.pending else "",
            who=opened.speaker.principal.label,
            quoted="\n".join(opened.quoted),
        )

    def _close(self, opened: Opened, thought: Thought) -> Close:
        text = reply.finished(thought.text, first=self._first(opened))
        handover = (thought.handover_reason or "会员需要人工") if thought.handover else ""
        asks = thought.confirmation.token if thought.confirmation else ""
        return Close(opened, text, thought.options, handover, thought.model, thought.tokens, asks=asks)
