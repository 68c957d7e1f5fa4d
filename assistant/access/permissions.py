"""The permissions in alphabetical order and the one table that says which role holds which."""

from __future__ import annotations

from enum import StrEnum

from assistant.base.errors import Forbidden
from assistant.base.principal import Principal


class Permission(StrEnum):
    """``resource:action``; what a page, an endpoint, a tool or a command asks for."""

    AUDIT_READ = "audit:read"
    BOOK_READ = "book:read"
    CASHBACK_REVIEW = "cashback:review"
    CONTENT_EDIT = "content:edit"
    CONVERSATION_READ = "conversation:read"
    CONVERSATION_TAKE = "conversation:take"
    FACT_READ = "fact:read"
    GOAL_CREATE = "goal:create"
    IMPORT_RUN = "import:run"
    JOB_RELEASE = "job:release"
    JOURNEY_EDIT = "journey:edit"
    KNOWLEDGE_APPROVE = "knowledge:approve"
    KNOWLEDGE_EDIT = "knowledge:edit"
    KNOWLEDGE_READ = "knowledge:read"
    MEMBER_EDIT = "member:edit"
    MEMBER_ERASE = "member:erase"
    MEMBER_EXPORT = "member:export"
    MEMBER_READ = "member:read"
    OPERATOR_EDIT = "operator:edit"
    ORDER_READ = "order:read"
    PAYOUT_APPROVE = "payout:approve"
    PLAN_APPROVE = "plan:approve"
    PLAN_EDIT = "plan:edit"
    PLAN_READ = "plan:read"
    PLAN_RUN = "plan:run"
    POINTS_GRANT = "points:grant"
    REPORT_READ = "report:read"
    SETTINGS_EDIT = "settings:edit"
    STAFF_READ = "staff:read"
    TASK_DO = "task:do"


PERMISSIONS = tuple(Permission)
_READS = frozenset(permission for permission in Permission if permission.endswith(":read") and permission is not Permission.AUDIT_READ)
_WORKS = _READS | {
    Permission.CONTENT_EDIT,
    Permission.CONVERSATION_TAKE,
    Permission.GOAL_CREATE,
    Permission.IMPORT_RUN,
    Permission.JOURNEY_EDIT,
    Permission.KNOWLEDGE_EDIT,
    Permission.MEMBER_EDIT,
    Permission.PLAN_EDIT,
    Permission.TASK_DO,
}
_APPROVES = _READS | {
    Permission.AUDIT_READ,
    Permission.CASHBACK_REVIEW,
    Permission.KNOWLEDGE_APPROVE,
    Permission.PAYOUT_APPROVE,
    Permission.PLAN_APPROVE,
    Permission.PLAN_RUN,
}

ROLES: dict[str, frozenset[Permission]] = {
    "viewer": _READS,
    "operator": frozenset(_WORKS),
    "approver": frozenset(_APPROVES),
    "owner": frozenset(Permission),
    "staff": frozenset({Permission.CONVERSATION_READ, Permission.KNOWLEDGE_READ, Permission.MEMBER_READ, Permission.TASK_DO}),
}
"""Role → what it may do. A principal with several roles may do what any of them may."""

_SYSTEM = frozenset(Permission)


def allowed(principal: Principal, permission: Permission | str) -> bool:
    """Whether one of the principal's roles holds the permission. Members and guests hold none; the service itself holds all."""
    wanted = Permission(permission)
    if principal.kind == "system":
        return wanted in _SYSTEM
    if principal.kind not in ("operator", "staff"):
        return False
    return any(wanted in ROLES.get(role, frozenset()) for role in principal.roles)


def require(principal: Principal, permission: Permission | str) -> None:
    """Raises Forbidden unless ``allowed``."""
    if not allowed(principal, permission):
        wanted = Permission(permission)
        raise Forbidden(f"您没有“{wanted}”权限，请联系管理员开通", code="no_permission", permission=str(wanted), principal=principal.label)
