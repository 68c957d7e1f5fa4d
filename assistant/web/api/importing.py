"""Import over the API: JSONL in, a report out."""

from __future__ import annotations

import asyncio

from assistant.flows import control
from assistant.flows.importing import import_lines
from assistant.web.doors import Call
from assistant.web.route import ApiRoute
from assistant.web.shapes import BadLineOut, ImportOut, TotalOut, TotalsOut


async def import_body(call: Call) -> ImportOut:
    """Imports the lines of the body; good lines are kept whatever the bad ones are."""
    lines = bytes(call.body).splitlines()
    report = await asyncio.to_thread(import_lines, call.store, "api", lines, call.who)
    return ImportOut(applied=report.applied, bad=[BadLineOut(line=bad.number, reason=bad.reason) for bad in report.bad])


async def compare_totals(call: Call) -> TotalsOut:
    """Holds the control totals of another system against the book; nothing is changed."""
    totals = control.totals_from(bytes(call.body))
    found = control.report(await call.store.read(control.compare, totals))
    rows = [TotalOut(what=row.what, theirs=row.theirs, ours=row.ours, same=row.same) for row in found["rows"]]
    return TotalsOut(compared=found["compared"], different=found["different"], rows=rows)


ROUTES = (
    ApiRoute("POST", "/api/v1/import", "import:run", import_body, "导入 JSONL，一行一个对象，最多 1 MiB", ImportOut, raw=True),
    ApiRoute("POST", "/api/v1/import/totals", "import:run", compare_totals, "和旧系统的控制总数核对，什么都不改", TotalsOut, raw=True),
)
