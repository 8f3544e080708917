"""The platform's tables. Changed only together with a migration; a test holds both equal.

Vectors: pgvector, one row per distinct text and model, so the same text is never embedded twice.
"""

from __future__ import annotations

from pgvector.sqlalchemy import Vector
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData(
    schema="mill",
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    },
)


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def _texts(*names: str) -> list[Column[str]]:
    return [Column(name, Text, nullable=False) for name in names]


def _now(name: str = "created_at") -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


corpus = Table(
    "corpus",
    metadata,
    _id(),
    *_texts("tenant", "name", "kind", "uri"),
    Column("licence", Text),
    Column("revision", Text),
    _now(),
    UniqueConstraint("tenant", "name"),
)

# Who allowed what with a corpus, and who took it back. A row is never changed but to be withdrawn, once.
consent = Table(
    "consent",
    metadata,
    _id(),
    Column("corpus_id", ForeignKey(corpus.c.id, ondelete="CASCADE"), nullable=False),
    Column("scope", Text, nullable=False),
    Column("given_by", Text, nullable=False),
    _now("given_at"),
    Column("withdrawn_by", Text),
    Column("withdrawn_at", DateTime(timezone=True)),
    CheckConstraint("scope in ('train', 'run')", name="scope"),
    Index("uq_consent_live", "corpus_id", "scope", unique=True, postgresql_where=text("withdrawn_at is null")),
)

document = Table(
    "document",
    metadata,
    _id(),
    Column("corpus_id", ForeignKey(corpus.c.id, ondelete="CASCADE"), nullable=False),
    *_texts("path", "sha256", "revision", "language"),
    Column("size", BigInteger, nullable=False),
    Column("licence", Text),
    # The sha256 and the parser's version from which this document's units were made; null: not parsed yet.
    Column("parsed_as", Text),
    _now("seen_at"),
    UniqueConstraint("corpus_id", "path"),
)

dropped = Table(
    "dropped",
    metadata,
    _id(),
    Column("corpus_id", ForeignKey(corpus.c.id, ondelete="CASCADE"), nullable=False),
    *_texts("stage", "path", "reason"),
    Column("detail", Text, nullable=False, server_default=""),
    UniqueConstraint("corpus_id", "stage", "path"),
)

