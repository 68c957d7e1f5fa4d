"""The permissions in alphabetical order and the one table that says which role holds which."""

from __future__ import annotations

from enum import StrEnum

from assistant.base.errors import Forbidden
from assistant.base.principal import Principal


class Permission(StrEnum):
    """``resource:action``; what a page, an endpoint, a tool or a command asks for."""

    ACTIVITY_EDIT = "activity:edit"
    ACTIVITY_PUBLISH = "activity:publish"
    ACTIVITY_READ = "activity:read"
    ACTIVITY_REVIEW = "activity:review"
    ARCHIVE_READ = "archive:read"
    AUDIT_READ = "audit:read"
    BOOK_READ = "book:read"
    CASHBACK_EDIT = "cashback:edit"
    CASHBACK_REVIEW = "cashback:review"
    CONTACT_EDIT = "contact:edit"
    CONTACT_READ = "contact:read"
    CONTACT_TRANSFER = "contact:transfer"
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
    MEMBER_MERGE = "member:merge"
    MEMBER_READ = "member:read"
    MEMBERSHIP_EDIT = "membership:edit"
    OPERATOR_EDIT = "operator:edit"
    ORDER_READ = "order:read"
    PAID_PLAN_REFUND = "paid_plan:refund"
    PAID_PLAN_SELL = "paid_plan:sell"
    PAYOUT_APPROVE = "payout:approve"
    PLAN_APPROVE = "plan:approve"
    PLAN_EDIT = "plan:edit"
    PLAN_READ = "plan:read"
    PLAN_RUN = "plan:run"
    POINTS_APPROVE = "points:approve"
    POINTS_EDIT = "points:edit"
    POINTS_GRANT = "points:grant"
    REPORT_READ = "report:read"
    SETTINGS_EDIT = "settings:edit"
    STAFF_READ = "staff:read"
    STORED_VALUE_MOVE = "stored_value:move"
    STORED_VALUE_REFUND = "stored_value:refund"
    TASK_DO = "task:do"


PERMISSIONS = tuple(Permission)
WORDS: dict[Permission, str] = {
    Permission.ACTIVITY_EDIT: "写活动",
    Permission.ACTIVITY_PUBLISH: "发布和结束活动",
    Permission.ACTIVITY_READ: "看活动",
    Permission.ACTIVITY_REVIEW: "审核参与、发货",
    Permission.ARCHIVE_READ: "看群聊存档的原文",
    Permission.AUDIT_READ: "看审计记录",
    Permission.BOOK_READ: "看会员账本",
    Permission.CASHBACK_EDIT: "改返现卡",
    Permission.CASHBACK_REVIEW: "审核返现",
    Permission.CONTACT_EDIT: "改渠道码、企业标签，和企业微信对账",
    Permission.CONTACT_READ: "看客户联系",
    Permission.CONTACT_TRANSFER: "转接客户",
    Permission.CONTENT_EDIT: "改文案",
    Permission.CONVERSATION_READ: "看会话",
    Permission.CONVERSATION_TAKE: "接待会话",
    Permission.FACT_READ: "看事实记录",
    Permission.GOAL_CREATE: "写目标",
    Permission.IMPORT_RUN: "导入数据",
    Permission.JOB_RELEASE: "重试卡住的工作",
    Permission.JOURNEY_EDIT: "改 SOP",
    Permission.KNOWLEDGE_APPROVE: "审核知识库",
    Permission.KNOWLEDGE_EDIT: "改知识库",
    Permission.KNOWLEDGE_READ: "看知识库",
    Permission.MEMBER_EDIT: "改会员资料",
    Permission.MEMBER_ERASE: "删除会员",
    Permission.MEMBER_EXPORT: "导出会员",
    Permission.MEMBER_MERGE: "合并会员和撤销合并",
    Permission.MEMBER_READ: "看会员",
    Permission.MEMBERSHIP_EDIT: "改会员等级、付费方案和储值的规则",
    Permission.OPERATOR_EDIT: "管理操作员",
    Permission.ORDER_READ: "看订单",
    Permission.PAID_PLAN_REFUND: "退付费会员",
    Permission.PAID_PLAN_SELL: "登记付费会员",
    Permission.PAYOUT_APPROVE: "批准打款",
    Permission.PLAN_APPROVE: "批准方案",
    Permission.PLAN_EDIT: "改方案",
    Permission.PLAN_READ: "看方案",
    Permission.PLAN_RUN: "暂停、继续和停止方案",
    Permission.POINTS_APPROVE: "让积分规则生效",
    Permission.POINTS_EDIT: "改积分规则",
    Permission.POINTS_GRANT: "发积分",
    Permission.REPORT_READ: "看报告",
    Permission.SETTINGS_EDIT: "改设置",
    Permission.STAFF_READ: "看员工",
    Permission.STORED_VALUE_MOVE: "登记储值的充值、支付和退回",
    Permission.STORED_VALUE_REFUND: "退储值本金",
    Permission.TASK_DO: "办理任务",
}
"""What a permission allows, as people say it."""
_CLOSE = frozenset({Permission.ARCHIVE_READ, Permission.AUDIT_READ})
_READS = frozenset(permission for permission in Permission if permission.endswith(":read") and permission not in _CLOSE)
_WORKS = _READS | {
    Permission.ACTIVITY_EDIT,
    Permission.ACTIVITY_REVIEW,
    Permission.CASHBACK_EDIT,
    Permission.CONTACT_EDIT,
    Permission.CONTENT_EDIT,
    Permission.CONVERSATION_TAKE,
    Permission.GOAL_CREATE,
    Permission.IMPORT_RUN,
    Permission.JOURNEY_EDIT,
    Permission.KNOWLEDGE_EDIT,
    Permission.MEMBER_EDIT,
    Permission.PAID_PLAN_SELL,
    Permission.PLAN_EDIT,
    Permission.POINTS_EDIT,
    Permission.STORED_VALUE_MOVE,
    Permission.TASK_DO,
}
_APPROVES = _READS | {
    Permission.ACTIVITY_PUBLISH,
    Permission.ARCHIVE_READ,
    Permission.AUDIT_READ,
    Permission.CASHBACK_REVIEW,
    Permission.CONTACT_TRANSFER,
    Permission.KNOWLEDGE_APPROVE,
    Permission.MEMBER_MERGE,
    Permission.MEMBERSHIP_EDIT,
    Permission.PAID_PLAN_REFUND,
    Permission.PAYOUT_APPROVE,
    Permission.PLAN_APPROVE,
    Permission.PLAN_RUN,
    Permission.POINTS_APPROVE,
    Permission.STORED_VALUE_REFUND,
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
        raise Forbidden(
            f"您没有“{WORDS[wanted]}”的权限，请联系管理员开通", code="no_permission", permission=str(wanted), principal=principal.label
        )
