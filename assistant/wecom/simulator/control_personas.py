"""Control verbs of the personas: bring them in, ask what they did and what they still wait for, send them home."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assistant.wecom.simulator.asked import Asked, Routes
from assistant.wecom.simulator.personas import SCRIPTS
from assistant.wecom.simulator.world import SimulatorError

if TYPE_CHECKING:
    from assistant.wecom.simulator.simulator import Simulator

MOST = 1000


def routes() -> Routes:
    return {("GET", "/personas"): _report, ("POST", "/personas"): _start, ("POST", "/personas/run"): _run, ("DELETE", "/personas"): _stop}


async def _report(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    personas = simulator.personas
    return {"personas": list(SCRIPTS), "actors": personas.report(), "unmet": personas.unmet()}


async def _start(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    """``{persona, count, seed}``: they live by the clock from now on."""
    simulator.personas.cast(asked.text("persona"), _count(asked), int(asked.number("seed", 0)))
    simulator.personas.start()
    return await _report(simulator, asked)


async def _run(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    """``{seconds}`` of virtual time are lived at once, stepping the clock."""
    seconds = asked.number("seconds")
    if not 0 < seconds <= 31 * 86400:
        raise SimulatorError("seconds 要在 0 到 31 天之间")
    await simulator.personas.run(seconds)
    return await _report(simulator, asked)


async def _stop(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    await simulator.personas.stop()
    return await _report(simulator, asked)


def _count(asked: Asked) -> int:
    count = int(asked.number("count", 1))
    if not 1 <= count <= MOST:
        raise SimulatorError(f"count 要在 1 到 {MOST} 之间")
    return count
