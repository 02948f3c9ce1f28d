-- What is written most is appended: sessions, readings, bills, facts and statuses get numbers in the order of their
-- coming, so that a turn's rows share pages, and indexes hold a number instead of a text of 36 characters. An index that
-- only some rows need holds only those. A session names the tariff that it began with instead of carrying its text.

-- Tariffs as they were when sessions began, each text once.
CREATE TABLE frozen_tariff (
  number INTEGER PRIMARY KEY,
  body   TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO frozen_tariff (body) SELECT DISTINCT tariff FROM session WHERE tariff IS NOT NULL;

ALTER TABLE session RENAME TO old_session;
CREATE TABLE session (
  -- Sessions are never removed, so no number is used twice.
  number                  INTEGER PRIMARY KEY,
  id                      TEXT NOT NULL UNIQUE,
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
  tariff                  INTEGER REFERENCES frozen_tariff,
  -- What makes a repeated start the same start: connector, tag, time and register as the station sent them.
  start_key               TEXT,
  -- The register and reason of the stop as the station sent them, to tell a repeat from a second, different stop.
  stop_key                TEXT,
  updated_at              INTEGER NOT NULL,
  UNIQUE (station, start_key)
) STRICT;
INSERT INTO session (id, party, station, evse, connector, location, transaction_id, token, folded_uid, owner, partner,
    method, authorization_reference, group_id, command, state, started_at, ended_at, ending, meter_start, meter_last,
    last_reading_at, power, state_of_charge, shifts, tariff, start_key, stop_key, updated_at)
  SELECT id, party, station, evse, connector, location, transaction_id, token, folded_uid, owner, partner, method,
    authorization_reference, group_id, command, state, started_at, ended_at, ending, meter_start, meter_last,
    last_reading_at, power, state_of_charge, shifts, (SELECT number FROM frozen_tariff WHERE body = tariff), start_key,
    stop_key, updated_at
  FROM old_session ORDER BY id;
DROP TABLE old_session;
CREATE INDEX session_open ON session (station) WHERE ended_at IS NULL;
CREATE INDEX session_started ON session (started_at);
CREATE INDEX session_ended ON session (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX session_partner ON session (partner, updated_at, id) WHERE partner IS NOT NULL;
CREATE INDEX session_station ON session (station, id);
CREATE INDEX session_token ON session (folded_uid, id);
-- A remote start that was given up although its car came: asked for at each start.
CREATE INDEX session_missed ON session (station, folded_uid, started_at)
  WHERE state = 'invalid' AND command IS NOT NULL;
CREATE INDEX session_command ON session (command) WHERE command IS NOT NULL;

-- The readings in the order of their arrival; the same one of a session twice is kept once.
ALTER TABLE reading RENAME TO old_reading;
CREATE TABLE reading (
  seq             INTEGER PRIMARY KEY,
  -- The session's number.
  session         INTEGER NOT NULL,
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
  UNIQUE (session, at, context, digest)
) STRICT;
INSERT INTO reading (session, at, context, register, power, current, state_of_charge, raw, digest, received_at)
  SELECT session.number, at, context, register, old_reading.power, current, old_reading.state_of_charge, raw, digest,
    received_at
  FROM old_reading JOIN session ON session.id = old_reading.session ORDER BY session.number, seq;
DROP TABLE old_reading;

ALTER TABLE cdr RENAME TO old_cdr;
CREATE TABLE cdr (
  number     INTEGER PRIMARY KEY,
  id         TEXT NOT NULL UNIQUE,
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
) STRICT;
INSERT INTO cdr (id, session, party, partner, station, location, started_at, ended_at, energy, seconds, currency, cost,
    cost_taxed, held, body, digest, created_at, listed_at)
  SELECT id, session, party, partner, station, location, started_at, ended_at, energy, seconds, currency, cost,
    cost_taxed, held, body, digest, created_at, listed_at
  FROM old_cdr ORDER BY id;
DROP TABLE old_cdr;
CREATE INDEX cdr_ended ON cdr (ended_at);
CREATE INDEX cdr_partner ON cdr (partner, listed_at, id) WHERE partner IS NOT NULL;

-- Every fact, in order. A seq is never used twice: the newest fact is never pruned. Where all had been, one stands for
-- them.
CREATE TABLE new_event (
  seq     INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  kind    TEXT NOT NULL,
  subject TEXT NOT NULL,
  body    TEXT NOT NULL
) STRICT;
INSERT INTO new_event SELECT seq, at, kind, subject, body FROM event ORDER BY seq;
INSERT INTO new_event SELECT seq, 0, 'events_pruned', 'house', '{}' FROM sqlite_sequence
  WHERE name = 'event' AND seq > 0 AND NOT EXISTS (SELECT 1 FROM event);
DROP TABLE event;
ALTER TABLE new_event RENAME TO event;
CREATE INDEX event_subject ON event (subject, seq);

CREATE TABLE new_status_history (
  id     INTEGER PRIMARY KEY,
  evse   INTEGER NOT NULL,
  status TEXT NOT NULL,
  at     INTEGER NOT NULL,
  reason TEXT
) STRICT;
INSERT INTO new_status_history SELECT id, evse, status, at, reason FROM status_history ORDER BY id;
DROP TABLE status_history;
ALTER TABLE new_status_history RENAME TO status_history;
CREATE INDEX status_history_evse ON status_history (evse, at);
