"""The operators of a brand: password (argon2), API token and sessions (SHA-256 only), WeCom userid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from assistant.access.permissions import ROLES
from assistant.base import ids
from assistant.base.errors import Conflict, Invalid
from assistant.base.principal import Principal
from assistant.store import Fact, Instant, View, Work, id_column, json_column, metadata

SESSION_LIFE = timedelta(days=7)
SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 200

hasher: PasswordHasher = PasswordHasher()
"""Costs 50 ms and 64 MB a password, as it should; every hash names its own parameters, so tests put a cheap one here."""

operator = sa.Table(
    "operator",
    metadata,
    id_column(),
    sa.Column("name", sa.String(100), nullable=False, unique=True),
    sa.Column("userid", sa.String(100), nullable=False),
    json_column("roles"),
    sa.Column("password", sa.Text, nullable=False),
    sa.Column("token", sa.String(64), nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index(None, "userid"),
    sa.Index(None, "token"),
)

operator_session = sa.Table(
    "operator_session",
    metadata,
    id_column(),
    sa.Column("operator_id", sa.String(64), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index(None, "operator_id"),
)


@dataclass(frozen=True, slots=True)
class AddOperator:
    """A new operator. ``password`` and ``token`` may be empty (no login that way); ``userid`` is the WeCom account."""

    name: str
    roles: tuple[str, ...]
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    userid: str = ""


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator, without keys."""

    id: str
    name: str
    roles: tuple[str, ...]
    userid: str
    disabled: bool

    def principal(self, via: str) -> Principal:
        return Principal("operator", self.id, frozenset(self.roles), via=via)


@dataclass(frozen=True, slots=True)
class Session:
    """A session that was opened; ``secret`` goes into the cookie and is stored nowhere."""

    secret: str = field(repr=False)
    operator_id: str = ""
    expires_at: datetime | None = None


def add_operators(work: Work, requests: Sequence[AddOperator]) -> list[Operator]:
    """Adds operators; Invalid for an unknown role or a poor password, Conflict when the name is taken."""
    added: list[Operator] = []
    for request in requests:
        unknown = [role for role in request.roles if role not in ROLES]
        if unknown or not request.roles:
            raise Invalid(f"角色必须是 {'、'.join(ROLES)} 中的一个或几个", code="unknown_role", roles=unknown)
        if not request.name.strip():
            raise Invalid("请填写操作员的名字", code="empty_name")
        if work.scalar(sa.select(operator.c.id).where(operator.c.name == request.name)) is not None:
            raise Conflict(f"已经有一位叫“{request.name}”的操作员", code="name_taken")
        row_id = ids.derive("operator", request.name)
        row = {
            "id": row_id,
            "name": request.name,
            "userid": request.userid,
            "roles": sorted(set(request.roles)),
            "password": _hash_password(request.password) if request.password else "",
            "token": _digest(request.token) if request.token else "",
            "disabled": False,
            "created_at": work.now,
        }
        work.insert(operator, [row])
        work.record(Fact("operator.added", f"operator:{row_id}", {"name": request.name, "roles": row["roles"]}))
        added.append(Operator(row_id, request.name, tuple(sorted(set(request.roles))), request.userid, False))
    return added


def set_password(work: Work, operator_id: str, password: str) -> None:
    """Changes a password and ends all sessions of the operator."""
    changed = work.execute(operator.update().where(operator.c.id == operator_id).values(password=_hash_password(password)))
    if changed.rowcount == 0:
        raise Invalid("没有这位操作员", code="no_operator")
    work.execute(operator_session.delete().where(operator_session.c.operator_id == operator_id))
    work.record(Fact("operator.password_changed", f"operator:{operator_id}"))


def verify_password(view: View, name: str, password: str) -> Operator | None:
    """The operator if name and password are right; takes equally long for unknown names. About 50 ms: use ``store.read``."""
    row = view.one(sa.select(operator).where(operator.c.name == name))
    stored = row.password if row is not None and row.password else _nobody()
    try:
        hasher.verify(stored, password[:LONGEST_PASSWORD])
    except (Argon2Error, InvalidHashError):
        return None
    return None if row is None or not row.password or row.disabled else _operator(row)


def open_session(work: Work, operator_id: str, life: timedelta = SESSION_LIFE) -> Session:
    """Opens a session and forgets expired ones."""
    secret = ids.fresh("s") + ids.fresh("")
    work.execute(operator_session.delete().where(operator_session.c.expires_at <= work.now))
    expires = work.now + life
    row = {"id": _digest(secret), "operator_id": operator_id, "created_at": work.now, "expires_at": expires}
    work.insert(operator_session, [row])
    return Session(secret, operator_id, expires)


def close_session(work: Work, secret: str) -> None:
    """Ends a session; an unknown one is fine."""
    work.execute(operator_session.delete().where(operator_session.c.id == _digest(secret)))


def by_session(view: View, secret: str) -> Operator | None:
    """The operator whose living session this is."""
    found = sa.select(operator_session.c.operator_id)
    living = found.where(operator_session.c.id == _digest(secret), operator_session.c.expires_at > view.now)
    return _first(view, operator.c.id.in_(living))


def by_token(view: View, token: str) -> Operator | None:
    """The operator whose API token this is."""
    return _first(view, operator.c.token == _digest(token)) if token else None


def operator_by_userid(view: View, userid: str) -> Principal | None:
    """The operator behind a WeCom account, as a principal, or None."""
    found = _first(view, operator.c.userid == userid) if userid else None
    return found.principal("wecom") if found else None


def operators(view: View) -> list[Operator]:
    """All operators by name."""
    return [_operator(row) for row in view.all(sa.select(operator).order_by(operator.c.name))]


def _first(view: View, condition: sa.ColumnElement[bool]) -> Operator | None:
    row = view.one(sa.select(operator).where(condition, operator.c.disabled.is_(False)))
    return None if row is None else _operator(row)


def _operator(row: Any) -> Operator:
    return Operator(row.id, row.name, tuple(row.roles), row.userid, row.disabled)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


@cache
def _nobody() -> str:
    return hasher.hash(ids.fresh("nobody"))


def _hash_password(password: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Invalid(f"密码需要 {SHORTEST_PASSWORD} 到 {LONGEST_PASSWORD} 个字符", code="poor_password")
    return hasher.hash(password)
