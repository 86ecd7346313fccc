"""What shoppers say about a turn of a conversation."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Give turns a rating."""
    op.add_column("turns", sa.Column("rating", sa.Text))
    op.add_column("turns", sa.Column("comment", sa.Text))
    op.add_column("turns", sa.Column("rated", sa.BigInteger))


def downgrade() -> None:
    """Take it away."""
    for name in ("rated", "comment", "rating"):
        op.drop_column("turns", name)
