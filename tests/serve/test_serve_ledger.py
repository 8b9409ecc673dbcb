"""Tenants, aliases and pins: kept on the disk, keys never."""

import sqlite3

import pytest

from foreword.errors import BadRequest, StoreError, UnknownName
from foreword.serve.tenants.ledger import FILE, Ledger, Limits, Tenant, hashed


def test_a_tenants_key_is_told_once_and_kept_as_a_hash(tmp_path):
    ledger = Ledger(tmp_path / FILE)
    assert not ledger.has_tenants
    key = ledger.add_tenant("acme", Limits(requests_per_minute=60, stored_bytes=10**6))
    assert ledger.tenant_of(key) == Tenant("acme", Limits(60, 0, 10**6))
    assert ledger.tenant_of(key[:-1]) is None
    assert ledger.tenant_of("") is None
    ledger.close()
    assert key.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert Ledger(tmp_path / FILE).tenants() == [Tenant("acme", Limits(60, 0, 10**6))]


def test_a_removed_tenants_key_opens_nothing(tmp_path):
    ledger = Ledger(tmp_path / FILE)
    key = ledger.add_tenant("acme")
    ledger.remove_tenant("acme")
    assert ledger.tenant_of(key) is None
    with pytest.raises(UnknownName, match="unknown tenant 'acme'"):
        ledger.remove_tenant("acme")


def test_two_tenants_have_two_names_and_two_keys(tmp_path):
    ledger = Ledger(tmp_path / FILE)
    assert ledger.add_tenant("acme") != ledger.add_tenant("other")
    with pytest.raises(BadRequest, match="there is a tenant 'acme' already. Remove it first, or choose another name"):
        ledger.add_tenant("acme")
    with pytest.raises(StoreError, match="cannot be called '../acme'"):
        ledger.add_tenant("../acme")


def test_an_alias_is_its_tenants_alone(tmp_path):
    ledger = Ledger(tmp_path / FILE)
    ledger.set_alias("acme", "prod", "e2e@1")
    ledger.set_alias("acme", "prod", "e2e@2")
    assert (ledger.alias("acme", "prod"), ledger.alias("other", "prod"), ledger.alias("acme", "no name!")) == (
        "e2e@2",
        None,
        None,
    )
    assert ledger.aliases("acme") == {"prod": "e2e@2"}
    assert (ledger.drop_alias("acme", "prod"), ledger.drop_alias("acme", "prod")) == (True, False)
    with pytest.raises(StoreError):
        ledger.set_alias("acme", "a/b", "e2e@1")


def test_pins_are_remembered(tmp_path):
    ledger = Ledger(tmp_path / FILE)
    for tenant in ("b", "a", "b"):
        ledger.pin(tenant, "e2e@1", "beef")
    for version in (2, 13):
        ledger.pin("a", f"e2e@{version}", f"c0de{version}")
    ledger.pin("a", "e2e2@1", "f00d")
    assert ledger.unpin("a", "e2e@1") == [], "b wants the same content"
    assert ledger.unpin("a", "e2e@3") == []
    assert ledger.unpin("a", "e2e") == ["c0de13", "c0de2"]
    assert Ledger(tmp_path / FILE).pins() == [("a", "e2e2@1"), ("b", "e2e@1")]
    assert ledger.unpin("b", "e2e@1") == ["beef"]


def test_a_ledger_of_the_version_before_is_taken_over_with_its_tenants(tmp_path):
    with sqlite3.connect(tmp_path / FILE) as db:
        columns = (
            "requests_per_minute INTEGER NOT NULL, tokens_per_minute INTEGER NOT NULL, stored_bytes INTEGER NOT NULL"
        )
        db.execute(f"CREATE TABLE tenants (name TEXT PRIMARY KEY, key_hash TEXT UNIQUE NOT NULL, {columns})")
        db.execute("CREATE TABLE pins (tenant TEXT, reference TEXT, PRIMARY KEY (tenant, reference))")
        db.execute("INSERT INTO tenants VALUES ('acme', ?, 1, 2, 3)", (hashed("fw-key"),))
        db.execute("PRAGMA user_version = 1")
    db.close()
    ledger = Ledger(tmp_path / FILE)
    assert ledger.tenant_of("fw-key") == Tenant("acme", Limits(1, 2, 3, 0))
    ledger.pin("acme", "e2e@1", "beef")
    assert Ledger(tmp_path / FILE).pins_of("acme") == ["e2e@1"]


@pytest.mark.parametrize("damage", ["garbage", "another version"])
def test_a_ledger_that_cannot_be_used_is_told_and_left_alone(tmp_path, damage):
    file = tmp_path / FILE
    if damage == "garbage":
        file.write_bytes(b"no database" * 500)
    else:
        with sqlite3.connect(file) as db:
            db.execute("PRAGMA user_version = 7")
        db.close()
    before = file.read_bytes()
    with pytest.raises(StoreError, match="is of version 7, not 2" if damage != "garbage" else "Restore it from a copy"):
        Ledger(file)
    assert file.read_bytes() == before
