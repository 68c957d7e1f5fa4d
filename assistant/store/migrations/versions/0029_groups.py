"""Customer groups: the copy that follows WeCom, the code somebody came in by, and journeys of groups."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

INSIDE = "SELECT chatid, member_id FROM contact_group_seat WHERE left_at IS NULL AND kind = 'customer' AND member_id <> ''"


def upgrade() -> None:
    """To this revision."""
    op.add_column("customer_group", sa.Column("followed", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("customer_group", sa.Column("gone", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("contact_group_seat", sa.Column("state", sa.String(length=64), server_default="", nullable=False))
    op.create_index(op.f("ix_contact_group_seat_state"), "contact_group_seat", ["state"], unique=False)
    op.create_table(
        "journey_group_enrolment",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("chatid", sa.String(length=120), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journey_group_enrolment")),
    )
    op.create_index(op.f("ix_journey_group_enrolment_state_next_at"), "journey_group_enrolment", ["state", "next_at"], unique=False)
    op.create_index(op.f("ix_journey_group_enrolment_name_chatid"), "journey_group_enrolment", ["name", "chatid"], unique=False)
    _copy()


def _copy() -> None:
    """What WeCom tells is the truth from now on: dismissed groups are addressed no more, and inside are those who sit there."""
    op.execute("DELETE FROM customer_group_member WHERE chatid IN (SELECT chatid FROM contact_group)")
    op.execute("UPDATE customer_group SET gone = true WHERE chatid IN (SELECT chatid FROM contact_group WHERE status = 'dismissed')")
    op.execute("UPDATE customer_group SET followed = true WHERE chatid IN (SELECT chatid FROM contact_group)")
    op.execute(
        f"INSERT INTO customer_group_member (chatid, member_id) SELECT DISTINCT chatid, member_id FROM ({INSIDE}) AS inside "  # noqa: S608
        "WHERE chatid IN (SELECT chatid FROM contact_group WHERE status <> 'dismissed')"
    )


def downgrade() -> None:
    """Back to the one before."""
    op.drop_table("journey_group_enrolment")
    op.drop_index(op.f("ix_contact_group_seat_state"), table_name="contact_group_seat")
    op.drop_column("contact_group_seat", "state")
    op.drop_column("customer_group", "gone")
    op.drop_column("customer_group", "followed")
