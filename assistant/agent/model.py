"""Models: any OpenAI-compatible one over aiohttp, and the built-in planner that needs no key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.base.protocols import Embedder


def open_model(api_key: str, base_url: str, model: str, http_timeout: float = 25.0) -> Any:
    """A chat model behind an OpenAI-compatible endpoint; at most one retry of a call. Close it with ``close_model``."""
    from langchain_openai import ChatOpenAI  # noqa: PLC0415 - heavy, and not needed without a key
    from openai import DefaultAioHttpClient, Timeout  # noqa: PLC0415
    from pydantic import SecretStr  # noqa: PLC0415

    timeout = Timeout(http_timeout, connect=min(5.0, http_timeout))
    return ChatOpenAI(
        model=model,
        api_key=SecretStr(api_key),
        base_url=base_url or None,
        timeout=timeout,
        max_retries=1,
        http_async_client=DefaultAioHttpClient(timeout=timeout),
    )


async def close_model(model: Any) -> None:
    """Closes the connections of a model from ``open_model``; any other model has none."""
    client = getattr(model, "http_async_client", None)
    if client is not None:
        await client.aclose()


def open_planner(embedder: Embedder | None, questions: Sequence[str] = (), *, ready: bool = False) -> Any:
    """The built-in planner as a chat model: intents, slots, templates; the same loop as any other model.

    ``questions`` are those the knowledge base answers, so that sentences like them are looked up there. ``ready``: its examples are
    embedded now, which takes seconds with a real embedder; otherwise the first sentence that no rule knows waits for it.
    """
    from assistant.agent.planner import Planner  # noqa: PLC0415

    planner = Planner(embedder=embedder, questions=tuple(questions))
    if ready:
        planner.intents.open()
    return planner
