"""An operator's goal from the sentence to the report, through the real service and the simulator, on both databases."""

from __future__ import annotations

from pathlib import Path

from tests.flow.office import BOSS, MAKER, PEOPLE, POINTS, SENT, figures, office, once_each


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


async def test_who_may_approve_is_asked_in_the_app_and_approves_by_a_button(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path) as desk:
        shop, phone = desk.shop, desk.shop.simulator.staff_phone("he")
        people = await desk.people()
        await shop.start()
        await shop.simulator.staff_says("he", "帮助")
        await shop.until(lambda: shop.staff_heard("he"), "the help")
        plan = await desk.previewed(people.goal)
        await desk.done(MAKER, "POST", f"/plans/{plan['id']}/submit", {})
        await desk.play(lambda: [one for one in phone if one.kind == "template_card"], "the card", 1.0)
        (card,) = [one for one in phone if one.kind == "template_card"]
        assert card.body["button_list"][0]["text"] == f"批准 {plan['digest'][:8]}"
        await shop.simulator.presses("he", card.msgid, "choice0")
        await desk.play(lambda: desk.state(plan) in ("approved", "running"), "the approval", 1.0)
        await desk.play(lambda: "已选择" in card.body["button_list"][0]["text"], "the card to say so", 1.0)
        assert shop.simulator.complaints == []


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
