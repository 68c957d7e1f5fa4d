"""One turn through the agent loop against a bare ``openai`` loop that does the same: two calls of a model without latency, one tool.

The model is a process of its own on loopback that first asks for the points and then says them. Aim: at most 2.5 times the bare loop.
Run: ``python -m bench.turn [rounds]``.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from aiohttp import web

from assistant.agent import Brief, Limits, Toolbox, open_model, think_safely
from assistant.agent.model import close_model
from assistant.base.clock import SystemClock, stopwatch
from assistant.base.principal import Principal
from assistant.store import Store
from tools.context import ToolContext
from tools.toolbox import toolbox_for

AIM = 2.5
TURNS = 20
ROUNDS = 9
MEMBER = Principal("member", "mem_bench")
SAID = "我还有多少积分？"
SYSTEM = "你是小棉，一家内衣店的会员顾问。只说工具给出的数字。"


def answer(said: dict[str, Any]) -> dict[str, Any]:
    """The completion: a call first, a sentence once its result is there."""
    done = said["messages"][-1]["role"] == "tool"
    call = {"id": "call1", "type": "function", "function": {"name": "my_points", "arguments": "{}"}}
    message = (
        {"role": "assistant", "content": "您现在有 0 积分。"} if done else {"role": "assistant", "content": None, "tool_calls": [call]}
    )
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "fake",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop" if done else "tool_calls"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }


def serve(port: Any) -> None:
    """The model's process; sends its port when it listens."""

    async def run() -> None:
        async def completion(request: web.Request) -> web.Response:
            return web.json_response(answer(await request.json()))

        app = web.Application()
        app.router.add_post("/v1/chat/completions", completion)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(run())


class Pages:
    """A transcript that is kept in memory on both sides of the comparison."""

    def __init__(self) -> None:
        self.written: list[dict[str, Any]] = []

    def events(self) -> list[dict[str, Any]]:
        """Nothing was interrupted."""
        return []

    async def record(self, event: dict[str, Any]) -> None:
        """Keeps the step."""
        self.written.append(event)


def toolbox(store: Store) -> Toolbox:
    """A member's own tools, all of them."""
    context = ToolContext(store, MEMBER, MEMBER.id, "bench", "turn_bench", (SAID,), None, None)
    return toolbox_for(context, group=False)


async def bare(client: Any, store: Store) -> str:
    """What anybody would write by hand: call, run the tool, call again."""
    tools = toolbox(store)
    messages: list[dict[str, Any]] = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": SAID}]
    while True:
        said = (await client.chat.completions.create(model="fake", messages=messages, tools=tools.for_model())).choices[0].message
        if not said.tool_calls:
            return str(said.content)
        messages.append(said.model_dump(exclude_none=True))
        for call in said.tool_calls:
            result = await tools.call(call.function.name, json.loads(call.function.arguments), call.id)
            messages.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps(result.data, ensure_ascii=False)})


async def ours(model: Any, store: Store) -> str:
    """The loop of the product, with its limits, transcript and guard."""
    brief = Brief(SYSTEM, SAID, "single", store.clock.now(), "turn_bench")
    thought = await think_safely([model], brief, toolbox(store), Limits(), Pages())
    assert thought.outcome == "answer", thought.faults
    return thought.text


async def compare(base_url: str, rounds: int) -> tuple[float, float]:
    """(milliseconds of a bare turn, of ours): medians over rounds that take turns."""
    from openai import AsyncOpenAI, DefaultAioHttpClient

    took: dict[str, list[float]] = {"bare": [], "ours": []}
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder) / 'turn.db'}", SystemClock())
        store.create_all()
        client = AsyncOpenAI(api_key="x", base_url=base_url, http_client=DefaultAioHttpClient())
        model = open_model("x", base_url, "fake")
        for _ in range(5):
            assert await bare(client, store) == await ours(model, store)
        for _ in range(rounds):
            for name, turn, argument in (("bare", bare, client), ("ours", ours, model)):
                started = stopwatch()
                for _ in range(TURNS):
                    await turn(argument, store)
                took[name].append(1000 * (stopwatch() - started) / TURNS)
        await client.close()
        await close_model(model)
        store.close()
    return statistics.median(took["bare"]), statistics.median(took["ours"])


def main() -> int:
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    try:
        rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
        plain, full = asyncio.run(compare(f"http://127.0.0.1:{here.recv()}/v1", rounds))
    finally:
        server.terminate()
    print(f"turn: bare openai loop {plain:.1f} ms, ours {full:.1f} ms, ratio {full / plain:.2f} (aim ≤ {AIM})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
