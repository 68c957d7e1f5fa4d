"""Who may do what: permissions, which role holds which, and the operators with their keys. Not for members' rights."""

from assistant.access.operators import (
    AddOperator,
    Operator,
    Session,
    add_operators,
    by_session,
    by_token,
    close_session,
    open_session,
    operator_by_userid,
    operators,
    set_password,
    verify_password,
)
from assistant.access.permissions import PERMISSIONS, ROLES, Permission, allowed, require

__all__ = [
    "PERMISSIONS",
    "ROLES",
    "AddOperator",
    "Operator",
    "Permission",
    "Session",
    "add_operators",
    "allowed",
    "by_session",
    "by_token",
    "close_session",
    "open_session",
    "operator_by_userid",
    "operators",
    "require",
    "set_password",
    "verify_password",
]