unit = Table(
    "unit",
    metadata,
    _id(),
    Column("corpus_id", ForeignKey(corpus.c.id, ondelete="CASCADE"), nullable=False),
    Column("document_id", ForeignKey(document.c.id, ondelete="CASCADE"), nullable=False),
    *_texts("path", "name", "kind", "language", "sha256", "text", "signature", "docstring", "group"),
    Column("start_line", Integer, nullable=False),
    Column("end_line", Integer, nullable=False),
    Column("meta", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    # Duplicate cluster: the smallest sha256 among exact and near duplicates, over all corpora.
    Column("cluster", Text, nullable=False, server_default=""),
    UniqueConstraint("corpus_id", "path", "name"),
    Index("ix_unit_sha256", "sha256"),
    Index("ix_unit_document_id", "document_id"),
    Index("ix_unit_kind_language", "kind", "language"),
)

# What a normalize that is not at its end yet has parsed; see store/parsed.py.
parsed = Table(
    "parsed",
    metadata,
    Column("document_id", ForeignKey(document.c.id, ondelete="CASCADE"), primary_key=True),
    Column("corpus_id", ForeignKey(corpus.c.id, ondelete="CASCADE"), nullable=False),
    Column("made_of", Text),
    Column("units", JSONB, nullable=False),
    Column("dropped", JSONB, nullable=False),
    Index("ix_parsed_corpus_id", "corpus_id"),
)

# Which of a corpus's files passed which check: the hash of its rows, by which rules, by whom; store/verdicts.py.
verdict = Table(
    "verdict",
    metadata,
    Column("corpus_id", ForeignKey(corpus.c.id, ondelete="CASCADE"), nullable=False),
    *_texts("check", "file", "sha256", "rules", "judge"),
    _now("at"),
    PrimaryKeyConstraint("corpus_id", "check", "file"),
)

# What a folder's files were found to be when they were last read, by which rules; see store/seen.py.
seen = Table(
    "seen",
    metadata,
    Column("corpus_id", ForeignKey(corpus.c.id, ondelete="CASCADE"), nullable=False),
    *_texts("path", "rules", "state", "sha256", "reason", "detail"),
    _now("at"),
    Column("size", Integer, nullable=False),
    Column("licence", Text),
    Column("language", Text),
    PrimaryKeyConstraint("corpus_id", "path"),
)

# One row per distinct text of all units: how it is compared with others, and the cluster it is in.
signature = Table(
    "signature",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("bands", LargeBinary, nullable=False),
    Column("cluster", Text, nullable=False),
)

# Different models have different dimensions, so the column has none; an HNSW index per model is an expression index.
vector = Table(
    "vector",
    metadata,
    Column("model", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("embedding", Vector(), nullable=False),
    PrimaryKeyConstraint("model", "sha256"),
)

dataset = Table(
    "dataset",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("task", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("counts", JSONB, nullable=False),
    Column("manifest", JSONB, nullable=False),
    # Whose corpora it was made of; null where that was not recorded: it counts as everybody's who has such corpora.
    Column("tenant", Text),
    # Set when something it was made of is erased; models that knew it are then not released.
    Column("tainted", Text),
    _now(),
    Index("ix_dataset_task_created_at", "task", "created_at"),
)

# What each dataset was made of, as it was then: units change, lineage does not. All of it is of the dataset's tenant.
dataset_unit = Table(
    "dataset_unit",
    metadata,
    Column("dataset_sha256", ForeignKey(dataset.c.sha256, ondelete="CASCADE"), nullable=False),
    *_texts("corpus", "path", "name", "unit_sha256", "document_sha256", "revision", "split"),
    PrimaryKeyConstraint("dataset_sha256", "corpus", "path", "name"),
)

candidate = Table(
    "candidate",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("task", Text, nullable=False),
    Column("dataset_sha256", ForeignKey(dataset.c.sha256), nullable=False),
    Column("profile", Text, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("params", JSONB, nullable=False),
    Column("manifest", JSONB, nullable=False),
    Column("mlflow_run_id", Text),
    _now(),
    Index("ix_candidate_task_created_at", "task", "created_at"),
)

report = Table(
    "report",
    metadata,
    _id(),
    Column("task", Text, nullable=False),
    Column("candidate_sha256", ForeignKey(candidate.c.sha256), nullable=False),
    Column("dataset_sha256", ForeignKey(dataset.c.sha256), nullable=False),
    # The champion it was compared with; empty when there was none.
    Column("champion_sha256", Text, nullable=False, server_default=""),
    Column("passed", Boolean, nullable=False),
    Column("body", JSONB, nullable=False),
    _now(),
    UniqueConstraint("candidate_sha256", "dataset_sha256", "champion_sha256"),
)

release = Table(
    "release",
    metadata,
    _id(),
    Column("task", Text, nullable=False),
    # Counts the releases over all tasks from 1; its port follows from it.
    Column("number", Integer, nullable=False, unique=True),
    Column("version", Text, nullable=False),
    Column("candidate_sha256", ForeignKey(candidate.c.sha256), nullable=False),
    Column("dataset_sha256", Text, nullable=False),
    Column("report_id", ForeignKey(report.c.id), nullable=False),
    Column("status", Text, nullable=False),
    Column("bento_tag", Text),
    # Set when something its dataset was made of is erased; it goes on answering until it is retrained or taken back.
    Column("tainted", Text),
    Column("promoted_at", DateTime(timezone=True)),
    _now(),
    UniqueConstraint("task", "version"),
    UniqueConstraint("task", "candidate_sha256"),
    CheckConstraint("status in ('champion', 'previous', 'retired')", name="status"),
    # Two champions of a task cannot exist, whatever the callers do.
    Index("uq_release_champion", "task", unique=True, postgresql_where=text("status = 'champion'")),
)

# Append only: which releases answered, in what share, since when and why. The gateway follows a task's newest row.
rollout = Table(
    "rollout",
    metadata,
    _id(),
    Column("task", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("shares", JSONB, nullable=False),
    *_texts("reason", "idempotency_key", "by"),
    _now(),
    UniqueConstraint("task", "number"),
    UniqueConstraint("task", "idempotency_key"),
)

prediction = Table(
    "prediction",
    metadata,
    Column("id", Uuid, primary_key=True),
    *_texts("tenant", "key_prefix", "task"),
    Column("release_id", ForeignKey(release.c.id), nullable=False),
    Column("request", JSONB, nullable=False),
    Column("answer", JSONB, nullable=False),
    Column("confidence", Double),
    Column("latency_ms", Double, nullable=False),
    _now(),
    Index("ix_prediction_task_created_at", "task", "created_at"),
)

api_key = Table(
    "api_key",
    metadata,
    Column("prefix", Text, primary_key=True),
    *_texts("hmac", "name", "tenant"),
    Column("scopes", ARRAY(Text), nullable=False),
    _now(),
    Column("expires_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
)

# Who may publish an asset: the highest token handed out. An older holder is refused at the door.
lease = Table(
    "lease",
    metadata,
    Column("asset", Text, nullable=False),
    Column("partition", Text, nullable=False, server_default=""),
    Column("token", BigInteger, nullable=False),
    Column("owner", Text, nullable=False),
    _now("taken_at"),
    PrimaryKeyConstraint("asset", "partition"),
)

# What each asset last was, from which input; the newest row of an asset and partition is the current one.
publication = Table(
    "publication",
    metadata,
    _id(),
    Column("asset", Text, nullable=False),
    Column("partition", Text, nullable=False, server_default=""),
    Column("token", BigInteger, nullable=False),
    *_texts("owner", "input_hash", "sha256"),
    Column("rows", BigInteger, nullable=False),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    _now(),
    Index("ix_publication_asset_partition_id", "asset", "partition", "id"),
)

# Who is at work on what right now: a row a running step, renewed every few seconds, gone when the work ends.
heartbeat = Table(
    "heartbeat",
    metadata,
    *_texts("run", "step", "host"),
    Column("pid", Integer, nullable=False),
    # The boot and the clock tick at which the process began: with the pid it names one process and no later one.
    Column("process", Text, nullable=False),
    _now("since"),
    _now("beat_at"),
    PrimaryKeyConstraint("run", "step"),
)

# What the user said of an answer. One word a prediction and key: saying it again changes it.
feedback = Table(
    "feedback",
    metadata,
    _id(),
    Column("prediction_id", ForeignKey(prediction.c.id, ondelete="CASCADE"), nullable=False),
    *_texts("tenant", "key_prefix", "verdict"),
    Column("correction", JSONB),
    Column("comment", Text, nullable=False, server_default=""),
    _now(),
    UniqueConstraint("prediction_id", "key_prefix"),
    CheckConstraint("verdict in ('right', 'wrong')", name="verdict"),
)

# Who did what: keys made and revoked, releases promoted and rolled back. Append only (a trigger refuses the rest), each
# row holds the hash of the one before it. No payloads.
audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    *_texts("tenant", "by", "action", "subject"),
    Column("detail", JSONB, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("previous", Text, nullable=False),
    Column("sha256", Text, nullable=False, unique=True),
)

# One run of somebody's code in the sandbox. files: the code itself, only where the caller consented; else its hash.
# owner: the process that asked for it (modelmill.owner), until the run has ended.
execution = Table(
    "execution",
    metadata,
    Column("id", Uuid, primary_key=True),
    *_texts("tenant", "key_prefix", "language", "code_sha256"),
    Column("files", JSONB),
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("exit_code", Integer),
    Column("signal", Integer),
    Column("container_id", Text),
    Column("wall_seconds", Double),
    Column("cpu_seconds", Double),
    Column("peak_memory_bytes", BigInteger),
    Column("truncated", Boolean, nullable=False),
    Column("findings", JSONB, nullable=False),
    Column("owner", Text),
    _now(),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index("ix_execution_owner", "owner", postgresql_where=text("owner IS NOT NULL")),
    Index("ix_execution_tenant_created_at", "tenant", "created_at"),
    Index("ix_execution_expires_at", "expires_at"),
)
