"""Rows of content to values and back."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from assistant.base.ids import derive
from assistant.domain.content.model import SaveTemplate, Template
from assistant.domain.content.tables import template
from assistant.store import View, Work


def newest(view: View, name: str | None = None) -> list[Template]:
    """The newest version of every template, or of one."""
    other = template.alias("other")
    later = sa.exists().where(other.c.name == template.c.name, other.c.version > template.c.version)
    statement = sa.select(template).where(sa.not_(later)).order_by(template.c.name)
    if name is not None:
        statement = statement.where(template.c.name == name)
    return [_template(row) for row in view.all(statement)]


def by_id(view: View, template_id: str) -> Template | None:
    row = view.one(sa.select(template).where(template.c.id == template_id))
    return _template(row) if row else None


def insert(work: Work, request: SaveTemplate, version: int) -> str:
    number = derive("text", request.name, version)
    row = {"id": number, "name": request.name, "version": version, "body": request.body, "ai_written": request.ai_written, "at": work.now}
    work.insert(template, [row])
    return number


def _template(row: sa.Row[Any]) -> Template:
    return Template(row.id, row.name, row.version, row.body, row.ai_written)
