"""Column types and column shapes that every table shares, equal on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect


def written(value: datetime | None) -> str | None:
    """An instant as text, in UTC with its offset."""
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("an instant must carry its time zone")
    return value.astimezone(UTC).isoformat(" ", "microseconds")


def _naively(value: datetime | None) -> str | None:
    text = written(value)
    return text and text.removesuffix("+00:00")


def _aware(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware UTC datetime on both databases; a naive value is an error."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant must carry its time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def bind_processor(self, dialect: Dialect) -> Any:
        """SQLite keeps text; it is written in one step instead of three."""
        return _naively if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        """And read in one."""
        return _aware if dialect.name == "sqlite" else super().result_processor(dialect, coltype)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def id_column(name: str = "id", **options: Any) -> sa.Column[str]:
    """A text primary key made by ``base.ids``."""
    return sa.Column(name, sa.String(64), primary_key=True, **options)


def member_column(name: str = "member_id", **options: Any) -> sa.Column[str]:
    """The member a row belongs to; empty text where there is none."""
    return sa.Column(name, sa.String(64), nullable=False, **options)


def json_column(name: str, **options: Any) -> sa.Column[Any]:
    """A JSON value, never null."""
    return sa.Column(name, sa.JSON, nullable=False, **options)
