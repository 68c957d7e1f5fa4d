"""The first words to somebody who opens a 客服 chat: who we are, what is open for them, by the door they came through. Once, in 20 s."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from assistant.base.money import format_yuan
from assistant.channels import outbox
from assistant.channels.message import EVENT_CODE, EVENT_UNTIL, InboundMessage, OutboundMessage
from assistant.domain import cashback, members, membership, points, staff
from assistant.store import Fact, View, Work

PREFIX = "kfwelcome:"
"""Beginning of the key of a welcome; the event is the rest."""

TIME = timedelta(seconds=20)
SCENES = Path(__file__).parent / "kf_scenes.json"


@cache
def scenes() -> Mapping[str, Any]:
    """The table of doors and words, as data."""
    found: Mapping[str, Any] = json.loads(SCENES.read_text(encoding="utf-8"))
    return found


def greet(work: Work, message: InboundMessage, event: Mapping[str, Any]) -> None:
    """Queues the welcome where the event carries a code for it; too late, its row says so and nothing is sent."""
    code = message.reply_to.get("welcome_code", "")
    if not code:
        return
    known = members.resolve(work, [members.Identity("wecom_external", message.address.peer)])
    member_id = next(iter(known.values()), "")
    door = _door(str(event.get("scene") or ""), str(event.get("scene_param") or ""))
    text = "\n".join([_hello(work, member_id), *_open(work, member_id), door["say"]])
    until = (message.sent_at + TIME).isoformat()
    outbox.queue(
        work,
        [
            OutboundMessage(
                PREFIX + message.external_id,
                message.address,
                text,
                "welcome",
                member_id,
                options=tuple(door["choices"]),
                reply_to={EVENT_CODE: code, EVENT_UNTIL: until},
            )
        ],
    )
    work.record(Fact("kf.welcome", f"conversation:{message.address.conversation}", {"scene": door["param"]}, member_id))


def _door(scene: str, param: str) -> Mapping[str, Any]:
    """The first row whose scene and beginning of the parameter fit; the last row fits all."""
    rows: list[Mapping[str, Any]] = scenes()["scenes"]
    return next(row for row in rows if row["scene"] in ("", scene) and param.startswith(row["param"]))


def _hello(view: View, member_id: str) -> str:
    profile = members.profiles(view, [member_id]).get(member_id) if member_id else None
    return str(scenes()["hello"]).format(name=f"{profile.nickname}，" if profile and profile.nickname else "")


def _open(view: View, member_id: str) -> list[str]:
    """What we know of a member, and what waits for them."""
    if not member_id:
        return []
    tier = membership.standings(view, [member_id])[member_id].tier
    available = points.balance(view, [member_id])[member_id].available
    lines = [f"您现在是{tier}，有 {available} 积分可用。"] if available > 0 else []
    waiting = [claim for claim in cashback.claims_of(view, member_id) if claim.state == "wait_user_confirm"]
    if waiting:
        lines.append(f"有 {len(waiting)} 笔返现共 {format_yuan(sum(claim.amount_fen for claim in waiting))} 元在等您确认收款。")
    if any(ticket.state != "done" for ticket in staff.tickets_of(view, member_id)):
        lines.append("您之前说的事同事还在跟进，有进展会告诉您。")
    return lines
