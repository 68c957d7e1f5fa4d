"""The reads of content."""

from __future__ import annotations

from assistant.domain.content import store
from assistant.domain.content.model import Template
from assistant.store import View


def templates(view: View) -> list[Template]:
    """The newest version of every template."""
    return store.newest(view)


def template(view: View, name: str) -> Template | None:
    """The newest version under a name, or None."""
    return next(iter(store.newest(view, name)), None)


def template_by_id(view: View, template_id: str) -> Template | None:
    """One very version, or None."""
    return store.by_id(view, template_id)
