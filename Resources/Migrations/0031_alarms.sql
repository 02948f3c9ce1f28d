-- What needs a person and was told to one, and the letters that tell it. A letter is a row until a server has taken it.

CREATE TABLE alarm (
  -- The kind and what it is about, such as `station_offline/CS-1`: one row while it stands, however often it is seen.
  key      TEXT PRIMARY KEY,
  kind     TEXT NOT NULL,
  subject  TEXT NOT NULL,
  detail   TEXT,
  since    INTEGER NOT NULL,
  told_at  INTEGER,
  -- It is gone; the row stays for a while, so that one that comes and goes is told once.
  ended_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE letter (
  id         TEXT PRIMARY KEY,
  recipients TEXT NOT NULL,
  subject    TEXT NOT NULL,
  body       TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- 'waiting', 'taken', 'refused'
  state      TEXT NOT NULL,
  attempts   INTEGER NOT NULL DEFAULT 0,
  next_at    INTEGER NOT NULL,
  why        TEXT,
  ended_at   INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX letter_waiting ON letter (next_at) WHERE state = 'waiting';
CREATE INDEX letter_created ON letter (created_at);
