-- What a start writes shall lie together: an index that begins with the station or the tag has as many places to write as
-- there are stations, and each place costs a page in the log and one in the file.

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
  -- What makes a repeated start the same start: time, connector, tag and register as the station sent them. The time comes
  -- first, so that starts of one hour lie together.
  start_key               TEXT,
  -- The register and reason of the stop as the station sent them, to tell a repeat from a second, different stop.
  stop_key                TEXT,
  updated_at              INTEGER NOT NULL
) STRICT;
-- The start key was connector|tag|time|register; a tag may hold a bar too, so it is cut from its end.
INSERT INTO session (number, id, party, station, evse, connector, location, transaction_id, token, folded_uid, owner,
    partner, method, authorization_reference, group_id, command, state, started_at, ended_at, ending, meter_start,
    meter_last, last_reading_at, power, state_of_charge, shifts, tariff, start_key, stop_key, updated_at)
  SELECT number, id, party, station, evse, connector, location, transaction_id, token, folded_uid, owner, partner, method,
    authorization_reference, group_id, command, state, started_at, ended_at, ending, meter_start, meter_last,
    last_reading_at, power, state_of_charge, shifts, tariff,
    iif(start_key NOT LIKE '%|%|%|%', start_key, (
      SELECT substr(front, length(head) + 1) || '|' || head || register FROM (
        SELECT front, register, rtrim(front, replace(front, '|', '')) AS head FROM (
          SELECT substr(head, 1, length(head) - 1) AS front, substr(start_key, length(head) + 1) AS register FROM (
            SELECT rtrim(start_key, replace(start_key, '|', '')) AS head))))),
    stop_key, updated_at
  FROM old_session ORDER BY number;
DROP TABLE old_session;
CREATE UNIQUE INDEX session_start ON session (start_key, station) WHERE start_key IS NOT NULL;
CREATE INDEX session_open ON session (station) WHERE ended_at IS NULL;
CREATE INDEX session_started ON session (started_at);
CREATE INDEX session_ended ON session (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX session_partner ON session (partner, updated_at, id) WHERE partner IS NOT NULL;
-- Numbers only, in their order: five times smaller than with ids.
CREATE INDEX session_station ON session (station);
CREATE INDEX session_token ON session (folded_uid);
-- A remote start that was given up although its car came: asked for at each start.
CREATE INDEX session_missed ON session (station, folded_uid, started_at)
  WHERE state = 'invalid' AND command IS NOT NULL;
CREATE INDEX session_command ON session (command) WHERE command IS NOT NULL;

-- What waits for the operator is found among a million bills that do not.
CREATE INDEX cdr_held ON cdr (id) WHERE held IS NOT NULL;

DROP INDEX event_subject;
CREATE INDEX event_subject ON event (subject);
