"""A visitor's newest events of one type are found without reading those of the others."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Put the type into the index of visitors."""
    op.create_index(
        "ix_events_visitor_id_type_time_seq", "events", ["visitor_id", "type", "time", "seq"]
    )
    op.drop_index("ix_events_visitor_id_time_seq", "events")


def downgrade() -> None:
    """Take it out."""
    op.create_index("ix_events_visitor_id_time_seq", "events", ["visitor_id", "time", "seq"])
    op.drop_index("ix_events_visitor_id_type_time_seq", "events")
