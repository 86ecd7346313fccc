"""The first tables: catalogue and event log."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table."""
    _create_catalogue()
    _create_events()


def downgrade() -> None:
    """Drop every table."""
    for table in ("events", "counters", "deleted_products", "media", "variants", "products"):
        op.drop_table(table)


def _create_catalogue() -> None:
    op.create_table(
        "products",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False, index=True),
        sa.Column("content_hash", sa.Text),
        sa.Column("stand_in", sa.Boolean, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("brand", sa.Text),
        sa.Column("availability", sa.Text, nullable=False),
        sa.Column("price_amount", sa.BigInteger),
        sa.Column("price_currency", sa.Text),
        sa.Column("gtin", sa.Text, index=True),
        sa.Column("rating", sa.Float),
        sa.Column("rating_count", sa.BigInteger, nullable=False),
        sa.Column("published", sa.BigInteger),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "variants",
        sa.Column("product_id", _KEY, primary_key=True),
        sa.Column("id", _KEY, primary_key=True, index=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.Column("availability", sa.Text, nullable=False),
        sa.Column("price_amount", sa.BigInteger),
        sa.Column("price_currency", sa.Text),
        sa.Column("gtin", sa.Text, index=True),
        sa.Column("content_hash", sa.Text),
        sa.Column("document", sa.Text),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], ondelete="CASCADE"),
    )
    op.create_table(
        "media",
        sa.Column("product_id", _KEY, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("variant_id", _KEY),
        sa.Column("uri", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], ondelete="CASCADE"),
    )
    op.create_table(
        "deleted_products",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False, index=True),
    )
    counters = op.create_table(
        "counters",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(counters, [{"name": "catalogue", "value": 0}])


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("event_id", _KEY, nullable=False, unique=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("visitor_id", _KEY, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("lines", sa.Text),
        sa.Column("details", sa.Text),
    )
    op.create_index("ix_events_visitor_id_time_seq", "events", ["visitor_id", "time", "seq"])
    op.create_index("ix_events_type_time", "events", ["type", "time"])
