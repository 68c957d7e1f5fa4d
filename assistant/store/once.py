"""Same key, same effect, once: the stored outcome of a command is returned to whoever repeats it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from typing import Any, Protocol, TypeVar, cast

import sqlalchemy as sa
from pydantic import TypeAdapter

from assistant.base.errors import Conflict
from assistant.store.rows import command_key
from assistant.store.work import Work


class Keyed(Protocol):
    """A request that names itself: a frozen dataclass with an idempotency ``key``."""

    @property
    def key(self) -> str: ...


R = TypeVar("R", bound=Keyed)
Result = TypeVar("Result")


def once(
    work: Work, verb: str, requests: Sequence[R], outcome: type[Result], run: Callable[[Work, list[R]], Sequence[Result]]
) -> list[Result]:
    """Runs ``run`` for the requests whose key is new and returns one outcome per request, in order.

    A known key with the same input returns its stored outcome; with other input it raises Conflict and nothing is changed.
    Keys are kept for ever. ``outcome`` is a frozen dataclass (or any type pydantic can write as JSON).
    """
    wanted: dict[str, R] = {}
    hashes: dict[str, str] = {}
    for request in requests:
        digest = input_hash(request)
        if hashes.setdefault(request.key, digest) != digest:
            raise Conflict("同一个请求编号对应了不同的内容", code="key_reused", key=request.key, verb=verb)
        wanted.setdefault(request.key, request)
    known = _known(work, verb, list(wanted))
    done: dict[str, Result] = {}
    adapter: TypeAdapter[Result] = _adapter(cast(Any, outcome))
    for key, (digest, text) in known.items():
        if digest != hashes[key]:
            raise Conflict("同一个请求编号对应了不同的内容", code="key_reused", key=key, verb=verb)
        done[key] = adapter.validate_json(text)
    new = [request for key, request in wanted.items() if key not in known]
    if new:
        results = run(work, new)
        stored = []
        for request, result in zip(new, results, strict=True):
            done[request.key] = result
            text = adapter.dump_json(result).decode()
            stored.append({"verb": verb, "key": request.key, "input_hash": hashes[request.key], "outcome": text, "at": work.now})
        work.insert(command_key, stored)
    return [done[request.key] for request in requests]


def input_hash(request: Any) -> str:
    """Hex SHA-256 of the fields that differ from their defaults, so that a later optional field keeps old hashes valid."""
    fields = {
        name: value
        for name, default in _fields(cast(Any, type(request)))
        if (value := getattr(request, name)) is not default and value != default
    }
    fields.pop("key", None)
    return sha256(_encode(fields).encode()).hexdigest()


@cache
def _fields(kind: Any) -> list[tuple[str, Any]]:
    return [(field.name, field.default) for field in dataclasses.fields(kind)]


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: getattr(value, name) for name, _default in _fields(type(value))}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)


_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=_plain).encode


def _known(work: Work, verb: str, keys: list[str]) -> dict[str, tuple[str, str]]:
    statement = sa.select(command_key.c.key, command_key.c.input_hash, command_key.c.outcome)
    rows = work.all(statement.where(command_key.c.verb == verb, work.among(command_key.c.key, keys)))
    return {row.key: (row.input_hash, row.outcome) for row in rows}


@cache
def _adapter(outcome: Any) -> TypeAdapter[Any]:
    return TypeAdapter(outcome)
