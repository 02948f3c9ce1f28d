-- What people need beside a password: a second factor, an end that can be undone, and a book of who did what.

ALTER TABLE user ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
-- The shared secret of an authenticator, in base32; one that is not confirmed yet proves nothing.
ALTER TABLE user ADD COLUMN factor TEXT;
ALTER TABLE user ADD COLUMN pending_factor TEXT;
-- The newest step of 30 seconds whose code was used: a code is good once.
ALTER TABLE user ADD COLUMN factor_step INTEGER;

-- Digests of the codes that stand in for a lost authenticator, each good once.
CREATE TABLE recovery_code (
  digest TEXT PRIMARY KEY,
  user   INTEGER NOT NULL REFERENCES user ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX recovery_code_user ON recovery_code (user);

-- What was asked of the house by whom, and how it ended; the body of a request is not kept, because it can hold secrets.
CREATE TABLE audit (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  at        INTEGER NOT NULL,
  who       TEXT NOT NULL,
  address   TEXT NOT NULL,
  operation TEXT NOT NULL,
  path      TEXT NOT NULL,
  status    INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_who ON audit (who, id);
