-- The house's books. Times are milliseconds UTC, money 10⁻⁴ of a currency unit, energy 0.1 Wh.
-- Ids that partners use in their URLs are compared without regard to case (OCPI CiString).

CREATE TABLE setting (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Who we are, and who they are.

CREATE TABLE party (
  id            INTEGER PRIMARY KEY,
  country       TEXT NOT NULL,
  party         TEXT NOT NULL,
  role          TEXT NOT NULL,
  business_name TEXT NOT NULL,
  website       TEXT,
  UNIQUE (country, party, role)
) STRICT;

CREATE TABLE partner (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  name            TEXT NOT NULL,
  party           INTEGER NOT NULL REFERENCES party,
  state           TEXT NOT NULL,
  versions_url    TEXT,
  version         TEXT,
  endpoints       TEXT NOT NULL DEFAULT '[]',
  outbound_token  TEXT,
  quirks          TEXT NOT NULL DEFAULT '{}',
  last_contact_at INTEGER,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL
) STRICT;

-- Digests of the tokens with which a partner may call us. During a rotation two are good; the first call with the newer
-- one ends the older.
CREATE TABLE partner_token (
  digest     TEXT PRIMARY KEY,
  partner    INTEGER NOT NULL REFERENCES partner ON DELETE CASCADE,
  purpose    TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX partner_token_partner ON partner_token (partner);

CREATE TABLE partner_role (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  partner       INTEGER NOT NULL REFERENCES partner ON DELETE CASCADE,
  country       TEXT NOT NULL,
  party         TEXT NOT NULL,
  role          TEXT NOT NULL,
  business_name TEXT NOT NULL,
  UNIQUE (partner, country, party, role)
) STRICT;

-- Where cars charge.

CREATE TABLE location (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  party        INTEGER NOT NULL REFERENCES party,
  ref          TEXT NOT NULL COLLATE NOCASE,
  name         TEXT NOT NULL,
  address      TEXT NOT NULL,
  city         TEXT NOT NULL,
  postal_code  TEXT,
  state        TEXT,
  country      TEXT NOT NULL,
  latitude     TEXT NOT NULL,
  longitude    TEXT NOT NULL,
  time_zone    TEXT NOT NULL,
  published    INTEGER NOT NULL DEFAULT 1,
  parking_type TEXT,
  always_open  INTEGER NOT NULL DEFAULT 1,
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL,
  -- The newest change of the location or of anything that stands there: what OCPI calls last_updated.
  changed_at   INTEGER NOT NULL,
  UNIQUE (party, ref)
) STRICT;
CREATE INDEX location_changed ON location (party, changed_at, id);

CREATE TABLE station (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  identity         TEXT NOT NULL UNIQUE,
  location         INTEGER REFERENCES location,
  registration     TEXT NOT NULL,
  password_hash    TEXT,
  vendor           TEXT,
  model            TEXT,
  serial_number    TEXT,
  firmware_version TEXT,
  quirks           TEXT NOT NULL DEFAULT '{}',
  last_version     TEXT,
  booted_at        INTEGER,
  last_seen_at     INTEGER,
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX station_location ON station (location);

-- Evidence of what a station does differently, counted.
CREATE TABLE oddity (
  station INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  what    TEXT NOT NULL,
  count   INTEGER NOT NULL,
  sample  TEXT,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (station, what)
) STRICT, WITHOUT ROWID;

CREATE TABLE evse (
  id                 INTEGER PRIMARY KEY AUTOINCREMENT,
  station            INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  number             INTEGER NOT NULL,
  uid                TEXT NOT NULL COLLATE NOCASE UNIQUE,
  evse_id            TEXT,
  physical_reference TEXT,
  status             TEXT NOT NULL,
  status_since       INTEGER NOT NULL,
  updated_at         INTEGER NOT NULL,
  UNIQUE (station, number)
) STRICT;

CREATE TABLE connector (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  evse        INTEGER NOT NULL REFERENCES evse ON DELETE CASCADE,
  number      INTEGER NOT NULL,
  standard    TEXT NOT NULL,
  format      TEXT NOT NULL,
  power_type  TEXT NOT NULL,
  max_voltage INTEGER NOT NULL,
  max_amperage INTEGER NOT NULL,
  max_power   INTEGER,
  tariff      INTEGER REFERENCES tariff,
  assumed     INTEGER NOT NULL DEFAULT 0,
  updated_at  INTEGER NOT NULL,
  UNIQUE (evse, number)
) STRICT;
CREATE INDEX connector_tariff ON connector (tariff);

-- What every EVSE did, for good: uptime reports stand on it.
CREATE TABLE status_history (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  evse   INTEGER NOT NULL,
  status TEXT NOT NULL,
  at     INTEGER NOT NULL,
  reason TEXT
) STRICT;
CREATE INDEX status_history_evse ON status_history (evse, at);

-- Who may charge.

CREATE TABLE token (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  owner         INTEGER REFERENCES partner_role ON DELETE CASCADE,
  uid           TEXT NOT NULL,
  folded_uid    TEXT NOT NULL,
  kind          TEXT NOT NULL,
  contract_id   TEXT NOT NULL,
  visual_number TEXT,
  issuer        TEXT NOT NULL,
  group_id      TEXT,
  valid         INTEGER NOT NULL,
  whitelist     TEXT NOT NULL,
  language      TEXT,
  valid_until   INTEGER,
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX token_key ON token (folded_uid, kind, coalesce(owner, 0));

-- A one-use name under which a roaming token travels to a station that could not hold its uid.
CREATE TABLE tag_alias (
  alias      TEXT PRIMARY KEY,
  command    TEXT NOT NULL,
  station    INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  -- The session that it began. It begins no other, and is kept because a station repeats its start and names it at the stop.
  session    TEXT,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_alias_created ON tag_alias (created_at);

-- Tags that were shown and that nobody knows.
CREATE TABLE unknown_tag (
  folded_uid TEXT PRIMARY KEY,
  uid        TEXT NOT NULL,
  station    INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  count      INTEGER NOT NULL,
  last_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX unknown_tag_seen ON unknown_tag (last_at);

-- What partners said of a tag a moment ago: a start that follows its Authorize is not asked about again.
CREATE TABLE remembered_authorization (
  station       INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  folded_uid    TEXT NOT NULL,
  verdict       TEXT NOT NULL,
  group_id      TEXT,
  valid_until   INTEGER,
  -- The holder, where there is one.
  token         TEXT,
  owner         INTEGER,
  holder_group  TEXT,
  method        TEXT,
  reference     TEXT,
  good_until    INTEGER NOT NULL,
  PRIMARY KEY (station, folded_uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX remembered_authorization_good ON remembered_authorization (good_until);

-- What it costs.

CREATE TABLE tariff (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  party      INTEGER NOT NULL REFERENCES party,
  ref        TEXT NOT NULL COLLATE NOCASE,
  version    INTEGER NOT NULL,
  body       TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (party, ref)
) STRICT;
CREATE INDEX tariff_updated ON tariff (party, updated_at, id);

CREATE TABLE tariff_version (
  tariff     INTEGER NOT NULL,
  version    INTEGER NOT NULL,
  body       TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tariff, version)
) STRICT, WITHOUT ROWID;

-- What happened.

CREATE TABLE session (
  id                      TEXT PRIMARY KEY,
  party                   INTEGER NOT NULL REFERENCES party,
  station                 INTEGER NOT NULL,
  evse                    INTEGER NOT NULL,
  connector               INTEGER NOT NULL,
  location                INTEGER,
  transaction_id          INTEGER UNIQUE,
  token                   TEXT NOT NULL,
  folded_uid              TEXT NOT NULL,
  owner                   INTEGER,
  partner                 INTEGER,
  method                  TEXT NOT NULL,
  authorization_reference TEXT,
  group_id                TEXT,
  command                 TEXT,
  state                   TEXT NOT NULL,
  started_at              INTEGER NOT NULL,
  ended_at                INTEGER,
  ending                  TEXT,
  meter_start             INTEGER NOT NULL,
  meter_last              INTEGER NOT NULL,
  last_reading_at         INTEGER,
  power                   TEXT,
  state_of_charge         TEXT,
  shifts                  TEXT NOT NULL DEFAULT '[]',
  tariff                  TEXT,
  -- What makes a repeated start the same start: connector, tag, time and register as the station sent them.
  start_key               TEXT,
  -- The register and reason of the stop as the station sent them, to tell a repeat from a second, different stop.
  stop_key                TEXT,
  updated_at              INTEGER NOT NULL,
  UNIQUE (station, start_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_open ON session (evse) WHERE ended_at IS NULL;
CREATE INDEX session_open_station ON session (station) WHERE ended_at IS NULL;
CREATE INDEX session_updated ON session (updated_at, id);
CREATE INDEX session_partner ON session (partner, updated_at, id);
CREATE INDEX session_station ON session (station, id);
CREATE INDEX session_token ON session (folded_uid, id);
CREATE INDEX session_command ON session (command) WHERE command IS NOT NULL;

-- The readings of a session in the order of their arrival; the same one twice is kept once.
CREATE TABLE reading (
  session         TEXT NOT NULL,
  seq             INTEGER NOT NULL,
  at              INTEGER NOT NULL,
  context         TEXT NOT NULL,
  register        INTEGER,
  power           TEXT,
  current         TEXT,
  state_of_charge TEXT,
  raw             TEXT NOT NULL,
  -- The first eight bytes of the SHA-256 of raw: two samples of one moment that say different things are two readings.
  digest          INTEGER NOT NULL,
  received_at     INTEGER NOT NULL,
  PRIMARY KEY (session, seq),
  UNIQUE (session, at, context, digest)
) STRICT, WITHOUT ROWID;

-- Messages that could not be used: answered, kept as they came, matched by hand.
CREATE TABLE parked_message (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  station     INTEGER NOT NULL,
  action      TEXT NOT NULL,
  payload     TEXT NOT NULL,
  digest      TEXT NOT NULL,
  why         TEXT NOT NULL,
  count       INTEGER NOT NULL DEFAULT 1,
  received_at INTEGER NOT NULL,
  settled_at  INTEGER,
  UNIQUE (station, action, digest)
) STRICT;

CREATE TABLE cdr (
  id         TEXT PRIMARY KEY,
  session    TEXT NOT NULL UNIQUE,
  party      INTEGER NOT NULL REFERENCES party,
  partner    INTEGER,
  station    INTEGER NOT NULL,
  location   INTEGER,
  started_at INTEGER NOT NULL,
  ended_at   INTEGER NOT NULL,
  energy     INTEGER NOT NULL,
  seconds    INTEGER NOT NULL,
  currency   TEXT NOT NULL,
  cost       INTEGER NOT NULL,
  cost_taxed INTEGER,
  -- Why partners do not see it yet; NULL once the operator released it.
  held       TEXT,
  body       TEXT NOT NULL,
  digest     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- When partners could first see it: a partner that pages by time must not miss one that was held.
  listed_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX cdr_ended ON cdr (ended_at, id);
CREATE INDEX cdr_partner ON cdr (partner, listed_at, id);

-- What was asked of stations.
CREATE TABLE command (
  id         TEXT PRIMARY KEY,
  station    INTEGER NOT NULL,
  verb       TEXT NOT NULL,
  detail     TEXT NOT NULL,
  origin     TEXT NOT NULL,
  phase      TEXT NOT NULL,
  answer     TEXT NOT NULL,
  -- Where a partner waits for the result.
  partner    INTEGER,
  respond_to TEXT,
  session    TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX command_station ON command (station, id);
CREATE INDEX command_respond_to ON command (partner, respond_to) WHERE respond_to IS NOT NULL;
CREATE INDEX command_open ON command (phase, created_at) WHERE phase IN ('sent', 'accepted');

-- Every fact, in order. AUTOINCREMENT: a seq is never used twice.
CREATE TABLE event (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  kind    TEXT NOT NULL,
  subject TEXT NOT NULL,
  body    TEXT NOT NULL
) STRICT;
CREATE INDEX event_subject ON event (subject, seq);

-- What partners must learn: one row per object and partner, due while sent < wanted.
CREATE TABLE push (
  partner    INTEGER NOT NULL REFERENCES partner ON DELETE CASCADE,
  module     TEXT NOT NULL,
  object     TEXT NOT NULL,
  party      INTEGER NOT NULL,
  -- What binds rows into an order: where it happened, and which session it is of.
  location   INTEGER,
  session    TEXT,
  -- Its place in that order: a row waits for due rows of its location and session that stand before it.
  rank       INTEGER NOT NULL,
  wanted     INTEGER NOT NULL,
  sent       INTEGER NOT NULL DEFAULT 0,
  state      TEXT NOT NULL DEFAULT 'due',
  attempts   INTEGER NOT NULL DEFAULT 0,
  next_at    INTEGER NOT NULL,
  -- Since when the partner does not know the latest.
  due_since  INTEGER NOT NULL,
  expires_at INTEGER,
  last_error TEXT,
  -- The request of a CDR or of a command's result, kept so that every attempt sends identical bytes.
  request    TEXT,
  sent_at    INTEGER,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (partner, module, object)
) STRICT, WITHOUT ROWID;
CREATE INDEX push_due ON push (partner, next_at) WHERE state = 'due' AND sent < wanted;
CREATE INDEX push_due_location ON push (partner, location, rank) WHERE state = 'due' AND sent < wanted;
CREATE INDEX push_due_session ON push (partner, session, rank) WHERE state = 'due' AND sent < wanted;
CREATE INDEX push_expiry ON push (expires_at) WHERE expires_at IS NOT NULL;

-- Who may use the page and the API.
CREATE TABLE user (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  name          TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  role          TEXT NOT NULL,
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE login (
  digest     TEXT PRIMARY KEY,
  user       INTEGER NOT NULL REFERENCES user ON DELETE CASCADE,
  csrf       TEXT NOT NULL,
  address    TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  used_at    INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX login_user ON login (user, used_at);

CREATE TABLE api_key (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT NOT NULL UNIQUE,
  digest     TEXT NOT NULL UNIQUE,
  role       TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  used_at    INTEGER
) STRICT;

CREATE TABLE setup_link (
  digest     TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at    INTEGER
) STRICT, WITHOUT ROWID;

-- Answers to commands that carried an Idempotency-Key.
CREATE TABLE idempotency (
  caller     TEXT NOT NULL,
  key        TEXT NOT NULL,
  request    TEXT NOT NULL,
  status     INTEGER NOT NULL,
  answer     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (caller, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_created ON idempotency (created_at);
