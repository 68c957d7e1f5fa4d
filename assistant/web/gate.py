"""Who comes in, asked of ``access``: passwords, sessions and tokens of operators."""

from __future__ import annotations

from dataclasses import dataclass

from assistant import access
from assistant.base.principal import Principal
from assistant.store import Store, Work

DOOR = Principal("system", "web")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is known, with the name that pages show."""

    who: Principal
    name: str


NOBODY = Visitor(Principal("guest", ""), "")


async def sign_in(store: Store, name: str, password: str) -> str | None:
    """The secret of a new session, or None for a wrong name or password."""
    operator = await store.read(access.verify_password, name, password)
    if operator is None:
        return None
    session: access.Session = await store.write(_open, operator.id, operator.principal("console"))
    return session.secret


async def sign_out(store: Store, secret: str) -> None:
    """Ends the session."""
    await store.write(access.close_session, secret, DOOR)


async def by_session(store: Store, secret: str) -> Visitor | None:
    """The operator behind a session cookie."""
    return _visitor(await store.read(access.by_session, secret), "console")


async def by_token(store: Store, token: str) -> Visitor | None:
    """The operator behind a bearer token."""
    return _visitor(await store.read(access.by_token, token), "api")


def _open(work: Work, operator_id: str) -> access.Session:
    return access.open_session(work, operator_id)


def _visitor(operator: access.Operator | None, via: str) -> Visitor | None:
    return None if operator is None else Visitor(operator.principal(via), operator.name)
