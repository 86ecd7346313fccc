"""The tables, as SQLAlchemy Core sees them.

A product's ``document`` is the whole product; its typed columns, ``variants`` and
``media`` repeat what SQL has to find, and are written with it in one transaction.
Times are UTC microseconds since 1970, prices are minor units. The migrations
create the same tables; a test compares the two.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

# Byte order, so that both databases walk the ids in the same order.
Key: Final = Text().with_variant(Text(collation="C"), "postgresql")
# SQLite numbers rows by itself only where the key is declared INTEGER.
Sequence: Final = BigInteger().with_variant(Integer(), "sqlite")

products: Final = Table(
    "products",
    metadata,
    Column("id", Key, primary_key=True),
    Column("revision", BigInteger, nullable=False, index=True),
    # Hash of the product's own row; null once variant rows have changed what it says.
    Column("content_hash", Text),
    # True while only variant rows are known, and the product is made from those.
    Column("stand_in", Boolean, nullable=False),
    Column("title", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("brand", Text),
    Column("availability", Text, nullable=False),
    Column("price_amount", BigInteger),
    Column("price_currency", Text),
    Column("gtin", Text, index=True),
    Column("rating", Float),
    Column("rating_count", BigInteger, nullable=False),
    Column("published", BigInteger),
    Column("document", Text, nullable=False),
)

variants: Final = Table(
    "variants",
    metadata,
    Column("product_id", Key, ForeignKey("products.id", ondelete="CASCADE"), primary_key=True),
    Column("id", Key, primary_key=True, index=True),
    Column("position", Integer, nullable=False),
    Column("options", Text, nullable=False),
    Column("availability", Text, nullable=False),
    Column("price_amount", BigInteger),
    Column("price_currency", Text),
    Column("gtin", Text, index=True),
    # The variant's own row and its hash; null where the product itself lists the variant.
    Column("content_hash", Text),
    Column("document", Text),
)

media: Final = Table(
    "media",
    metadata,
    Column("product_id", Key, ForeignKey("products.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("variant_id", Key),
    Column("uri", Text, nullable=False),
)

deleted_products: Final = Table(
    "deleted_products",
    metadata,
    Column("id", Key, primary_key=True),
    Column("revision", BigInteger, nullable=False, index=True),
)

counters: Final = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

events: Final = Table(
    "events",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("event_id", Key, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("visitor_id", Key, nullable=False),
    Column("time", BigInteger, nullable=False),
    # The lines as columns: {"product_id": ["p1", "p2"], "quantity": [1, 2]}; null without lines.
    Column("lines", Text),
    # What few events have: query, user, attribution, attributes; null without any.
    Column("details", Text),
    # Of a visitor the newest of one type: of a million events of others none is read.
    Index(None, "visitor_id", "type", "time", "seq"),
    Index(None, "type", "time"),
)

articles: Final = Table(
    "articles",
    metadata,
    Column("id", Key, primary_key=True),
    Column("language", Key, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("document", Text, nullable=False),
)

controls: Final = Table(
    "controls",
    metadata,
    Column("id", Key, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)

conversations: Final = Table(
    "conversations",
    metadata,
    Column("id", Key, primary_key=True),
    Column("visitor_id", Key, index=True),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    # How many turns there are; a turn is written only behind the one that it was made from.
    Column("turns", Integer, nullable=False),
    Column("state", Text, nullable=False),
)

turns: Final = Table(
    "turns",
    metadata,
    Column(
        "conversation_id",
        Key,
        ForeignKey("conversations.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("number", Integer, primary_key=True),
    Column("created", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("reply", Text, nullable=False),
    # What the shopper said about the answer, and when; null until then.
    Column("rating", Text),
    Column("comment", Text),
    Column("rated", BigInteger),
)

api_keys: Final = Table(
    "api_keys",
    metadata,
    # The public part of the key, which it is looked up by.
    Column("id", Key, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("name", Text, nullable=False),
    # SHA-256 of the whole key, in hex.
    Column("digest", Text, nullable=False),
    # How many requests it may send in a minute; null where nothing is said of it.
    Column("per_minute", BigInteger),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger),
    # A key that was revoked stays in the table: its row tells when.
    Column("revoked", BigInteger),
)
