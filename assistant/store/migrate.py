"""Brings a database to the newest schema with Alembic. ``python -m assistant.store.migrate revision WORDS`` writes the next revision."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from assistant.store.engine import is_sqlite, open_engine
from assistant.store.rows import metadata

FOLDER = Path(__file__).parent / "migrations"
FOREIGN = ("pgqueuer",)
"""Tables with these beginnings belong to a library that keeps its own schema."""

ROOMS = ("assistant.domain",)
PARTS = (
    "assistant.access",
    "assistant.channels.accounts",
    "assistant.channels.app_cards",
    "assistant.channels.confirm",
    "assistant.channels.media",
    "assistant.channels.notices",
    "assistant.channels.quota",
    "assistant.channels.holding",
    "assistant.channels.received",
    "assistant.channels.session",
    "assistant.channels.streams",
    "assistant.dialogue",
    "assistant.operations",
    "assistant.payments",
    "assistant.wecom.token_shelf",
)
LOCK = 727002
MANY = 50
"""Beyond so many statements in one function ruff must be told that Alembic wrote them."""


def upgrade(url: str) -> None:
    """Upgrades to the newest revision; several processes may do so at once. Alembic is only loaded where there is something to do."""
    if stands_at(url) != newest():
        from alembic import command  # noqa: PLC0415 - a twentieth of a start

        _run(url, lambda config: command.upgrade(config, "head"))


def adopt(url: str) -> None:
    """Declares a database whose tables were made by ``Store.create_all`` to be at the newest revision."""
    from alembic import command  # noqa: PLC0415 - as in upgrade

    _run(url, lambda config: command.stamp(config, "head"))


def newest() -> str:
    """The number of the newest revision: the chain is single and its files are named by it."""
    return max((path.name.partition("_")[0] for path in (FOLDER / "versions").glob("[0-9]*.py")), default="0000")


def stands_at(url: str) -> str:
    """The revision the database says it is at, empty for a new one."""
    engine = open_engine(url, writing=True, size=1)
    try:
        with engine.connect() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return ""
            return str(connection.scalar(sa.text("SELECT version_num FROM alembic_version")) or "")
    finally:
        engine.dispose()


def import_tables() -> None:
    """Imports every part that owns tables, so that the metadata is whole. By name, since the store knows no room."""
    for package in ROOMS:
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
            importlib.import_module(f"{package}.{module.name}")
    for name in PARTS:
        importlib.import_module(name)


def differences(url: str) -> list[Any]:
    """What the database lacks or has beyond the metadata; empty when they agree."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415 - as in upgrade
    from alembic.migration import MigrationContext  # noqa: PLC0415 - as in upgrade

    engine = open_engine(url, writing=True, size=1)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"include_name": ours, "compare_type": True})
            return list(compare_metadata(context, metadata))
    finally:
        engine.dispose()


def revision(words: str) -> str:
    """Writes the next revision from the difference between all revisions so far and the metadata; returns its path."""
    from alembic import command  # noqa: PLC0415 - as in upgrade

    import_tables()
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/new.db"
        if newest() != "0000":
            upgrade(url)
        number = 1 + int(newest())
        made: list[str] = []

        def write(config: Any) -> None:
            script: Any = command.revision(config, words, autogenerate=True, rev_id=f"{number:04}")
            made.append(str(script.path))

        _run(url, write)
    text = Path(made[0]).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if "### " not in line]
    if text.count("    op.") > MANY:
        lines.insert(1, "# ruff: noqa: PLR0915 - written by Alembic")
    Path(made[0]).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return made[0]


def ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Whether a table belongs to the house."""
    return kind != "table" or name is None or not name.startswith(FOREIGN)


def _run(url: str, act: Callable[[Any], object]) -> None:
    from alembic.config import Config  # noqa: PLC0415 - as in upgrade

    engine = open_engine(url, writing=True, size=1)
    try:
        with engine.begin() as connection:
            if not is_sqlite(url):
                connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({LOCK})"))
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
            config.set_main_option("path_separator", "os")
            config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
            act(config)
    finally:
        engine.dispose()


if __name__ == "__main__":
    sys.stdout.write(revision(" ".join(sys.argv[2:]) or "first light") + "\n")
