-- What drivers may want to know of a place beside its address: one JSON object each, NULL where nobody wrote any.
ALTER TABLE location ADD COLUMN details TEXT;
ALTER TABLE evse ADD COLUMN details TEXT;
ALTER TABLE connector ADD COLUMN details TEXT;

-- EVSEs that stood at a location: partners go on hearing that they are gone, and their ids are never used again.
CREATE TABLE gone_evse (
  number     INTEGER PRIMARY KEY,
  uid        TEXT NOT NULL UNIQUE COLLATE NOCASE,
  location   INTEGER NOT NULL REFERENCES location ON DELETE CASCADE,
  evse_id    TEXT COLLATE NOCASE,
  body       TEXT NOT NULL,
  removed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX gone_evse_location ON gone_evse (location, removed_at);
CREATE INDEX gone_evse_name ON gone_evse (evse_id) WHERE evse_id IS NOT NULL;
CREATE INDEX evse_name ON evse (evse_id COLLATE NOCASE) WHERE evse_id IS NOT NULL;

-- What of ours a partner sees.
ALTER TABLE partner ADD COLUMN publishing TEXT NOT NULL DEFAULT '{}';

-- A party that was met behind a hub and that the hub's credentials do not name.
ALTER TABLE partner_role ADD COLUMN behind_hub INTEGER NOT NULL DEFAULT 0;

-- What a hub tells of the parties that it connects.
CREATE TABLE hub_client (
  partner    INTEGER NOT NULL REFERENCES partner ON DELETE CASCADE,
  country    TEXT NOT NULL,
  party      TEXT NOT NULL,
  role       TEXT NOT NULL,
  status     TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (partner, country, party)
) STRICT, WITHOUT ROWID;

-- Evidence of what is odd about a partner, or what its version cannot hear from us, counted.
CREATE TABLE partner_note (
  partner INTEGER NOT NULL REFERENCES partner ON DELETE CASCADE,
  what    TEXT NOT NULL,
  count   INTEGER NOT NULL,
  sample  TEXT,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (partner, what)
) STRICT, WITHOUT ROWID;

-- How a partner's driver wants to be charged.
CREATE TABLE charging_preference (
  session    TEXT PRIMARY KEY,
  body       TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Sessions whose charging a partner plans: it hears of it when that changes.
CREATE TABLE planned_session (
  session TEXT PRIMARY KEY,
  partner INTEGER NOT NULL REFERENCES partner ON DELETE CASCADE,
  -- The number under which the station has the partner's profile; NULL once it was cleared.
  profile INTEGER,
  -- What the partner was told last.
  told    TEXT,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Payment terminals of payment providers, and what they settled.
CREATE TABLE terminal (
  partner    INTEGER NOT NULL REFERENCES partner ON DELETE CASCADE,
  id         TEXT NOT NULL COLLATE NOCASE,
  body       TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (partner, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE financial_advice (
  partner    INTEGER NOT NULL,
  id         TEXT NOT NULL COLLATE NOCASE,
  -- The session that was paid for, where its reference is known.
  session    TEXT,
  body       TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (partner, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX session_reference ON session (authorization_reference) WHERE authorization_reference IS NOT NULL;
