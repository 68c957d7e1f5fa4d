"""Small help for pages with forms."""

from __future__ import annotations

from aiohttp import web


def see(path: str) -> web.Response:
    """Goes on to another page after a form, so that reloading does not send it again."""
    return web.Response(status=303, headers={"Location": path})
