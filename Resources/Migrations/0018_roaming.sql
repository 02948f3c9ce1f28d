-- Our drivers at other networks: where they can charge, what it costs there, what they did, and what we ask for.

-- Who of us provides the drivers that a partner's stations charge.
ALTER TABLE partner ADD COLUMN provider INTEGER REFERENCES party;

CREATE INDEX token_offered ON token (updated_at, id) WHERE owner IS NULL;

CREATE TABLE roaming_location (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  partner     INTEGER NOT NULL REFERENCES partner ON DELETE CASCADE,
  country     TEXT NOT NULL,
  party       TEXT NOT NULL,
  ref         TEXT NOT NULL COLLATE NOCASE,
  name        TEXT,
  address     TEXT NOT NULL,
  city        TEXT NOT NULL,
  postal_code TEXT,
  nation      TEXT NOT NULL,
  -- Degrees times a million, for a search by place.
  latitude    INTEGER NOT NULL,
  longitude   INTEGER NOT NULL,
  time_zone   TEXT NOT NULL,
  evses       INTEGER NOT NULL,
  available   INTEGER NOT NULL,
  -- W of its strongest connector, and its connectors' standards between spaces.
  max_power   INTEGER NOT NULL,
  standards   TEXT NOT NULL,
  -- What is searched by words: in lower case, names and the ids that are printed on boxes.
  words       TEXT NOT NULL,
  -- Its EVSEs and connectors with status and tariffs, as the house shows them.
  places      TEXT NOT NULL,
  -- As it was told.
  body        TEXT NOT NULL,
  updated_at  INTEGER NOT NULL,
  -- When it was last told or listed, and since when it is in no list any more.
  seen_at     INTEGER NOT NULL,
  gone_at     INTEGER,
  UNIQUE (partner, country, party, ref)
) STRICT;
CREATE INDEX roaming_location_place ON roaming_location (latitude, longitude);
CREATE INDEX roaming_location_seen ON roaming_location (partner, seen_at) WHERE gone_at IS NULL;

CREATE TABLE roaming_tariff (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  partner    INTEGER NOT NULL REFERENCES partner ON DELETE CASCADE,
  country    TEXT NOT NULL,
  party      TEXT NOT NULL,
  ref        TEXT NOT NULL COLLATE NOCASE,
  currency   TEXT NOT NULL,
  body       TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  seen_at    INTEGER NOT NULL,
  gone_at    INTEGER,
  UNIQUE (partner, country, party, ref)
) STRICT;
CREATE INDEX roaming_tariff_seen ON roaming_tariff (partner, seen_at) WHERE gone_at IS NULL;

-- Each content that was announced, since when we know it: a bill is held against what was announced at its start.
CREATE TABLE roaming_tariff_version (
  tariff INTEGER NOT NULL REFERENCES roaming_tariff ON DELETE CASCADE,
  since  INTEGER NOT NULL,
  plain  TEXT NOT NULL,
  PRIMARY KEY (tariff, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE roaming_session (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  partner    INTEGER NOT NULL,
  country    TEXT NOT NULL,
  party      TEXT NOT NULL,
  ref        TEXT NOT NULL COLLATE NOCASE,
  -- Ours, whose session it is, where it is not removed since.
  token      INTEGER,
  uid        TEXT NOT NULL,
  contract   TEXT NOT NULL,
  location   TEXT COLLATE NOCASE,
  evse       TEXT,
  connector  TEXT,
  status     TEXT NOT NULL,
  reference  TEXT,
  started_at INTEGER NOT NULL,
  ended_at   INTEGER,
  energy     INTEGER NOT NULL,
  currency   TEXT NOT NULL,
  cost       INTEGER,
  cost_taxed INTEGER,
  body       TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (partner, country, party, ref)
) STRICT;
CREATE INDEX roaming_session_token ON roaming_session (token, id);

CREATE TABLE roaming_cdr (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  partner     INTEGER NOT NULL,
  country     TEXT NOT NULL,
  party       TEXT NOT NULL,
  ref         TEXT NOT NULL COLLATE NOCASE,
  session     TEXT COLLATE NOCASE,
  token       INTEGER,
  uid         TEXT NOT NULL,
  contract    TEXT NOT NULL,
  location    TEXT COLLATE NOCASE,
  is_credit   INTEGER NOT NULL,
  -- The CDR that it takes back, and that takes it back.
  credits     TEXT COLLATE NOCASE,
  credited_by TEXT,
  started_at  INTEGER NOT NULL,
  ended_at    INTEGER NOT NULL,
  energy      INTEGER NOT NULL,
  currency    TEXT NOT NULL,
  cost        INTEGER NOT NULL,
  cost_taxed  INTEGER,
  doubts      TEXT NOT NULL,
  -- What the operator wrote when the doubts were settled.
  note        TEXT,
  settled_at  INTEGER,
  body        TEXT NOT NULL,
  digest      TEXT NOT NULL,
  -- Contents that came under its id and were refused.
  conflicts   INTEGER NOT NULL DEFAULT 0,
  received_at INTEGER NOT NULL,
  UNIQUE (partner, country, party, ref)
) STRICT;
CREATE INDEX roaming_cdr_session ON roaming_cdr (partner, session) WHERE session IS NOT NULL;
CREATE INDEX roaming_cdr_doubtful ON roaming_cdr (id) WHERE doubts <> '[]' AND settled_at IS NULL;
CREATE INDEX roaming_cdr_ended ON roaming_cdr (ended_at);

-- Each time that a partner asked and we said yes: sessions and CDRs come back with the reference.
CREATE TABLE roaming_authorization (
  reference  TEXT PRIMARY KEY,
  partner    INTEGER NOT NULL,
  token      INTEGER NOT NULL,
  uid        TEXT NOT NULL,
  location   TEXT,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX roaming_authorization_created ON roaming_authorization (created_at);

CREATE TABLE roaming_command (
  -- Also the id of the reservation that it asks for: OCPI 2.1.1 wants a number.
  number     INTEGER PRIMARY KEY AUTOINCREMENT,
  id         TEXT NOT NULL UNIQUE,
  partner    INTEGER NOT NULL,
  verb       TEXT NOT NULL,
  detail     TEXT NOT NULL,
  origin     TEXT NOT NULL,
  phase      TEXT NOT NULL,
  answer     TEXT NOT NULL,
  -- After which no result is expected any more.
  due_at     INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX roaming_command_open ON roaming_command (due_at) WHERE phase IN ('sent', 'accepted');

-- Where we are with each list of a partner.
CREATE TABLE roaming_pull (
  partner    INTEGER NOT NULL REFERENCES partner ON DELETE CASCADE,
  module     TEXT NOT NULL,
  due_at     INTEGER NOT NULL,
  -- The beginning of the last pull that came to its end: the next one asks for what changed since.
  since      INTEGER,
  -- When it was last read as a whole.
  whole_at   INTEGER,
  attempts   INTEGER NOT NULL DEFAULT 0,
  count      INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,
  flaws      TEXT NOT NULL DEFAULT '[]',
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (partner, module)
) STRICT, WITHOUT ROWID;
CREATE INDEX roaming_pull_due ON roaming_pull (due_at);
