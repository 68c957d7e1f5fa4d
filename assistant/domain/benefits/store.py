"""Rows of benefits to values and back."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from assistant.domain.benefits.model import BenefitGrant, Coupon, HeldCoupon
from assistant.domain.benefits.tables import coupon, pool
from assistant.store import View, Work


def add_codes(work: Work, name: str, codes: Sequence[str]) -> None:
    work.insert_missing(pool, [{"name": name, "at": work.now}])
    rows = [{"name": name, "code": code, "member_id": "", "value_fen": 0, "loaded_at": work.now} for code in dict.fromkeys(codes)]
    work.insert_missing(coupon, rows)


def left(view: View, name: str) -> int:
    statement = sa.select(sa.func.count()).select_from(coupon).where(coupon.c.name == name, coupon.c.grant_key.is_(None))
    return int(view.scalar(statement) or 0)


def lock_pools(work: Work, names: Collection[str]) -> set[str]:
    """Which coupons have codes of their own; held, so that no code is given twice."""
    statement = sa.select(pool.c.name).where(pool.c.name.in_(sorted(names))).order_by(pool.c.name)
    return {row.name for row in work.all(work.locked(statement))}


def free_codes(view: View, name: str, limit: int) -> list[str]:
    statement = (
        sa.select(coupon.c.code).where(coupon.c.name == name, coupon.c.grant_key.is_(None)).order_by(coupon.c.loaded_at, coupon.c.code)
    )
    return [row.code for row in view.all(statement.limit(limit))]


def give_code(work: Work, code: str, request: BenefitGrant, of: Coupon) -> None:
    values = {"member_id": request.member_id, "grant_key": request.key, "granted_at": work.now, "value_fen": of.value_fen}
    work.execute(coupon.update().where(coupon.c.name == of.name, coupon.c.code == code).values(**values))


def make_code(work: Work, code: str, request: BenefitGrant, of: Coupon) -> None:
    row = {"name": of.name, "code": code, "member_id": request.member_id, "value_fen": of.value_fen, "grant_key": request.key}
    work.insert(coupon, [row | {"granted_at": work.now, "loaded_at": work.now}])


def coupons_of(view: View, member_id: str) -> list[HeldCoupon]:
    statement = sa.select(coupon).where(coupon.c.member_id == member_id).order_by(coupon.c.granted_at, coupon.c.code)
    return [HeldCoupon(row.name, row.code, row.value_fen) for row in view.all(statement)]
