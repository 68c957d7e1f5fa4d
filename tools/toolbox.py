"""Which tools a caller gets. The list is the permission: what is not here does not exist for that caller."""

from __future__ import annotations

from assistant.agent import Toolbox
from tools import activities, cashback, confirmation, games, membership, playing, points, service, stored_value
from tools.context import ToolContext

_MODULES = (membership, points, cashback, stored_value, activities, games, playing, confirmation, service)
_ALL = {recipe.name: recipe for module in _MODULES for recipe in module.RECIPES}
MEMBER = tuple(_ALL)
GROUP = ("search_knowledge", "mall_items", "whats_on", "points_rules")
"""In a group nothing personal is said and nobody's account is touched."""


def toolbox_for(context: ToolContext, *, group: bool) -> Toolbox:
    """The caller's own tools, already bound. A member gets MEMBER in 1:1; everybody else, and every group, gets GROUP."""
    own = context.member_id and context.principal.kind == "member" and not group
    recipes = _ALL if own else _ALL | {games.PUBLIC.name: games.PUBLIC}
    return Toolbox([recipes[name].bind(context) for name in (MEMBER if own else GROUP)], context.principal)
