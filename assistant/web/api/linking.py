"""Members who may be one person, over the API."""

from __future__ import annotations

from assistant.web import linking
from assistant.web.doors import Call
from assistant.web.route import ApiRoute
from assistant.web.shapes import Nothing
from assistant.web.shapes_linking import LinkingOut, MergedOut, MergeIn, PairIn, UndoIn, UndoneOut


async def merge(call: Call) -> MergedOut:
    """Merges two members."""
    return MergedOut.model_validate(await linking.merge(call, call.body.one, call.body.other, call.body.note), from_attributes=True)


async def decline(call: Call) -> Nothing:
    """Closes a proposal."""
    await linking.decline(call, call.body.one, call.body.other)
    return Nothing()


async def undo(call: Call) -> UndoneOut:
    """Takes a merge back."""
    return UndoneOut.model_validate(await linking.undo(call, call.part("id"), call.body.reason), from_attributes=True)


ROUTES = (
    ApiRoute("GET", "/api/v1/linking", "member:read", linking.show, "渠道的身份打通率、合并建议和已合并的会员", LinkingOut),
    ApiRoute("POST", "/api/v1/merges", "member:merge", merge, "把两位会员合并为一位", MergedOut, MergeIn),
    ApiRoute("POST", "/api/v1/merges/{id}/undo", "member:merge", undo, "撤销一次合并，各归各的", UndoneOut, UndoIn),
    ApiRoute("POST", "/api/v1/linking/decline", "member:merge", decline, "不是同一个人，关掉这条建议", Nothing, PairIn),
)
