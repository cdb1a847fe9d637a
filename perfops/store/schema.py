"""The tables: collector, collection, annotation and phase as models, and one table a kind of sample.

Sample tables have no id, foreign key, trigger or default of their own: a foreign key makes COPY three times slower, and
the same schema is to run on Citus and TimescaleDB, which refuse some of the rest.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Float,
    Identity,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from perfops.catalogue import KINDS, Kind

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING
metadata: MetaData = SQLModel.metadata


class Collector(SQLModel, table=True):
    """A machine under test, known by name and site."""

    __tablename__ = "collector"
    __table_args__ = (UniqueConstraint("name", "site"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=False), primary_key=True))
    name: str = Field(sa_type=Text)
    site: str = Field(sa_type=Text)


class Collection(SQLModel, table=True):
    """One run of the sampler on one collector; `summary` is its summary.json, whole."""

    __tablename__ = "collection"

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    collector_id: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    run: str | None = Field(default=None, sa_type=Text, index=True)
    mode: str = Field(sa_type=Text)
    started_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, index=True))
    ended_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    frequency: float = Field(sa_column=Column(Float(53), nullable=False))
    complete: bool
    labels: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    summary: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    loaded_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.now()))


class Annotation(SQLModel, table=True):
    """Something that happened to a collection: a gap, a reboot, a step of the clock."""

    __tablename__ = "annotation"

    collection_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    timestamp: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    kind: str = Field(sa_column=Column(Text, primary_key=True))
    ended_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    text: str = Field(sa_type=Text)


class Phase(SQLModel, table=True):
    """A phase of a run begins, or, without a name, the one before ends; the next row of the run ends it, too.

    By the run's name: a phase is written while the machines sample, when there is no collection to be of yet.
    """

    __tablename__ = "phase"

    run: str = Field(sa_column=Column(Text, primary_key=True))
    timestamp: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    name: str | None = Field(default=None, sa_type=Text)


def sample_table(kind: Kind) -> Table:
    """The table of one kind of sample, keyed by (collection_id, timestamp, keys of the kind)."""
    return Table(
        kind.table,
        metadata,
        Column("collection_id", Uuid, primary_key=True),
        Column("timestamp", DateTime(timezone=True), primary_key=True),
        *(Column(key.name, Text, primary_key=True) for key in kind.keys),
        *(Column(detail.name, Text, nullable=False) for detail in kind.details),
        *(Column(metric.name, Float(53), nullable=True, comment=metric.unit.value) for metric in kind.metrics),
    )


SAMPLE_TABLES = {kind.name: sample_table(kind) for kind in KINDS}
