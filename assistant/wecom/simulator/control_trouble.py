"""Control verbs of trouble: faults, events told again, odd and forged ones, tokens revoked, and what the service called."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from assistant.wecom.simulator.adversary import FORMS
from assistant.wecom.simulator.asked import Asked, Routes, told
from assistant.wecom.simulator.faults import MODES
from assistant.wecom.simulator.oddities import EVENTS, TEXTS
from assistant.wecom.simulator.world import SimulatorError

if TYPE_CHECKING:
    from assistant.wecom.simulator.callbacks import Channel
    from assistant.wecom.simulator.simulator import Simulator


def routes() -> Routes:
    return {
        ("GET", "/faults"): _faults,
        ("POST", "/faults"): _inject,
        ("DELETE", "/faults"): _clear_faults,
        ("GET", "/calls"): _calls,
        ("POST", "/redeliver"): _redeliver,
        ("POST", "/revoke"): _revoke,
        ("POST", "/verify"): _verify,
        ("GET", "/attack"): _forms,
        ("POST", "/attack"): _attack,
        ("POST", "/odd"): _odd,
    }


async def _faults(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    return {"faults": [asdict(fault) for fault in simulator.faults.waiting]}


async def _inject(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    path, mode = asked.text("path"), asked.text("mode", "errcode")
    times, errcode = int(asked.number("times", 1)), int(asked.number("errcode", -1))
    if mode not in MODES:
        raise SimulatorError(f"mode 只能是 {'、'.join(MODES)}")
    seconds, rate = asked.number("seconds", 0), asked.number("rate", 1)
    simulator.faults.inject(path, mode, errcode=errcode, times=times or None, seconds=seconds, rate=rate)  # type: ignore[arg-type]
    return await _faults(simulator, asked)


async def _clear_faults(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    simulator.faults.clear()
    return await _faults(simulator, asked)


async def _calls(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    path = asked.text("path", "")
    return {"calls": [call.to_json() for call in simulator.calls if path in ("", call.path)], "complaints": simulator.complaints}


async def _redeliver(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    return told(await simulator.redeliver(int(asked.number("number", -1))))


async def _revoke(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    return {"revoked": simulator.tokens.revoke()}


async def _verify(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    """The URL verification of one endpoint (``channel``)."""
    return {"verified": await simulator.verify(_channel(simulator, asked))}


async def _forms(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    return {"attacks": list(FORMS), "odd": [*TEXTS, *EVENTS]}


async def _attack(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    """One forged request (``form``) to an endpoint (``channel``)."""
    return (await simulator.adversary.attack(asked.text("form"), _channel(simulator, asked))).to_json()


async def _odd(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    """One odd callback (``form``) in the name of a member of staff, about a customer where it needs one."""
    return told(await simulator.oddities.tell(asked.text("form"), asked.text("userid"), asked.text("customer", "")))


def _channel(simulator: Simulator, asked: Asked) -> Channel:
    channel = asked.text("channel", "kf")
    if channel not in simulator.callbacks.paths:
        raise SimulatorError(f"channel 只能是 {'、'.join(simulator.callbacks.paths)}")
    return channel
