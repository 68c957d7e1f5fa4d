"""The HTTP API under /api/v1: one table of routes, from which the OpenAPI description is made."""

from assistant.web.api import (
    activities,
    archive,
    behaviour,
    cashback,
    contacts,
    conversations,
    description,
    desk,
    goals,
    importing,
    linking,
    mass,
    members,
    membership,
    orders,
    points,
    reach,
    sops,
)
from assistant.web.route import ApiRoute

ROUTES: tuple[ApiRoute, ...] = description.described(
    (
        *goals.ROUTES,
        *mass.ROUTES,
        *reach.ROUTES,
        *members.ROUTES,
        *conversations.ROUTES,
        *cashback.ROUTES,
        *contacts.ROUTES,
        *sops.ROUTES,
        *desk.ROUTES,
        *importing.ROUTES,
        *behaviour.ROUTES,
        *membership.ROUTES,
        *orders.ROUTES,
        *linking.ROUTES,
        *points.ROUTES,
        *activities.ROUTES,
        *archive.ROUTES,
    )
)

__all__ = ["ROUTES"]
