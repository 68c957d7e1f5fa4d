"""Mass tasks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "outreach_group_touch",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("cause", sa.String(length=160), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("attachments", sa.JSON(), nullable=False),
        sa.Column("peer", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("staff", sa.String(length=120), nullable=False),
        sa.Column("group", sa.String(length=64), nullable=False),
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("tried", sa.String(length=400), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outreach_group_touch")),
        sa.UniqueConstraint("key", name=op.f("uq_outreach_group_touch_key")),
    )
    op.create_index(op.f("ix_outreach_group_touch_cause_state"), "outreach_group_touch", ["cause", "state"], unique=False)
    op.create_index(op.f("ix_outreach_group_touch_group_state"), "outreach_group_touch", ["group", "state"], unique=False)
    op.create_index(op.f("ix_outreach_group_touch_peer_queued_at"), "outreach_group_touch", ["peer", "queued_at"], unique=False)
    op.create_index(op.f("ix_outreach_group_touch_task"), "outreach_group_touch", ["task"], unique=False)
    op.create_table(
        "outreach_halt",
        sa.Column("cause", sa.String(length=160), nullable=False),
        sa.Column("how", sa.String(length=10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("cause", name=op.f("pk_outreach_halt")),
    )
    op.create_table(
        "outreach_mass_task",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("chat", sa.String(length=10), nullable=False),
        sa.Column("cause", sa.String(length=160), nullable=False),
        sa.Column("group", sa.String(length=64), nullable=False),
        sa.Column("staff", sa.String(length=120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("attachments", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("ending", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("msgid", sa.String(length=120), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outreach_mass_task")),
        sa.UniqueConstraint("msgid", name=op.f("uq_outreach_mass_task_msgid")),
    )
    op.create_index(op.f("ix_outreach_mass_task_cause_staff"), "outreach_mass_task", ["cause", "staff"], unique=False)
    op.create_index(op.f("ix_outreach_mass_task_group"), "outreach_mass_task", ["group"], unique=False)
    op.create_index(op.f("ix_outreach_mass_task_staff_created_at"), "outreach_mass_task", ["staff", "created_at"], unique=False)
    op.create_index(op.f("ix_outreach_mass_task_state_created_at"), "outreach_mass_task", ["state", "created_at"], unique=False)
    op.add_column("outreach_touch", sa.Column("attachments", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("outreach_touch", sa.Column("task", sa.String(length=64), server_default="", nullable=False))
    op.add_column("outreach_touch", sa.Column("tried", sa.String(length=400), server_default="", nullable=False))
    op.create_index(op.f("ix_outreach_touch_task"), "outreach_touch", ["task"], unique=False)
    _carry_over()


def _carry_over() -> None:
    """Touches that are on their way get the task they belong to, under the name by which due work knows it."""
    op.execute("""UPDATE outreach_touch SET state = 'unknown', reason = '创建群发任务时中断，结果未知'
        WHERE route = 'mass' AND state = 'sending'""")
    op.execute("UPDATE outreach_touch SET task = external_id WHERE route = 'mass' AND state = 'task_created' AND external_id <> ''")
    op.execute("""UPDATE outreach_touch SET task = "group" WHERE route = 'mass' AND state = 'unknown'""")
    op.execute("""INSERT INTO outreach_mass_task
        (id, chat, cause, "group", staff, text, attachments, state, ending, reason, msgid, size, since, called_at, created_at,
         reminders, alone)
        SELECT external_id, 'single', min(cause), min("group"), min(staff), min(text), '[]', 'open', '', '', external_id, count(*),
         min(queued_at), min(coalesce(settled_at, queued_at)), min(coalesce(settled_at, queued_at)), 0, false
        FROM outreach_touch WHERE route = 'mass' AND state = 'task_created' AND external_id <> '' GROUP BY external_id""")
    op.execute("""INSERT INTO outreach_mass_task
        (id, chat, cause, "group", staff, text, attachments, state, ending, reason, msgid, size, since, called_at, created_at,
         reminders, alone)
        SELECT "group", 'single', min(cause), min("group"), min(staff), min(text), '[]', 'unknown', '', '', NULL, count(*),
         min(queued_at), min(coalesce(settled_at, queued_at)), NULL, 0, false
        FROM outreach_touch WHERE route = 'mass' AND state = 'unknown' AND "group" <> '' GROUP BY "group"
        """)


def downgrade() -> None:
    """Back to the one before."""
    op.drop_index(op.f("ix_outreach_touch_task"), table_name="outreach_touch")
    op.drop_column("outreach_touch", "tried")
    op.drop_column("outreach_touch", "task")
    op.drop_column("outreach_touch", "attachments")
    op.drop_index(op.f("ix_outreach_mass_task_state_created_at"), table_name="outreach_mass_task")
    op.drop_index(op.f("ix_outreach_mass_task_staff_created_at"), table_name="outreach_mass_task")
    op.drop_index(op.f("ix_outreach_mass_task_group"), table_name="outreach_mass_task")
    op.drop_index(op.f("ix_outreach_mass_task_cause_staff"), table_name="outreach_mass_task")
    op.drop_table("outreach_mass_task")
    op.drop_table("outreach_halt")
    op.drop_index(op.f("ix_outreach_group_touch_task"), table_name="outreach_group_touch")
    op.drop_index(op.f("ix_outreach_group_touch_peer_queued_at"), table_name="outreach_group_touch")
    op.drop_index(op.f("ix_outreach_group_touch_group_state"), table_name="outreach_group_touch")
    op.drop_index(op.f("ix_outreach_group_touch_cause_state"), table_name="outreach_group_touch")
    op.drop_table("outreach_group_touch")
