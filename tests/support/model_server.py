"""An OpenAI-compatible endpoint on loopback that answers each request as told: well, badly, or not at all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass(frozen=True)
class Spoken:
    """A text that comes piece by piece where a stream is asked for, with so many seconds before each; ``calls`` come behind it."""

    pieces: tuple[str, ...]
    pause: float = 0.0
    calls: tuple[tuple[str, str], ...] = ()


Answer = dict[str, Any] | str | int | bytes | Spoken
"""A message, a raw body, a status, or bytes after which the connection breaks. ``"hang"`` never answers."""


def said(text: str | None, *calls: tuple[str, str]) -> dict[str, Any]:
    """A message with text and calls (name, arguments as JSON text)."""
    asked = [
        {"id": f"call{number}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for number, (name, arguments) in enumerate(calls)
    ]
    return {"role": "assistant", "content": text} | ({"tool_calls": asked} if asked else {})


def _completion(message: dict[str, Any]) -> dict[str, Any]:
    reason = "tool_calls" if message.get("tool_calls") else "stop"
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "fake",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }


async def _speak(request: web.Request, spoken: Spoken) -> web.StreamResponse:
    """The server-sent events of OpenAI's streaming answer."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "fake"}
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": piece} for piece in spoken.pieces]
    asked = said(None, *spoken.calls).get("tool_calls", [])
    deltas += [{"tool_calls": [{**call, "index": number}]} for number, call in enumerate(asked)]
    for delta in deltas:
        await asyncio.sleep(spoken.pause)
        await response.write(f"data: {json.dumps({**head, 'choices': [{'index': 0, 'delta': delta}]})}\n\n".encode())
    reason = "tool_calls" if asked else "stop"
    end = {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}
    await response.write(f"data: {json.dumps(end)}\n\ndata: [DONE]\n\n".encode())
    return response


@asynccontextmanager
async def model_server(script: list[Answer]) -> AsyncIterator[str]:
    """The base URL of a model that follows the script, its last answer for ever."""
    asked = 0
    closing = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        wanted = json.loads(await request.read() or b"{}")
        step = script[min(asked, len(script) - 1)]
        asked += 1
        if isinstance(step, int):
            return web.json_response({"error": {"message": "no", "type": "x"}}, status=step)
        if isinstance(step, Spoken) and wanted.get("stream"):
            return await _speak(request, step)
        if isinstance(step, Spoken):
            step = said("".join(step.pieces), *step.calls)
        if isinstance(step, dict):
            return web.json_response(_completion(step))
        if step == "hang":
            await closing.wait()
        if isinstance(step, str):
            return web.Response(text=step, content_type="application/json")
        broken = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "100000"})
        await broken.prepare(request)
        await broken.write(step)
        if request.transport is not None:
            request.transport.abort()
        return broken

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    async with TestServer(app) as server:
        try:
            yield str(server.make_url("/v1"))
        finally:
            closing.set()


NONSENSE: dict[str, list[Answer]] = {
    "500": [500],
    "429": [429],
    "401": [401],
    "404": [404],
    "hangs": ["hang"],
    "html": ["<html>502 Bad Gateway</html>"],
    "empty body": [""],
    "no json": ["{"],
    "null": ["null"],
    "a list": ["[]"],
    "no choices": [json.dumps({"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": []})],
    "breaks off": [b'{"id": "chatcmpl-1", "choi'],
    "no content": [said(None)],
    "empty content": [said("")],
    "arguments that are no json": [said(None, ("my_points", "{'a': "))],
    "arguments that are a list": [said(None, ("my_points", "[1, 2]"))],
    "a tool that does not exist": [said(None, ("transfer_money", '{"to": "me"}'))],
    "another member's points": [said(None, ("my_points", '{"member_id": "mem_2"}')), said("")],
    "the same call for ever": [said(None, ("my_points", "{}"))],
    "made-up figures": [said("您有 99999 积分")],
    "made-up deeds": [said("已经帮您兑换成功了")],
    "a foreign link": [said("http://evil.example/free")],
    "a flood": [said("啊" * 200_000)],
    "a thousand calls at once": [said(None, *[("my_points", json.dumps({"n": n})) for n in range(1000)])],
}
"""Ways in which a model fails; after each the built-in planner or a person must answer, and nothing may have been done."""
