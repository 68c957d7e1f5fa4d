"""The personas of section D: each does what its name says on the virtual clock, the same with the same seed, and says what it misses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from aiohttp import web

from assistant.base.clock import SHANGHAI
from assistant.wecom.simulator import SimulatorError
from assistant.wecom.simulator.personas import MINUTE, SCRIPTS, Actor
from tests.rooms.test_simulator_bench import Bench, running_bench  # noqa: F401 (the fixture)

HOUR, DAY = 60 * MINUTE, 24 * 60 * MINUTE
Cast = Callable[..., Actor]


@pytest.fixture
async def cast(bench: Bench) -> Cast:
    """Brings in one actor of a persona, with a service that answers every question, by a menu where a gift is asked for."""
    cursor = ""

    async def answer(request: web.Request, plain: str) -> str:
        nonlocal cursor
        if "kf_msg_or_event" not in plain:
            return ""
        page = await bench.pull(cursor)
        cursor = page["next_cursor"]
        said = {item["external_userid"]: str(item.get("text", {}).get("content")) for item in page["msg_list"] if item["origin"] == 3}
        for who, text in said.items():
            body: dict[str, object] = {"touser": who, "open_kfid": "wkKF", "msgtype": "text", "text": {"content": "好的"}}
            if "兑换" in text:
                items = [{"type": "click", "click": {"id": "1", "content": "袜子"}}]
                body |= {"msgtype": "msgmenu", "msgmenu": {"head_content": "选一个", "list": items}}
            await bench.call("kf/send_msg", body)
        return ""

    bench.answer = answer
    return lambda persona, seed=0: bench.simulator.personas.cast(persona, seed=seed)[0]


def hours(actor: Actor) -> set[int]:
    return {said.at.astimezone(SHANGHAI).hour for said in actor.said}


async def test_a_chatty_customer_sends_five_messages_of_mixed_types_in_three_seconds(bench: Bench, cast: Cast) -> None:
    actor = cast("chatty_customer")
    await bench.simulator.personas.run(6 * HOUR, grain=0.0)
    bursts = [actor.said[place : place + 5] for place in range(0, len(actor.said) // 5 * 5, 5)]
    assert len(bursts) >= 3
    assert all(burst[4].at - burst[0].at <= timedelta(seconds=3) for burst in bursts)
    assert {bubble.kind for bubble in actor.phone if bubble.sender == actor.who} == {"text", "image"}
    assert bench.simulator.personas.unmet() == []


async def test_a_menu_clicker_presses_what_the_menu_offers(bench: Bench, cast: Cast) -> None:
    actor = cast("menu_clicker")
    await bench.simulator.personas.run(3 * HOUR)
    assert "点了菜单 袜子" in actor.did
    clicked = [item for _, item in bench.simulator.kf.accounts.the().log if item.get("text", {}).get("menu_id")]
    assert {item["text"]["menu_id"] for item in clicked} == {"1"}


async def test_a_night_owl_writes_at_night_only(bench: Bench, cast: Cast) -> None:
    actor = cast("night_owl")
    await bench.simulator.personas.run(3 * DAY)
    assert len(actor.said) > 6
    assert hours(actor) <= {23, 0, 1, 2, 3, 4, 5}


async def test_a_deleter_leaves_after_the_second_mass_message(bench: Bench, cast: Cast) -> None:
    actor = cast("deleter")
    bench.simulator.world.staff["wang"].confirms = "at_once"
    for number in (1, 2):
        await bench.task_for(actor.who, text=f"新品{number}")
        await bench.simulator.personas.run(HOUR)
        assert ("wang" in bench.heard[-1] if number == 2 else actor.did == []) is True
    assert (actor.did, actor.over) == (["删除了 wang"], True)
    assert bench.simulator.world.the_customer(actor.who).relations["wang"].gone == "by_customer"


async def test_a_half_adder_is_never_confirmed(bench: Bench, cast: Cast) -> None:
    actor = cast("half_adder")
    await bench.simulator.personas.run(2 * HOUR)
    assert "add_half_external_contact" in bench.heard[-1]
    assert not bench.simulator.world.the_customer(actor.who).relations["wang"].confirmed


async def test_an_angry_customer_asks_for_a_person_and_recalls_what_he_said(bench: Bench, cast: Cast) -> None:
    actor = cast("angry_customer")
    await bench.simulator.personas.run(HOUR)
    assert any("人工" in said.text or "经理" in said.text for said in actor.said)
    recalled = [bubble for bubble in actor.phone if bubble.recalled]
    assert [bubble.text for bubble in recalled] == [said.text for said in actor.said if said.recalled] != []


async def test_a_lazy_employee_confirms_after_two_days_or_never(bench: Bench, cast: Cast) -> None:
    actor = cast("lazy_employee")
    bench.simulator.world.add_customer("wmLazy", "阿懒", [actor.who])
    tasks = [await bench.task_for("wmLazy", text=f"第{number}条") for number in range(12)]
    await bench.simulator.personas.run(2 * DAY - HOUR)
    assert bench.seen("wmLazy") == []
    await bench.simulator.personas.run(3 * HOUR)
    sent = [task for task in tasks if actor.who in bench.simulator.mass.tasks[task].sent]
    assert 0 < len(sent) < len(tasks)
    assert len(bench.seen("wmLazy")) == len(sent)


async def test_an_employee_who_leaves_is_gone_within_two_days(bench: Bench, cast: Cast) -> None:
    actor = cast("employee_who_leaves")
    await bench.simulator.personas.run(DAY - HOUR)
    assert bench.simulator.world.the_staff(actor.who).active
    await bench.simulator.personas.run(DAY + 2 * HOUR)
    assert bench.simulator.world.the_staff(actor.who).left is not None


async def test_an_injector_orders_and_an_impostor_bears_the_name_of_another(bench: Bench, cast: Cast) -> None:
    injector, impostor = cast("prompt_injector"), cast("impostor")
    await bench.simulator.personas.run(3 * HOUR)
    assert all("积分" in said.text or "points" in said.text for said in injector.said)
    world = bench.simulator.world
    assert world.the_customer(impostor.who).name in {world.the_customer(other).name for other in ("wmA", "wmB")}
    assert bench.simulator.personas.unmet() == []


async def test_a_deaf_service_is_told_whom_it_left_without_an_answer(bench: Bench, cast: Cast) -> None:
    actor = cast("chatty_customer")

    async def deaf(request: web.Request, plain: str) -> str:
        return ""

    bench.answer = deaf
    await bench.simulator.personas.run(10.0, grain=0.0)
    assert bench.simulator.personas.unmet() == []
    bench.simulator.advance(121)
    assert len(bench.simulator.personas.unmet()) == 5
    actor.said[0].recalled = True
    assert len(bench.simulator.personas.unmet()) == 4
    await bench.simulator.servicer_says("li", actor.who, "我来了")
    assert bench.simulator.personas.unmet() == []


async def test_the_same_seed_plays_the_same_play(bench: Bench, cast: Cast) -> None:
    first, again, other = (cast("angry_customer", seed) for seed in (1, 1, 2))
    again.chance.seed("1:angry_customer:1")
    again.chance.uniform(0, 5)
    await bench.simulator.personas.run(DAY)
    assert [said.text for said in first.said] == [said.text for said in again.said] != [said.text for said in other.said]


async def test_the_control_face_brings_personas_in_and_sends_them_home(bench: Bench) -> None:
    async def ask(method: str, path: str, **body: object) -> dict[str, object]:
        async with bench.http.request(method, bench.control + path, json=body) as response:
            found: dict[str, object] = await response.json()
            return found

    for persona in SCRIPTS:
        await ask("POST", "/personas", persona=persona)
    lived = await ask("POST", "/personas/run", seconds=7200)
    assert isinstance(lived["actors"], list)
    assert {each["persona"] for each in lived["actors"]} == set(SCRIPTS)
    assert sum(each["said"] for each in lived["actors"]) > 10
    assert isinstance((await ask("DELETE", "/personas"))["unmet"], list)
    assert "error" in await ask("POST", "/personas", persona="saint")
    with pytest.raises(SimulatorError):
        bench.simulator.personas.cast("saint")
