"""The writes of content."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.base.errors import Invalid
from assistant.domain.content import store
from assistant.domain.content.model import Saved, SaveTemplate, slots
from assistant.store import Fact, Work, once


def save_template(work: Work, requests: Sequence[SaveTemplate]) -> list[Saved]:
    """Keeps texts; the same words again are the same version. Raises Invalid for a text without words or with a broken slot."""
    return once(work, "content.save_template", requests, Saved, _save)


def _save(work: Work, requests: list[SaveTemplate]) -> list[Saved]:
    return [_save_one(work, request) for request in requests]


def _save_one(work: Work, request: SaveTemplate) -> Saved:
    if not request.name.strip() or len(request.name) > 80 or not request.body.strip():
        raise Invalid("模板需要名称（最多 80 字）和正文", code="bad_template")
    slots(request.body)
    newest = next(iter(store.newest(work, request.name)), None)
    if newest is not None and (newest.body, newest.ai_written) == (request.body, request.ai_written):
        return Saved(newest.id, newest.version)
    version = (newest.version if newest else 0) + 1
    number = store.insert(work, request, version)
    work.record(Fact("content.saved", f"template:{number}", {"name": request.name, "version": version, "ai_written": request.ai_written}))
    return Saved(number, version)
