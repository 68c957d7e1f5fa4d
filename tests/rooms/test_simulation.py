"""The simulation beside the service: the group of the staff and the robots that speak in it."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from assistant import simulation
from assistant.base.clock import ManualClock
from assistant.domain import staff
from assistant.settings import Settings
from assistant.wecom.simulator import Simulator
from tests.rooms.test_simulator_bench import CONFIG

MINE = (("财务", SecretStr("my-own-robot-key")),)


@pytest.mark.parametrize(("settings", "robots"), [(Settings(), simulation.ROBOTS), (Settings(robots=MINE), MINE)])
def test_the_robots_of_the_settings_or_one_of_the_demo_speak_in_the_group_of_the_staff(
    clock: ManualClock, settings: Settings, robots: tuple[tuple[str, SecretStr], ...]
) -> None:
    simulator = Simulator(CONFIG, clock)
    crew = [staff.Person("lin", "小林", "guide"), staff.Person("wu", "小吴", "guide")]
    simulation.populate(simulator, [], crew, [], simulation.with_robots(settings).robots)
    assert simulator.world.the_group(simulation.DUTY).members == ["lin", "wu"]
    assert [simulator.robots.the(key.get_secret_value()).chatid for _, key in robots] == [simulation.DUTY]
