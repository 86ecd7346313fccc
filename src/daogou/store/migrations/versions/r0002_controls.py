"""What a merchant decides about search: controls."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNTERS = sa.table("counters", sa.column("name"), sa.column("value"))


def upgrade() -> None:
    """Create the table, and the counter of its changes."""
    op.create_table(
        "controls",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.bulk_insert(_COUNTERS, [{"name": "controls", "value": 0}])


def downgrade() -> None:
    """Drop both."""
    op.drop_table("controls")
    op.execute(_COUNTERS.delete().where(_COUNTERS.c.name == "controls"))
