"""Everything the book holds about one person, as an archive that the person can read and a machine can too."""

from __future__ import annotations

import html
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from assistant import access
from assistant.base.clock import SHANGHAI
from assistant.base.errors import Invalid
from assistant.base.money import format_yuan
from assistant.base.principal import Principal
from assistant.domain import members
from assistant.flows import personal
from assistant.store import Fact, View, Work, metadata

PAGE, DATA = "资料.html", "data.json"
HIDDEN = ("id", "member_id", "lease_token", "version")
LABELS: Mapping[str, str] = {
    "address": "地址",
    "amount": "数量",
    "amount_fen": "金额",
    "asset": "资产",
    "at": "时间",
    "available_at": "可用时间",
    "balance": "余额",
    "balance_after": "之后余额",
    "birthday": "生日",
    "bound_at": "绑定时间",
    "category": "品类",
    "change": "变动",
    "city": "城市",
    "code": "编码",
    "created_at": "建立时间",
    "day": "日期",
    "expires_at": "到期时间",
    "gender": "性别",
    "granted_at": "发放时间",
    "joined_at": "加入时间",
    "kind": "种类",
    "message": "内容",
    "name": "名称",
    "namespace": "类型",
    "nickname": "昵称",
    "occurred_at": "发生时间",
    "opened_at": "建立时间",
    "opted_out": "已退订",
    "order_no": "订单号",
    "paid_at": "付款时间",
    "paid_fen": "实付",
    "phone": "手机号",
    "points": "积分",
    "pocket": "账户",
    "properties": "细节",
    "qty": "件数",
    "queued_at": "时间",
    "reason": "原因",
    "received_at": "收到时间",
    "refund_fen": "退款",
    "remaining": "剩余",
    "shop": "店铺",
    "since": "自",
    "source": "来源",
    "state": "状态",
    "status": "状态",
    "streak": "连续天数",
    "summary": "内容",
    "tag": "标签",
    "text": "内容",
    "tier": "等级",
    "title": "名称",
    "topic": "主题",
    "value": "值",
    "value_fen": "面值",
}
"""How columns are called on the page; what is not here keeps its name."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Everything the book holds about a member: rows by table."""

    member_id: str
    nickname: str
    at: datetime
    sections: Mapping[str, list[dict[str, Any]]]


def copy_of(view: View, ref: str, principal: Principal) -> Copy:
    """Everything about the member; needs the right to export."""
    access.require(principal, access.Permission.MEMBER_EXPORT)
    member_id = members.find(view, ref)
    if member_id is None:
        raise Invalid("找不到这位会员", code="no_member", ref=ref)
    found = personal.trace(view, member_id)
    sections = {
        name: _rows(view, metadata.tables[name], personal.rows_of(name, found)) for name, holds in personal.TABLES.items() if holds.title
    }
    return Copy(member_id, members.profiles(view, [member_id])[member_id].nickname, view.now, sections)


def packed(copy: Copy) -> bytes:
    """A zip: a page to read and the same as JSON."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr(PAGE, _page(copy.nickname, copy.at, {name: rows for name, rows in copy.sections.items() if rows}))
        out.writestr(DATA, as_json(copy))
    return archive.getvalue()


def as_json(copy: Copy) -> str:
    """The rows by table as JSON."""
    return json.dumps(copy.sections, ensure_ascii=False, indent=1, default=_plain)


def note(work: Work, member_id: str) -> None:
    """Keeps who took a copy of whose data, for the audit."""
    work.record(Fact("members.exported", f"member:{member_id}", {}, member_id))


def _rows(view: View, table: sa.Table, mine: sa.ColumnElement[bool]) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in view.all(table.select().where(mine).order_by(*table.primary_key.columns))]


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, (datetime, date)) else str(value)


def _page(nickname: str, now: datetime, sections: Mapping[str, list[dict[str, Any]]]) -> str:
    body = "".join(_section(personal.TABLES[name].title, rows) for name, rows in sections.items())
    style = (
        "body{font-family:sans-serif;margin:2em}table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:4px 8px;text-align:left}"
    )
    head = f"{html.escape(nickname)}的个人信息副本"
    return (
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{head}</title><style>{style}</style>'
        f"<h1>{head}</h1><p>生成时间：{_say('at', now)}。金额以元计，时间为北京时间。data.json 是同样内容的机器可读版本。</p>{body}</html>"
    )


def _section(title: str, rows: list[dict[str, Any]]) -> str:
    names = [name for name in rows[0] if name not in HIDDEN and any(row[name] not in ("", None, {}, []) for row in rows)]
    head = "".join(f"<th>{html.escape(LABELS.get(name, name))}</th>" for name in names)
    lines = "".join("<tr>" + "".join(f"<td>{html.escape(_say(name, row[name]))}</td>" for name in names) + "</tr>" for row in rows)
    return f"<h2>{title}</h2><table><tr>{head}</tr>{lines}</table>"


def _say(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    if name.endswith("_fen") and isinstance(value, int):
        return format_yuan(value)
    if isinstance(value, dict) and isinstance(value.get("text"), str):
        return str(value["text"])
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)
