"""Order numbers that members got wrong are counted in one place, whatever they were named for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from assistant.store.types import Instant

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "order_wrong_number",
        sa.Column("member_id", sa.String(64), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("order_no", sa.String(120), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "day", "place", name=op.f("pk_order_wrong_number")),
    )
    op.execute(
        "INSERT INTO order_wrong_number (member_id, day, place, order_no, at)"
        " SELECT member_id, day, ROW_NUMBER() OVER (PARTITION BY member_id, day ORDER BY id), order_no, at FROM points_claim_attempt"
    )
    op.drop_index(op.f("ix_points_claim_attempt_member_id_day"), table_name="points_claim_attempt")
    op.drop_table("points_claim_attempt")


def downgrade() -> None:
    """Back to the one before."""
    op.create_table(
        "points_claim_attempt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("member_id", sa.String(64), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("order_no", sa.String(120), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_claim_attempt")),
    )
    op.create_index(op.f("ix_points_claim_attempt_member_id_day"), "points_claim_attempt", ["member_id", "day"])
    op.execute(
        "INSERT INTO points_claim_attempt (member_id, day, order_no, at) SELECT member_id, day, order_no, at FROM order_wrong_number"
    )
    op.drop_table("order_wrong_number")
