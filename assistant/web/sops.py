"""SOPs for the page and the API alike: the newest version of each, whether it is on, and how many are inside."""

from __future__ import annotations

from assistant.domain import journeys
from assistant.store import View
from assistant.web import sop_words
from assistant.web.doors import Call
from assistant.web.shapes_members import SopOut

STATES = {"active": "进行中", "done": "走完了", "exited": "达成或退出", "skipped": "跳过", "stopped": "已停止"}


def sops(view: View) -> list[SopOut]:
    """All installed SOPs."""
    return [_shown(view, version, on) for version, on in journeys.journeys(view)]


def _shown(view: View, version: journeys.Version, on: bool) -> SopOut:
    return SopOut(
        id=version.name,
        name=version.journey.title,
        version=version.version,
        enabled=on,
        of="groups" if version.journey.groups is not None else "members",
        who=sop_words.who(version.journey),
        rhythm=sop_words.rhythm(version.journey),
        steps=sop_words.steps(version.journey),
        definition=version.journey.model_dump(mode="json"),
        figures={STATES.get(state, state): count for state, count in journeys.counts(view, version.name).items()},
    )


async def switch(call: Call, name: str, on: bool) -> None:
    """Turns one on or off."""
    await call.store.write(journeys.switch, [journeys.Switch(call.key, name, on)], call.who, cause="web")


async def publish(call: Call, definition: dict[str, object]) -> None:
    """Adds a version; members inside stay in theirs."""
    await call.store.write(journeys.publish, [journeys.Publish(f"{call.key}:version", definition)], call.who, cause="web")
