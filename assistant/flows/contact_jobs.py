"""All jobs of customer contact in one table, for the service and for a reconciliation at the command line."""

from __future__ import annotations

from collections.abc import Callable

from assistant.flows.contact_look import Looker
from assistant.flows.contact_marking import Spreader
from assistant.flows.contact_sync import ContactSync
from assistant.flows.contact_tags import Marker
from assistant.flows.contact_transfer import TransferDesk
from assistant.flows.contact_ways import WayDesk
from assistant.flows.contact_welcome import Greeter
from assistant.jobs import Handler
from assistant.store import Store
from assistant.wecom import WeComClient

DESKS = (Greeter, Looker, ContactSync, Marker, Spreader, WayDesk, TransferDesk)


def handlers(store: Store, client: WeComClient, stage: Callable[[str], None]) -> dict[str, Handler]:
    """Kind of due row → handler."""
    return {kind: handler for desk in DESKS for kind, handler in desk(store, client, stage).handlers().items()}
