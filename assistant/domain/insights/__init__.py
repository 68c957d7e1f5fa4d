"""What came of it: contribution, linked buyers, codes to scan, WeCom's daily counts, how lively groups are. Not for deciding anything."""

from assistant.domain.insights.codes import CodeFigures, CodeLine, by_code, code_statement, codes
from assistant.domain.insights.groups import GroupLife, group_life
from assistant.domain.insights.linking import LinkRate, link_rates
from assistant.domain.insights.queries import Contribution, contribution
from assistant.domain.insights.service import (
    GROUP_COLUMNS,
    STAFF_COLUMNS,
    GroupFigures,
    Pulled,
    StaffFigures,
    group_figures,
    group_statement,
    keep_group_days,
    keep_staff_days,
    left_statement,
    pulled_until,
    staff_figures,
    staff_statement,
    written,
)

__all__ = [
    "GROUP_COLUMNS",
    "STAFF_COLUMNS",
    "CodeFigures",
    "CodeLine",
    "Contribution",
    "GroupFigures",
    "GroupLife",
    "LinkRate",
    "Pulled",
    "StaffFigures",
    "by_code",
    "code_statement",
    "codes",
    "contribution",
    "group_figures",
    "group_life",
    "group_statement",
    "keep_group_days",
    "keep_staff_days",
    "left_statement",
    "link_rates",
    "pulled_until",
    "staff_figures",
    "staff_statement",
    "written",
]
