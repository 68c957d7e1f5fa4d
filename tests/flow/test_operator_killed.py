"""An operator's plan killed at every stage it crosses: nobody lost, every effect once."""

from __future__ import annotations

from pathlib import Path

from tests.flow.office import DAY, TEN, Office, office, once_each
from tests.flow.stages import CAMPAIGN, Chain


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
