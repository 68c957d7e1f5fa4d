"""An operator's goal from the sentence to the report, through the real service and the simulator, on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.flow.office import BOSS, DAY, MAKER, PEOPLE, POINTS, SENT, TEN, Office, People, office
from tests.flow.stages import CAMPAIGN, Chain


def figures(lines: list[dict[str, Any]]) -> dict[str, int]:
    return {line["name"]: line["value"] for line in lines}


async def test_a_goal_goes_from_the_sentence_to_the_report(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path) as desk:
        shop = desk.shop
        for userid in ("lin", "he"):
            shop.simulator.world.staff[userid].confirms = "never"
        people = await desk.people()
        await shop.start()
        plan = await desk.previewed(people.goal)
        shown = plan["preview"]
        assert (shown["people"], shown["reachable"], figures(shown["routes"])) == (PEOPLE, SENT, {"kf": 1, "mass": SENT - 1})
        assert figures(shown["exclusions"]) == {"会员已退订": 1}
        path = f"/plans/{plan['id']}"
        assert (await desk.call(MAKER, "POST", f"{path}/approve", {"digest": plan["digest"]}))[0] == 403
        assert (await desk.call(BOSS, "POST", f"{path}/approve", {"digest": "0" * 64}))[0] == 409
        await desk.approved(plan)
        await shop.until(lambda: shop.heard(people.canary), "the canary to hear of it")
        assert len(desk.touches(plan)) == 1
        await desk.play(lambda: sum(map(desk.tasked, people.rest)) == len(people.rest), "the 群发 tasks of both employees", 5.0)
        assert [shop.heard(name) for name in people.rest] == [[]] * len(people.rest)
        for task in shop.simulator.mass.tasks.values():
            await shop.simulator.confirm(task.msgid, next(iter(task.rows)))
        await desk.play(lambda: desk.settled(plan), "all to be delivered")
        await once_each(desk, plan, people)
        assert shop.heard(people.canary) == [f"老友{people.canary[-1]}，送您 {POINTS} 积分，已放进账户。请在会员中心查看。 回复 TD 退订"]


async def once_each(desk: Office, plan: Any, people: People, campaigns: int = 1) -> int:
    """Nobody is lost, every effect is there once, the report says the same as the phones; returns how many nobody knows about."""
    touches = desk.touches(plan)
    lost = {name for name in touches if touches[name].state == "unknown"}
    assert set(touches) == {people.canary, *people.rest}
    assert {name: len(desk.shop.heard(name)) for name in people.ids} == {name: int(name not in (*lost, people.out)) for name in people.ids}
    assert all(desk.tasked(name) == (name not in lost) for name in people.rest)
    assert await desk.points(people) == {name: POINTS * (name != people.out) for name in people.ids}
    assert (desk.fen("brand:benefits"), desk.fen(f"budget:{plan['id']}")) == (campaigns * SENT * POINTS, 0)
    assert desk.fen("brand:marketing") == -campaigns * SENT * POINTS
    report = await desk.done(MAKER, "GET", f"/plans/{plan['id']}/report")
    assert figures(report["funnel"]) == {"people": PEOPLE, "queued": SENT, "delivered": SENT - len(lost), "replied": 0, "ordered": 0}
    assert (report["spent_fen"], figures(report["skipped"])) == (SENT * POINTS, {"会员已退订": 1})
    progress = figures((await desk.done(MAKER, "GET", f"/plans/{plan['id']}"))["progress"])
    assert progress["unknown"] == len(lost)
    assert desk.sound()
    assert desk.shop.simulator.complaints == []
    return len({touches[name].staff for name in lost})


async def test_killed_at_any_stage_a_plan_reaches_everybody_once(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path) as desk:
        for number, chain in enumerate(CAMPAIGN, start=1):
            await a_campaign_with_deaths(desk, chain, number)


async def a_campaign_with_deaths(desk: Office, chain: Chain, number: int) -> None:
    """The service dies at each stage of the chain, one life after another, and then lives on; the approval told again changes nothing."""
    desk.shop.clock.set(TEN + number * DAY)
    people = await desk.people()
    await desk.shop.start(*chain.deaths[0])
    plan = await desk.previewed(people.goal)
    await desk.approved(plan)
    await desk.outlive(*chain.deaths[0], chain.pace)
    for death in chain.deaths[1:]:
        await desk.shop.start(*death)
        await desk.outlive(*death, chain.pace)
    await desk.shop.start()
    await desk.approved(plan)
    await desk.play(lambda: desk.settled(plan), f"the end of the plan after {chain.deaths}")
    await desk.shop.quiet()
    lost = await once_each(desk, plan, people, number)
    assert chain.lost[0] <= lost <= chain.lost[1], chain
    await desk.shop.stop()


async def test_a_task_that_wecom_did_not_confirm_is_found_or_listed_but_never_made_twice(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path) as desk:
        people = await desk.people()
        faults = desk.shop.simulator.faults
        faults.inject("kf/send_msg", "lost_after")
        faults.inject("externalcontact/add_msg_template", "lost_after")
        faults.inject("externalcontact/add_msg_template", "lost_before")
        await desk.shop.start()
        plan = await desk.previewed(people.goal)
        await desk.approved(plan)
        await desk.play(lambda: desk.settled(plan), "all to be told or listed")
        await desk.shop.quiet()
        assert await once_each(desk, plan, people) == 1
        made = [call for call in desk.shop.simulator.calls if call.path.endswith("add_msg_template")]
        assert len(made) == 2
