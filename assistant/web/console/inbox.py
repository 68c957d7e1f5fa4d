"""The inbox: conversations as they run, taken over by a person and given back."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from assistant import access
from assistant.channels import received
from assistant.dialogue import conversation
from assistant.store import View
from assistant.web.console.forms import see
from assistant.web.doors import Call
from assistant.web.kf_words import holder_words, session_words
from assistant.web.pages import part, render
from assistant.web.route import Route

CHANNELS = {"kf": "微信客服", "app": "员工应用", "bot": "机器人"}
MOST = 60


def _list(view: View) -> list[conversation.Conversation]:
    return conversation.recent(view, MOST)


def _one(view: View, conversation_id: str) -> dict[str, Any]:
    chosen = conversation.get(view, conversation_id)
    names = {one.id: one.name for one in access.operators(view)} if chosen.holder else {}
    return {
        "chosen": chosen,
        "lines": conversation.lines(view, conversation_id, 80),
        "holder": holder_words(view, chosen.holder, names) if chosen.holder else "",
        "in_client": chosen.holder.startswith(conversation.CLIENT),
        "session": session_words(view, conversation_id, chosen.holder in names),
    }


async def show_all(call: Call) -> web.StreamResponse:
    """The list; on a wide screen with nothing opened yet."""
    found = await call.store.read(_list)
    return render(
        call,
        "inbox.html",
        conversations=found,
        chosen=None,
        lines=[],
        holder="",
        in_client=False,
        session=[],
        mine=False,
        channels=CHANNELS,
    )


async def show_one(call: Call) -> web.StreamResponse:
    """One conversation beside the list."""
    opened = await call.store.read(_one, call.part("id"))
    mine = opened["chosen"].holder == call.who.id
    return render(call, "inbox.html", conversations=await call.store.read(_list), channels=CHANNELS, mine=mine, **opened)


async def show_list(call: Call) -> web.StreamResponse:
    """The list alone, for refreshing."""
    found = await call.store.read(_list)
    return render(call, "inbox_list.html", conversations=found, opened=call.query("opened"), channels=CHANNELS)


async def show_lines(call: Call) -> web.StreamResponse:
    """The messages alone, for refreshing."""
    return render(call, "inbox_lines.html", **await call.store.read(_one, call.part("id")))


async def take(call: Call) -> web.StreamResponse:
    """From now on the assistant is silent here and this operator speaks."""
    await call.store.write(conversation.hold, [conversation.Take(call.key, call.part("id"), call.who.id)], call.who, cause="console")
    return _back(call)


async def release(call: Call) -> web.StreamResponse:
    """The assistant answers again."""
    await call.store.write(conversation.hold, [conversation.Take(call.key, call.part("id"), "")], call.who, cause="console")
    return _back(call)


async def reply(call: Call) -> web.StreamResponse:
    """What the operator writes goes out on the conversation's channel."""
    said = conversation.Say(call.key, call.part("id"), call.field("text")[:2000], call.who.id)
    await call.store.write(conversation.say, [said], call.who, cause="console")
    return _back(call)


async def show_file(call: Call) -> web.StreamResponse:
    """A picture or file that somebody sent; saved by the browser, never shown inside our pages."""
    folder, one = call.doors.received, await call.store.read(received.get, call.part("id"))
    path = folder.path_of(one.sha) if folder is not None and one is not None and one.state == "kept" else None
    if one is None or path is None or not path.is_file():
        raise web.HTTPNotFound
    headers = {"Content-Disposition": f'attachment; filename="{one.kind}-{one.id}"', "Content-Type": "application/octet-stream"}
    return web.FileResponse(path, headers=headers)


def _back(call: Call) -> web.StreamResponse:
    return see(f"/inbox/{part(call.part('id'))}")


ROUTES = (
    Route("GET", "/received/{id}", "conversation:read", show_file),
    Route("GET", "/inbox", "conversation:read", show_all),
    Route("GET", "/inbox/{id}", "conversation:read", show_one),
    Route("GET", "/inbox-list", "conversation:read", show_list),
    Route("GET", "/inbox/{id}/lines", "conversation:read", show_lines),
    Route("POST", "/inbox/{id}/take", "conversation:take", take),
    Route("POST", "/inbox/{id}/release", "conversation:take", release),
    Route("POST", "/inbox/{id}/say", "conversation:take", reply),
)
