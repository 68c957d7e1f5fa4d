"""What is thrown away by night: media that nobody has sent for half a year, rows first and then their files."""

from __future__ import annotations

import asyncio

from assistant.base.principal import system
from assistant.channels import media
from assistant.jobs import Handler, Job
from assistant.store import Store, Work

ME = system("cleaning")


def media_handler(store: Store, folder: media.Folder) -> Handler:
    """The handler of ``media.clean`` jobs. A death between rows and files leaves files that nobody needs and nobody misses."""

    async def handle(_job: Job) -> None:
        while shas := await store.write(_clean, None, ME):
            await asyncio.to_thread(folder.drop, shas)

    return handle


def _clean(work: Work, _request: None) -> list[str]:
    return media.clean(work)
