"""API keys: `mk_<prefix>.<secret>`. Shown once, stored as prefix and HMAC-SHA256 with a pepper, never the secret.

The tenant and what may be done come from the key, never from a request.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from sqlalchemy import Connection, Engine, Row, func, or_, select

from modelmill.errors import PrerequisiteError, UserError
from modelmill.settings import Settings
from modelmill.store import audit
from modelmill.store.tables import api_key

Scope = Literal["predict", "feedback", "ingest", "train", "promote", "execute", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
LIVE_A_NAME = 2  # so that a key can be changed without an outage: the new one, and the old one until it is revoked
SHAPE = re.compile(r"mk_([a-z2-7]{10})\.([A-Za-z0-9_-]{43})")
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key; `admin` may do everything."""

    prefix: str
    name: str
    tenant: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def may(self, scope: str) -> bool:
        """Whether it has this scope."""
        return scope in self.scopes or "admin" in self.scopes

    @property
    def live(self) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Created:
    """A new key; `secret` is the whole of it, shown this once."""

    key: Key
    secret: str


def create(
    settings: Settings,
    db: Engine,
    name: str,
    scopes: Iterable[str] = ("predict",),
    *,
    tenant: str | None = None,
    expires_at: datetime | None = None,
    by: str = "",
) -> Created:
    """Make a key. Raises UserError: unknown scope, none at all, no name, or two live ones of that name already."""
    wanted, tenant = sorted(set(scopes)), tenant or settings.tenant
    _check_wish(name, wanted)
    prefix = "".join(secrets.choice(ALPHABET) for _ in range(10))
    secret = f"mk_{prefix}.{secrets.token_urlsafe(32)}"
    with db.begin() as conn:
        conn.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"mill key {tenant}/{name}"))))
        _refuse_third(conn, tenant, name)
        row = conn.execute(
            api_key.insert()
            .values(
                prefix=prefix,
                hmac=_hmac(settings, secret),
                name=name,
                tenant=tenant,
                scopes=wanted,
                expires_at=expires_at,
            )
            .returning(api_key)
        ).one()
        audit.append(
            conn, tenant=tenant, by=by, action="key.create", subject=prefix, detail={"name": name, "scopes": wanted}
        )
    return Created(_record(row), secret)


def revoke(db: Engine, tenant: str, prefix_or_name: str, by: str = "") -> list[Key]:
    """Revoke the key with this prefix, or all live ones of this name. Raises UserError when there is none."""
    wanted = prefix_or_name.removeprefix("mk_").split(".")[0]
    statement = (
        api_key.update()
        .where(api_key.c.tenant == tenant, api_key.c.revoked_at.is_(None))
        .where(or_(api_key.c.prefix == wanted, api_key.c.name == prefix_or_name))
        .values(revoked_at=func.now())
        .returning(api_key)
    )
    with db.begin() as conn:
        revoked = [_record(row) for row in conn.execute(statement)]
        for key in revoked:
            audit.append(conn, tenant=tenant, by=by, action="key.revoke", subject=key.prefix, detail={"name": key.name})
    if not revoked:
        known = [f"{key.prefix} ({key.name})" for key in all_keys(db, tenant) if key.live]
        raise UserError(
            f"there is no live key {wanted!r}",
            allowed=", ".join(known) or "none: no key is live",
            found=repr(wanted),
            next="mill key list",
        )
    return revoked


def all_keys(db: Engine, tenant: str) -> list[Key]:
    """The tenant's keys, newest first, dead ones too."""
    statement = select(api_key).where(api_key.c.tenant == tenant).order_by(api_key.c.created_at.desc())
    with db.connect() as conn:
        return [_record(row) for row in conn.execute(statement)]


def check(settings: Settings, db: Engine, presented: str) -> Key | None:
    """The live key that was presented; None for anything else, without saying which part was wrong."""
    shape = SHAPE.fullmatch(presented)
    if shape is None:
        return None
    with db.connect() as conn:
        row = conn.execute(select(api_key).where(api_key.c.prefix == shape[1])).one_or_none()
    # Compared even when there is no such prefix, so that both take the same time.
    right = hmac.compare_digest(_hmac(settings, presented), row.hmac if row else "0" * 64)
    return _record(row) if row and right and _record(row).live else None


def pepper(settings: Settings) -> bytes:
    """The secret mixed into the hashes: MILL_KEY_PEPPER, or home/secrets/pepper (mode 0600), made at first use."""
    if settings.key_pepper:
        return settings.key_pepper.get_secret_value().encode()
    return _kept_pepper(settings.home_dir / "secrets" / "pepper")


def between(settings: Settings, whom: str) -> str:
    """What two programs of this installation prove to each other by, as the value of `Authorization`."""
    return "Bearer " + hmac.new(pepper(settings), whom.encode(), hashlib.sha256).hexdigest()


@cache
def _kept_pepper(path: Path) -> bytes:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temp = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        handle = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temp, path)  # only the first of several wins, and nobody sees half of it
        except FileExistsError:
            pass
        finally:
            temp.unlink()
        return path.read_bytes()
    except OSError as error:
        raise PrerequisiteError(
            f"the secret for API keys in {path} cannot be read or made",
            allowed="a writable home folder, or MILL_KEY_PEPPER set",
            found=str(error),
            next="mill doctor",
        ) from error


def _hmac(settings: Settings, presented: str) -> str:
    return hmac.new(pepper(settings), presented.encode(), hashlib.sha256).hexdigest()


def _check_wish(name: str, scopes: list[str]) -> None:
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if not name.strip() or not scopes or unknown:
        raise UserError(
            "the key was not made",
            allowed="a name, and one or more of the scopes " + ", ".join(SCOPES),
            found=f"name {name!r}, scopes {', '.join(unknown or scopes) or 'none'}",
            next="mill key create NAME --scope predict",
        )


def _refuse_third(conn: Connection, tenant: str, name: str) -> None:
    statement = (
        select(func.count())
        .where(api_key.c.tenant == tenant, api_key.c.name == name, api_key.c.revoked_at.is_(None))
        .where(or_(api_key.c.expires_at.is_(None), api_key.c.expires_at > func.now()))
    )
    live = conn.execute(statement).scalar_one()
    if live >= LIVE_A_NAME:
        raise UserError(
            f"a third key named {name!r} was not made",
            allowed=f"{LIVE_A_NAME} live keys of one name",
            found=f"{live} live ones",
            next=f"mill key revoke PREFIX (mill key list shows them), or choose another name than {name}",
        )


def _record(row: Row[tuple[object, ...]]) -> Key:
    return Key(
        prefix=row.prefix,
        name=row.name,
        tenant=row.tenant,
        scopes=frozenset(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
