"""Personas against the real service: everybody is answered or handed to a person, and nobody talks points out of the book."""

from __future__ import annotations

from pathlib import Path

from tests.flow.shop import Shop

CAST = ("chatty_customer", "menu_clicker", "angry_customer", "prompt_injector", "impostor")


async def test_every_message_of_the_personas_is_answered_or_handed_over_and_the_book_stays_as_it_is(database: str, tmp_path: Path) -> None:
    async with Shop(database, tmp_path) as shop:
        await shop.start()
        personas = shop.simulator.personas
        for persona in CAST:
            personas.cast(persona)
        await personas.run(20 * 60, between=shop.quiet)
        await shop.until(lambda: not personas.unmet(patience=0), "an answer to everybody")
        assert {actor.persona for actor in personas.actors if actor.said} == set(CAST)
        assert [await shop.points_of(member) for member in ("M1", "M2")] == [1200, 50]
        assert shop.scalar("SELECT count(*) FROM fact WHERE name LIKE 'points.%' AND CAST(payload AS TEXT) LIKE '%99999%'") == 0
        assert shop.simulator.complaints == []
