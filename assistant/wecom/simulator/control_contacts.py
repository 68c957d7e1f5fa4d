"""Control verbs of customer contact: friendships and the mass messages that employees confirm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assistant.wecom.simulator.asked import Asked, Routes, told
from assistant.wecom.simulator.world import SimulatorError

if TYPE_CHECKING:
    from assistant.wecom.simulator.simulator import Simulator


def routes() -> Routes:
    return {
        ("POST", "/friend"): _friend,
        ("GET", "/tasks"): _tasks,
        ("POST", "/confirm"): _confirm,
    }


async def _friend(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    customer, userid = asked.text("customer"), asked.text("userid")
    match asked.text("action", "add"):
        case "add":
            return told(await simulator.customer_adds(customer, userid, asked.text("state", "")))
        case "delete":
            return told(await simulator.friendship_ends(customer, userid, asked.text("by", "customer")))
    raise SimulatorError("action 只能是 add 或 delete")


async def _tasks(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    return {"tasks": [task.to_json() for task in simulator.mass.tasks.values()]}


async def _confirm(simulator: Simulator, asked: Asked) -> dict[str, int]:
    return await simulator.confirm(asked.text("msgid"), asked.text("userid"))
