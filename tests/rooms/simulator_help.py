"""Short ways to call the simulator's customer contact in tests."""

from __future__ import annotations

from typing import Any

import aiohttp

from assistant.wecom.simulator.callbacks import from_xml
from tests.rooms.test_simulator_bench import Bench


async def ask(bench: Bench, path: str, **body: Any) -> dict[str, Any]:
    """POST to a path under externalcontact/ as the app of customer contact."""
    return await bench.call(f"externalcontact/{path}", body)


async def code(bench: Bench, path: str, **body: Any) -> int:
    """The errcode alone."""
    return int((await ask(bench, path, **body))["errcode"])


async def read(bench: Bench, path: str, secret: str = "contact-secret", **query: str) -> dict[str, Any]:
    """GET a path under /cgi-bin."""
    token = (await bench.token(secret))["access_token"]
    async with bench.http.get(f"{bench.base}/cgi-bin/{path}", params={"access_token": token, **query}) as response:
        answer: dict[str, Any] = await response.json()
        return answer


async def upload(bench: Bench, path: str, content: bytes, **query: str) -> dict[str, Any]:
    """A multipart upload to a path under /cgi-bin."""
    form = aiohttp.FormData()
    form.add_field("media", content, filename="a.png", content_type="image/png")
    params = {"access_token": (await bench.token("contact-secret"))["access_token"], **query}
    async with bench.http.post(f"{bench.base}/cgi-bin/{path}", params=params, data=form) as response:
        answer: dict[str, Any] = await response.json()
        return answer


def told(bench: Bench, *names: str) -> list[tuple[str, ...]]:
    """ChangeType and the named elements of every event the service heard."""
    events = [from_xml(each) for each in bench.heard]
    return [(event["ChangeType"], *(event.get(name, "") for name in names)) for event in events]
