"""Import over the API: JSONL in, a report out."""

from __future__ import annotations

import asyncio

from assistant.flows.importing import import_lines
from assistant.web.doors import Call
from assistant.web.route import ApiRoute
from assistant.web.shapes import BadLineOut, ImportOut


async def import_body(call: Call) -> ImportOut:
    """Imports the lines of the body; good lines are kept whatever the bad ones are."""
    lines = bytes(call.body).splitlines()
    report = await asyncio.to_thread(import_lines, call.store, "api", lines, call.who)
    return ImportOut(applied=report.applied, bad=[BadLineOut(line=bad.number, reason=bad.reason) for bad in report.bad])


ROUTES = (ApiRoute("POST", "/api/v1/import", "import:run", import_body, "导入 JSONL，一行一个对象，最多 1 MiB", ImportOut, raw=True),)
