"""Activities for tests: short descriptions, published with a seed, and members who can pay."""

from __future__ import annotations

from typing import Any

from assistant.base.principal import system
from assistant.domain import activities, members, points
from assistant.domain.activities import Describe, Move
from assistant.store import Store, Work

ME = system("test")
SEED = "seed_of_the_autumn_fair_2026"
NOTHING = {"id": "thanks", "title": "谢谢参与", "odds": 0}


def body(kind: str, **fields: Any) -> dict[str, Any]:
    """A description of this kind, on for ten days around the tests' noon."""
    window = {"starts_at": "2026-11-20T00:00:00+08:00", "ends_at": "2026-11-30T00:00:00+08:00"}
    return {"kind": kind, "name": f"my_{kind}", "title": "秋日小集", **window, **fields}


def lottery(*prizes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A lottery whose rest of the million is 谢谢参与."""
    rest = {**NOTHING, "odds": 1_000_000 - sum(prize["odds"] for prize in prizes)}
    return body("lottery", **{"prizes": [*prizes, rest], "fallback": "thanks", "free": 1} | fields)


def put_on(work: Work, description: dict[str, Any]) -> str:
    """Describes and publishes in one go; returns the name."""
    name = str(description["name"])
    activities.describe(work, [Describe(f"d:{name}", description)])
    activities.keep_seed(work, name, SEED)
    activities.move(work, [Move(f"m:{name}", name, "published")])
    return name


def launch(store: Store, description: dict[str, Any]) -> str:
    """``put_on`` in a commit of its own."""
    return str(store.do(put_on, description, ME))


def rich(store: Store, *ids: str, amount: int = 1000) -> None:
    """Members with points."""
    store.do(points.grant, [points.Grant(f"rich:{one}", one, amount, "赠送") for one in ids], ME)


def available(store: Store, member: str = "m1") -> int:
    """The points a member can spend."""
    return int(store.look(points.balance, [member])[member].available)


def person(store: Store, key: str, **profile: Any) -> str:
    """A registered member; returns the id."""
    request = members.Register(key, key, (members.Identity("wecom_external", f"wm_{key}"),), members.Profile(**profile))
    return str(store.do(members.register, [request], ME)[0].member_id)
