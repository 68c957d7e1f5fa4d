"""First_light."""
# ruff: noqa: PLR0915 - written by Alembic

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "activity_checkin",
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("streak", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "day", name=op.f("pk_activity_checkin")),
    )
    op.create_table(
        "activity_item",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=False),
        sa.Column("per_member", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_item")),
    )
    op.create_table(
        "activity_redemption",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("spend_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_redemption")),
    )
    op.create_index(op.f("ix_activity_redemption_member_id_item"), "activity_redemption", ["member_id", "item"], unique=False)
    op.create_index(op.f("ix_activity_redemption_state_at"), "activity_redemption", ["state", "at"], unique=False)
    op.create_table(
        "audience_snapshot",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("after", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("frozen", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audience_snapshot")),
    )
    op.create_table(
        "audience_snapshot_member",
        sa.Column("snapshot_id", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("snapshot_id", "member_id", name=op.f("pk_audience_snapshot_member")),
    )
    op.create_table(
        "audience_tag",
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("tag", sa.String(length=60), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("confidence", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "tag", name=op.f("pk_audience_tag")),
    )
    op.create_index(op.f("ix_audience_tag_tag_member_id"), "audience_tag", ["tag", "member_id"], unique=False)
    op.create_table(
        "benefit_coupon",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("value_fen", sa.Integer(), nullable=False),
        sa.Column("grant_key", sa.String(length=200), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", "code", name=op.f("pk_benefit_coupon")),
        sa.UniqueConstraint("grant_key", name=op.f("uq_benefit_coupon_grant_key")),
    )
    op.create_index(op.f("ix_benefit_coupon_member_id"), "benefit_coupon", ["member_id"], unique=False)
    op.create_index(op.f("ix_benefit_coupon_name_grant_key"), "benefit_coupon", ["name", "grant_key"], unique=False)
    op.create_table(
        "benefit_coupon_pool",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_benefit_coupon_pool")),
    )
    op.create_table(
        "cashback_card",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("template_id", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("shop_key", sa.String(length=120), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cashback_card")),
        sa.UniqueConstraint("shop_key", name=op.f("uq_cashback_card_shop_key")),
    )
    op.create_index(op.f("ix_cashback_card_member_id_expires_at"), "cashback_card", ["member_id", "expires_at"], unique=False)
    op.create_index(op.f("ix_cashback_card_template_id"), "cashback_card", ["template_id"], unique=False)
    op.create_table(
        "cashback_claim",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("order_id", sa.String(length=64), nullable=False),
        sa.Column("order_no", sa.String(length=120), nullable=False),
        sa.Column("card_id", sa.String(length=64), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("recovered_fen", sa.Integer(), nullable=False),
        sa.Column("paid_fen", sa.Integer(), nullable=False),
        sa.Column("clawed_fen", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("first_approver", sa.String(length=100), nullable=False),
        sa.Column("approver", sa.String(length=100), nullable=False),
        sa.Column("payee", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ripe_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cashback_claim")),
        sa.UniqueConstraint("order_id", name=op.f("uq_cashback_claim_order_id")),
    )
    op.create_index(op.f("ix_cashback_claim_card_id"), "cashback_claim", ["card_id"], unique=False)
    op.create_index(op.f("ix_cashback_claim_member_id_created_at"), "cashback_claim", ["member_id", "created_at"], unique=False)
    op.create_index(op.f("ix_cashback_claim_state_ripe_at"), "cashback_claim", ["state", "ripe_at"], unique=False)
    op.create_table(
        "cashback_template",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("ratio_bp", sa.Integer(), nullable=False),
        sa.Column("fixed_fen", sa.Integer(), nullable=False),
        sa.Column("floor_fen", sa.Integer(), nullable=False),
        sa.Column("cap_fen", sa.Integer(), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("valid_days", sa.Integer(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=True),
        sa.Column("budget_fen", sa.BigInteger(), nullable=True),
        sa.Column("issued", sa.Integer(), nullable=False),
        sa.Column("committed_fen", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cashback_template")),
    )
    op.create_table(
        "command_key",
        sa.Column("verb", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("input_hash", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("verb", "key", name=op.f("pk_command_key")),
    )
    op.create_table(
        "confirmation",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("conversation", sa.String(length=200), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmation")),
    )
    op.create_index(op.f("ix_confirmation_conversation_state"), "confirmation", ["conversation", "state"], unique=False)
    op.create_table(
        "content_template",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("ai_written", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_template")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_content_template_name_version")),
    )
    op.create_table(
        "conversation",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("address", sa.JSON(), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("principal", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("held_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("greeted", sa.Boolean(), nullable=False),
        sa.Column("last_inbound_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
    )
    op.create_index(op.f("ix_conversation_last_inbound_at"), "conversation", ["last_inbound_at"], unique=False)
    op.create_index(op.f("ix_conversation_member_id"), "conversation", ["member_id"], unique=False)
    op.create_table(
        "cursor",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cursor")),
    )
    op.create_table(
        "customer_group",
        sa.Column("chatid", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("persona", sa.String(length=60), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("chatid", name=op.f("pk_customer_group")),
    )
    op.create_table(
        "customer_group_member",
        sa.Column("chatid", sa.String(length=120), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("chatid", "member_id", name=op.f("pk_customer_group_member")),
    )
    op.create_index(op.f("ix_customer_group_member_member_id"), "customer_group_member", ["member_id"], unique=False)
    op.create_table(
        "due",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("order_key", sa.String(length=200), nullable=True),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.String(length=64), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_due")),
    )
    op.create_index(op.f("ix_due_held_due_at"), "due", ["held", "due_at"], unique=False)
    op.create_index(op.f("ix_due_order_key"), "due", ["order_key"], unique=False)
    op.create_table(
        "experiment",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("holdout_bp", sa.Integer(), nullable=False),
        sa.Column("variants", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_experiment")),
    )
    op.create_table(
        "experiment_assignment",
        sa.Column("experiment", sa.String(length=120), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("variant", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("experiment", "member_id", name=op.f("pk_experiment_assignment")),
    )
    op.create_index(op.f("ix_experiment_assignment_experiment_variant"), "experiment_assignment", ["experiment", "variant"], unique=False)
    op.create_table(
        "fact",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("cause", sa.String(length=160), nullable=False),
        sa.Column("principal", sa.String(length=100), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact")),
    )
    op.create_index(op.f("ix_fact_cause"), "fact", ["cause"], unique=False)
    op.create_index(op.f("ix_fact_member_id_name"), "fact", ["member_id", "name"], unique=False)
    op.create_index(op.f("ix_fact_name_occurred_at"), "fact", ["name", "occurred_at"], unique=False)
    op.create_index(op.f("ix_fact_subject"), "fact", ["subject"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("conversation", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("turn", sa.String(length=100), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_inbox_source_external_id")),
    )
    op.create_index(op.f("ix_inbox_conversation_state"), "inbox", ["conversation", "state"], unique=False)
    op.create_table(
        "journey",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("on", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_journey")),
    )
    op.create_table(
        "journey_enrolment",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journey_enrolment")),
    )
    op.create_index(op.f("ix_journey_enrolment_member_id_name"), "journey_enrolment", ["member_id", "name"], unique=False)
    op.create_index(op.f("ix_journey_enrolment_state_next_at"), "journey_enrolment", ["state", "next_at"], unique=False)
    op.create_table(
        "journey_run",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", "planned_at", name=op.f("pk_journey_run")),
    )
    op.create_table(
        "journey_version",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("hold_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("pk_journey_version")),
    )
    op.create_table(
        "ledger_balance",
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("asset", sa.String(length=40), nullable=False),
        sa.Column("pocket", sa.String(length=40), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("may_overdraw", sa.Boolean(), nullable=False),
        sa.CheckConstraint("balance >= 0 OR may_overdraw", name="ck_ledger_balance_floor"),
        sa.PrimaryKeyConstraint("owner", "asset", "pocket", name=op.f("pk_ledger_balance")),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("transaction_id", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("asset", sa.String(length=40), nullable=False),
        sa.Column("pocket", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("balance_after", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount <> 0", name="ck_ledger_entry_amount"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
    )
    op.create_index(op.f("ix_ledger_entry_owner_asset"), "ledger_entry", ["owner", "asset"], unique=False)
    op.create_index(op.f("ix_ledger_entry_transaction_id"), "ledger_entry", ["transaction_id"], unique=False)
    op.create_table(
        "ledger_hold",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("asset", sa.String(length=40), nullable=False),
        sa.Column("pocket", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name="ck_ledger_hold_amount"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_hold")),
    )
    op.create_table(
        "ledger_transaction",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("memo", sa.String(length=200), nullable=False),
        sa.Column("cause", sa.String(length=160), nullable=False),
        sa.Column("reverses", sa.String(length=64), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transaction")),
        sa.UniqueConstraint("reverses", name=op.f("uq_ledger_transaction_reverses")),
    )
    op.create_index(op.f("ix_ledger_transaction_cause"), "ledger_transaction", ["cause"], unique=False)
    op.create_table(
        "member",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("shop_key", sa.String(length=120), nullable=False),
        sa.Column("nickname", sa.String(length=60), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("gender", sa.String(length=10), nullable=False),
        sa.Column("city", sa.String(length=40), nullable=False),
        sa.Column("birthday", sa.String(length=10), nullable=False),
        sa.Column("month_day", sa.String(length=5), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner_staff", sa.String(length=120), nullable=False),
        sa.Column("opted_out", sa.Boolean(), nullable=False),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.Column("is_employee", sa.Boolean(), nullable=False),
        sa.Column("preferred_hour", sa.Integer(), nullable=True),
        sa.Column("open_complaint", sa.Boolean(), nullable=False),
        sa.Column("preferences", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("preferred_hour BETWEEN 0 AND 23", name="ck_member_preferred_hour"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
    )
    op.create_index(op.f("ix_member_month_day"), "member", ["month_day"], unique=False)
    op.create_index(op.f("ix_member_owner_staff"), "member", ["owner_staff"], unique=False)
    op.create_index(op.f("ix_member_phone"), "member", ["phone"], unique=False)
    op.create_table(
        "member_topic_opt_out",
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("topic", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "topic", name=op.f("pk_member_topic_opt_out")),
    )
    op.create_table(
        "membership_order_growth",
        sa.Column("order_id", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("counted >= 0", name="ck_membership_order_growth_counted"),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_membership_order_growth")),
    )
    op.create_table(
        "membership_tier",
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("tier", sa.String(length=20), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_membership_tier")),
    )
    op.create_index(op.f("ix_membership_tier_tier"), "membership_tier", ["tier"], unique=False)
    op.create_table(
        "operations_plan",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("maker", sa.String(length=100), nullable=False),
        sa.Column("decided_by", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("snapshot_id", sa.String(length=64), nullable=False),
        sa.Column("preview", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("hold_id", sa.String(length=64), nullable=False),
        sa.Column("after", sa.String(length=64), nullable=False),
        sa.Column("chunk", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operations_plan")),
    )
    op.create_index(op.f("ix_operations_plan_state_created_at"), "operations_plan", ["state", "created_at"], unique=False)
    op.create_table(
        "operations_plan_member",
        sa.Column("plan_id", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("chunk", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "member_id", name=op.f("pk_operations_plan_member")),
    )
    op.create_index(op.f("ix_operations_plan_member_member_id"), "operations_plan_member", ["member_id"], unique=False)
    op.create_index(op.f("ix_operations_plan_member_plan_id_outcome"), "operations_plan_member", ["plan_id", "outcome"], unique=False)
    op.create_table(
        "operator",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("userid", sa.String(length=100), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator")),
        sa.UniqueConstraint("name", name=op.f("uq_operator_name")),
    )
    op.create_index(op.f("ix_operator_token"), "operator", ["token"], unique=False)
    op.create_index(op.f("ix_operator_userid"), "operator", ["userid"], unique=False)
    op.create_table(
        "operator_session",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("operator_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator_session")),
    )
    op.create_index(op.f("ix_operator_session_operator_id"), "operator_session", ["operator_id"], unique=False)
    op.create_table(
        "order_word",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("order_id", sa.String(length=64), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_word")),
    )
    op.create_index(op.f("ix_order_word_order_id"), "order_word", ["order_id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("conversation", sa.String(length=200), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("cause", sa.String(length=160), nullable=False),
        sa.Column("proactive", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("message", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
    )
    op.create_index(op.f("ix_outbox_cause"), "outbox", ["cause"], unique=False)
    op.create_index(op.f("ix_outbox_conversation_queued_at"), "outbox", ["conversation", "queued_at"], unique=False)
    op.create_index(op.f("ix_outbox_state"), "outbox", ["state"], unique=False)
    op.create_table(
        "outreach_feedback",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_outreach_feedback")),
    )
    op.create_index(op.f("ix_outreach_feedback_member_id_at"), "outreach_feedback", ["member_id", "at"], unique=False)
    op.create_table(
        "outreach_inbound",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("touchpoint", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_outreach_inbound")),
    )
    op.create_index(op.f("ix_outreach_inbound_member_id_at"), "outreach_inbound", ["member_id", "at"], unique=False)
    op.create_table(
        "outreach_skip",
        sa.Column("cause", sa.String(length=160), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("cause", "member_id", name=op.f("pk_outreach_skip")),
    )
    op.create_table(
        "outreach_touch",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("cause", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("topic", sa.String(length=60), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("route", sa.String(length=20), nullable=False),
        sa.Column("peer", sa.String(length=100), nullable=False),
        sa.Column("staff", sa.String(length=64), nullable=False),
        sa.Column("group", sa.String(length=64), nullable=False),
        sa.Column("place", sa.String(length=120), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outreach_touch")),
        sa.UniqueConstraint("key", name=op.f("uq_outreach_touch_key")),
        sa.UniqueConstraint("place", name=op.f("uq_outreach_touch_place")),
    )
    op.create_index(op.f("ix_outreach_touch_cause_state"), "outreach_touch", ["cause", "state"], unique=False)
    op.create_index(op.f("ix_outreach_touch_group_state"), "outreach_touch", ["group", "state"], unique=False)
    op.create_index(op.f("ix_outreach_touch_member_id_queued_at"), "outreach_touch", ["member_id", "queued_at"], unique=False)
    op.create_index(op.f("ix_outreach_touch_state_queued_at"), "outreach_touch", ["state", "queued_at"], unique=False)
    op.create_table(
        "payment_simulated_bill",
        sa.Column("bill_no", sa.String(length=64), nullable=False),
        sa.Column("payee", sa.String(length=200), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bill_no", name=op.f("pk_payment_simulated_bill")),
    )
    op.create_table(
        "points_holder",
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_points_holder")),
    )
    op.create_table(
        "points_lot",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("order_id", sa.String(length=64), nullable=False),
        sa.Column("order_no", sa.String(length=120), nullable=False),
        sa.Column("expired", sa.BigInteger(), nullable=False),
        sa.Column("waived", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("remaining >= 0 AND expired >= waived AND waived >= 0", name="ck_points_lot_parts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_lot")),
    )
    op.create_index(op.f("ix_points_lot_member_id"), "points_lot", ["member_id"], unique=False)
    op.create_index(op.f("ix_points_lot_state_available_at"), "points_lot", ["state", "available_at"], unique=False)
    op.create_index(op.f("ix_points_lot_state_expires_at"), "points_lot", ["state", "expires_at"], unique=False)
    op.create_table(
        "points_movement",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("lot_id", sa.String(length=64), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("order_no", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_movement")),
    )
    op.create_index(op.f("ix_points_movement_member_id_at"), "points_movement", ["member_id", "at"], unique=False)
    op.create_table(
        "points_order_earning",
        sa.Column("order_id", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("per_yuan", sa.Integer(), nullable=False),
        sa.Column("earned", sa.BigInteger(), nullable=False),
        sa.Column("lot_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("earned >= 0", name="ck_points_order_earning_earned"),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_points_order_earning")),
    )
    op.create_table(
        "points_rule",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_points_rule")),
    )
    op.create_table(
        "points_spend",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("transaction_id", sa.String(length=64), nullable=False),
        sa.Column("returned", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name="ck_points_spend_amount"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_spend")),
    )
    op.create_index(op.f("ix_points_spend_member_id"), "points_spend", ["member_id"], unique=False)
    op.create_table(
        "shop_order",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=30), nullable=False),
        sa.Column("order_no", sa.String(length=120), nullable=False),
        sa.Column("shop", sa.String(length=80), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("buyer_namespace", sa.String(length=40), nullable=False),
        sa.Column("buyer_value", sa.String(length=120), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("refund_fen", sa.BigInteger(), nullable=False),
        sa.Column("live_room", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("refund_fen >= 0 AND refund_fen <= paid_fen", name="ck_shop_order_refund"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_order")),
        sa.UniqueConstraint("source", "order_no", name=op.f("uq_shop_order_source_order_no")),
    )
    op.create_index(op.f("ix_shop_order_buyer_value"), "shop_order", ["buyer_value"], unique=False)
    op.create_index(op.f("ix_shop_order_member_id_paid_at"), "shop_order", ["member_id", "paid_at"], unique=False)
    op.create_index(op.f("ix_shop_order_order_no"), "shop_order", ["order_no"], unique=False)
    op.create_index(op.f("ix_shop_order_received_at"), "shop_order", ["received_at"], unique=False)
    op.create_table(
        "shop_order_item",
        sa.Column("order_id", sa.String(length=64), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("category", sa.String(length=60), nullable=False),
        sa.Column("qty", sa.Integer(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "line", name=op.f("pk_shop_order_item")),
    )
    op.create_index(op.f("ix_shop_order_item_category"), "shop_order_item", ["category"], unique=False)
    op.create_table(
        "staff_person",
        sa.Column("userid", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("userid", name=op.f("pk_staff_person")),
    )
    op.create_table(
        "staff_ticket",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("conversation", sa.String(length=200), nullable=False),
        sa.Column("place", sa.String(length=240), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("ready_text", sa.Text(), nullable=False),
        sa.Column("staff", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_ticket")),
        sa.UniqueConstraint("place", name=op.f("uq_staff_ticket_place")),
    )
    op.create_index(op.f("ix_staff_ticket_member_id"), "staff_ticket", ["member_id"], unique=False)
    op.create_index(op.f("ix_staff_ticket_staff_state"), "staff_ticket", ["staff", "state"], unique=False)
    op.create_index(op.f("ix_staff_ticket_state_due_at"), "staff_ticket", ["state", "due_at"], unique=False)
    op.create_table(
        "transcript",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("turn", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcript")),
    )
    op.create_index(op.f("ix_transcript_turn_number"), "transcript", ["turn", "number"], unique=False)
    op.create_table(
        "turn",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("conversation", sa.String(length=200), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("wrote", sa.Boolean(), nullable=False),
        sa.Column("messages", sa.JSON(), nullable=False),
        sa.Column("model", sa.String(length=60), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turn")),
    )
    op.create_index(op.f("ix_turn_conversation_opened_at"), "turn", ["conversation", "opened_at"], unique=False)
    op.create_table(
        "member_identity",
        sa.Column("namespace", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=120), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
        ),
        sa.PrimaryKeyConstraint("namespace", "value", name=op.f("pk_member_identity")),
    )
    op.create_index(op.f("ix_member_identity_member_id"), "member_identity", ["member_id"], unique=False)


def downgrade() -> None:
    """Back to the one before."""
    op.drop_index(op.f("ix_member_identity_member_id"), table_name="member_identity")
    op.drop_table("member_identity")
    op.drop_index(op.f("ix_turn_conversation_opened_at"), table_name="turn")
    op.drop_table("turn")
    op.drop_index(op.f("ix_transcript_turn_number"), table_name="transcript")
    op.drop_table("transcript")
    op.drop_index(op.f("ix_staff_ticket_state_due_at"), table_name="staff_ticket")
    op.drop_index(op.f("ix_staff_ticket_staff_state"), table_name="staff_ticket")
    op.drop_index(op.f("ix_staff_ticket_member_id"), table_name="staff_ticket")
    op.drop_table("staff_ticket")
    op.drop_table("staff_person")
    op.drop_index(op.f("ix_shop_order_item_category"), table_name="shop_order_item")
    op.drop_table("shop_order_item")
    op.drop_index(op.f("ix_shop_order_received_at"), table_name="shop_order")
    op.drop_index(op.f("ix_shop_order_order_no"), table_name="shop_order")
    op.drop_index(op.f("ix_shop_order_member_id_paid_at"), table_name="shop_order")
    op.drop_index(op.f("ix_shop_order_buyer_value"), table_name="shop_order")
    op.drop_table("shop_order")
    op.drop_index(op.f("ix_points_spend_member_id"), table_name="points_spend")
    op.drop_table("points_spend")
    op.drop_table("points_rule")
    op.drop_table("points_order_earning")
    op.drop_index(op.f("ix_points_movement_member_id_at"), table_name="points_movement")
    op.drop_table("points_movement")
    op.drop_index(op.f("ix_points_lot_state_expires_at"), table_name="points_lot")
    op.drop_index(op.f("ix_points_lot_state_available_at"), table_name="points_lot")
    op.drop_index(op.f("ix_points_lot_member_id"), table_name="points_lot")
    op.drop_table("points_lot")
    op.drop_table("points_holder")
    op.drop_table("payment_simulated_bill")
    op.drop_index(op.f("ix_outreach_touch_state_queued_at"), table_name="outreach_touch")
    op.drop_index(op.f("ix_outreach_touch_member_id_queued_at"), table_name="outreach_touch")
    op.drop_index(op.f("ix_outreach_touch_group_state"), table_name="outreach_touch")
    op.drop_index(op.f("ix_outreach_touch_cause_state"), table_name="outreach_touch")
    op.drop_table("outreach_touch")
    op.drop_table("outreach_skip")
    op.drop_index(op.f("ix_outreach_inbound_member_id_at"), table_name="outreach_inbound")
    op.drop_table("outreach_inbound")
    op.drop_index(op.f("ix_outreach_feedback_member_id_at"), table_name="outreach_feedback")
    op.drop_table("outreach_feedback")
    op.drop_index(op.f("ix_outbox_state"), table_name="outbox")
    op.drop_index(op.f("ix_outbox_conversation_queued_at"), table_name="outbox")
    op.drop_index(op.f("ix_outbox_cause"), table_name="outbox")
    op.drop_table("outbox")
    op.drop_index(op.f("ix_order_word_order_id"), table_name="order_word")
    op.drop_table("order_word")
    op.drop_index(op.f("ix_operator_session_operator_id"), table_name="operator_session")
    op.drop_table("operator_session")
    op.drop_index(op.f("ix_operator_userid"), table_name="operator")
    op.drop_index(op.f("ix_operator_token"), table_name="operator")
    op.drop_table("operator")
    op.drop_index(op.f("ix_operations_plan_member_plan_id_outcome"), table_name="operations_plan_member")
    op.drop_index(op.f("ix_operations_plan_member_member_id"), table_name="operations_plan_member")
    op.drop_table("operations_plan_member")
    op.drop_index(op.f("ix_operations_plan_state_created_at"), table_name="operations_plan")
    op.drop_table("operations_plan")
    op.drop_index(op.f("ix_membership_tier_tier"), table_name="membership_tier")
    op.drop_table("membership_tier")
    op.drop_table("membership_order_growth")
    op.drop_table("member_topic_opt_out")
    op.drop_index(op.f("ix_member_phone"), table_name="member")
    op.drop_index(op.f("ix_member_owner_staff"), table_name="member")
    op.drop_index(op.f("ix_member_month_day"), table_name="member")
    op.drop_table("member")
    op.drop_index(op.f("ix_ledger_transaction_cause"), table_name="ledger_transaction")
    op.drop_table("ledger_transaction")
    op.drop_table("ledger_hold")
    op.drop_index(op.f("ix_ledger_entry_transaction_id"), table_name="ledger_entry")
    op.drop_index(op.f("ix_ledger_entry_owner_asset"), table_name="ledger_entry")
    op.drop_table("ledger_entry")
    op.drop_table("ledger_balance")
    op.drop_table("journey_version")
    op.drop_table("journey_run")
    op.drop_index(op.f("ix_journey_enrolment_state_next_at"), table_name="journey_enrolment")
    op.drop_index(op.f("ix_journey_enrolment_member_id_name"), table_name="journey_enrolment")
    op.drop_table("journey_enrolment")
    op.drop_table("journey")
    op.drop_index(op.f("ix_inbox_conversation_state"), table_name="inbox")
    op.drop_table("inbox")
    op.drop_index(op.f("ix_fact_subject"), table_name="fact")
    op.drop_index(op.f("ix_fact_name_occurred_at"), table_name="fact")
    op.drop_index(op.f("ix_fact_member_id_name"), table_name="fact")
    op.drop_index(op.f("ix_fact_cause"), table_name="fact")
    op.drop_table("fact")
    op.drop_index(op.f("ix_experiment_assignment_experiment_variant"), table_name="experiment_assignment")
    op.drop_table("experiment_assignment")
    op.drop_table("experiment")
    op.drop_index(op.f("ix_due_order_key"), table_name="due")
    op.drop_index(op.f("ix_due_held_due_at"), table_name="due")
    op.drop_table("due")
    op.drop_index(op.f("ix_customer_group_member_member_id"), table_name="customer_group_member")
    op.drop_table("customer_group_member")
    op.drop_table("customer_group")
    op.drop_table("cursor")
    op.drop_index(op.f("ix_conversation_member_id"), table_name="conversation")
    op.drop_index(op.f("ix_conversation_last_inbound_at"), table_name="conversation")
    op.drop_table("conversation")
    op.drop_table("content_template")
    op.drop_index(op.f("ix_confirmation_conversation_state"), table_name="confirmation")
    op.drop_table("confirmation")
    op.drop_table("command_key")
    op.drop_table("cashback_template")
    op.drop_index(op.f("ix_cashback_claim_state_ripe_at"), table_name="cashback_claim")
    op.drop_index(op.f("ix_cashback_claim_member_id_created_at"), table_name="cashback_claim")
    op.drop_index(op.f("ix_cashback_claim_card_id"), table_name="cashback_claim")
    op.drop_table("cashback_claim")
    op.drop_index(op.f("ix_cashback_card_template_id"), table_name="cashback_card")
    op.drop_index(op.f("ix_cashback_card_member_id_expires_at"), table_name="cashback_card")
    op.drop_table("cashback_card")
    op.drop_table("benefit_coupon_pool")
    op.drop_index(op.f("ix_benefit_coupon_name_grant_key"), table_name="benefit_coupon")
    op.drop_index(op.f("ix_benefit_coupon_member_id"), table_name="benefit_coupon")
    op.drop_table("benefit_coupon")
    op.drop_index(op.f("ix_audience_tag_tag_member_id"), table_name="audience_tag")
    op.drop_table("audience_tag")
    op.drop_table("audience_snapshot_member")
    op.drop_table("audience_snapshot")
    op.drop_index(op.f("ix_activity_redemption_state_at"), table_name="activity_redemption")
    op.drop_index(op.f("ix_activity_redemption_member_id_item"), table_name="activity_redemption")
    op.drop_table("activity_redemption")
    op.drop_table("activity_item")
    op.drop_table("activity_checkin")
