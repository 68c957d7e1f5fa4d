"""The console: pages for the people who run the shop. Not for rules; every page shows or does what a room offers."""

from assistant.web.console import (
    activities,
    archive,
    behaviour,
    cashback,
    contacts,
    desk,
    entry,
    goals,
    home,
    inbox,
    linking,
    mass,
    members,
    membership,
    orders,
    phones,
    points,
    reach,
    settings,
    sops,
)
from assistant.web.route import Route

ROUTES: tuple[Route, ...] = (
    *entry.ROUTES,
    *home.ROUTES,
    *phones.ROUTES,
    *inbox.ROUTES,
    *goals.ROUTES,
    *archive.ROUTES,
    *mass.ROUTES,
    *reach.ROUTES,
    *members.ROUTES,
    *sops.ROUTES,
    *activities.ROUTES,
    *cashback.ROUTES,
    *contacts.ROUTES,
    *desk.ROUTES,
    *behaviour.ROUTES,
    *orders.ROUTES,
    *linking.ROUTES,
    *points.ROUTES,
    *membership.ROUTES,
    *settings.ROUTES,
)

__all__ = ["ROUTES"]
