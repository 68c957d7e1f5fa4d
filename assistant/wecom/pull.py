"""Pulls what customers wrote to a KF account, page by page, behind a wake-up callback."""

from __future__ import annotations

from collections.abc import AsyncIterator

from assistant.base.errors import Broken, LaoyouError
from assistant.wecom.calls import Page, kf_sync_msg
from assistant.wecom.client import WeComClient

_TOKEN_STALE = 95007
_CURSOR_LOST = ("wecom_cursor", "wecom_bad_request")
"""A place that is lost or belongs to another account."""


async def pull_kf(client: WeComClient, open_kfid: str, token: str, cursor: str) -> AsyncIterator[Page]:
    """Every page after ``cursor``, also the empty ones, until nothing is left.

    The caller stores ``next_cursor`` and ``messages`` in one commit before it asks for the next page; after a crash it starts again
    from the stored cursor. A stale ``token`` is dropped; a cursor that WeCom no longer knows starts three days back, where
    the inbox knows what it has seen. Raises what ``call`` raises, and Broken if WeCom's cursor stands still.
    """
    restarted = False
    while True:
        try:
            page = await kf_sync_msg(client, open_kfid, cursor=cursor, token=token)
        except LaoyouError as error:
            if token and error.detail.get("errcode") == _TOKEN_STALE:
                token = ""
            elif cursor and error.code in _CURSOR_LOST:
                cursor, restarted = "", True
            else:
                raise
            continue
        stuck = page.has_more and page.next_cursor in {"", cursor}
        # An empty cursor would make the next pull start three days back.
        yield Page(page.next_cursor or cursor, page.messages, page.has_more, restarted)
        if stuck:
            raise Broken("企业微信返回的翻页位置没有前进，已停止拉取客服消息。", code="kf_cursor_stuck", open_kfid=open_kfid)
        if not page.has_more:
            return
        cursor = page.next_cursor
