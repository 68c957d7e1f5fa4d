"""Thin typed functions for group robots: an address with a key of its own, no token; errors are those of ``WeComClient.call``."""

from __future__ import annotations

from assistant.wecom.client import WeComClient
from assistant.wecom.text import clip
from assistant.wecom.tokens import Secret

MOST_MARKDOWN = 4096


async def robot_markdown(client: WeComClient, key: Secret, content: str) -> None:
    """Markdown into the robot's group, cut at 4096 bytes. After Unknown it may be there: never said again."""
    body = {"msgtype": "markdown", "markdown": {"content": clip(content, MOST_MARKDOWN)}}
    await client.post_keyed("webhook/send", key, body)
