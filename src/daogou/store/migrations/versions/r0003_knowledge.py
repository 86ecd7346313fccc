"""What the shop knows beside its products: articles."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNTERS = sa.table("counters", sa.column("name"), sa.column("value"))


def upgrade() -> None:
    """Create the table, and the counter of its changes."""
    op.create_table(
        "articles",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("language", _KEY, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.bulk_insert(_COUNTERS, [{"name": "knowledge", "value": 0}])


def downgrade() -> None:
    """Drop both."""
    op.drop_table("articles")
    op.execute(_COUNTERS.delete().where(_COUNTERS.c.name == "knowledge"))
