-- What stations are asked and told beyond sessions: local lists, reservations, charging profiles, firmware and logs.

-- What a station can hold, as its own settings say.
CREATE TABLE station_capacity (
  station   INTEGER PRIMARY KEY REFERENCES station ON DELETE CASCADE,
  capacity  TEXT NOT NULL,
  learnt_at INTEGER NOT NULL
) STRICT;

-- The tokens that any station may take without asking, as they should stand on its local list. `change` counts the
-- changes of this list; what is no longer on it stays as 'removed' for a while, so that a station can be told.
CREATE TABLE listed_token (
  -- Folded, as tokens are compared.
  tag         TEXT PRIMARY KEY,
  shown       TEXT NOT NULL,
  kind        TEXT NOT NULL,
  standing    TEXT NOT NULL,
  group_id    TEXT,
  valid_until INTEGER,
  -- Ours first: where a station has not room for all, it gets the first.
  rank        INTEGER NOT NULL,
  change      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX listed_token_change ON listed_token (change);
CREATE INDEX listed_token_rank ON listed_token (rank);

-- The tokens as the list should have them: those that a reader can show and whose owners do not want to be asked each time;
-- ours also while they are blocked, so that a station which is offline refuses them. Of several with one uid ours counts.
CREATE VIEW token_to_list AS
SELECT folded_uid AS tag, replace(uid, ' ', '') AS shown, kind, CASE valid WHEN 1 THEN 'accepted' ELSE 'blocked' END AS standing,
  group_id, valid_until, (owner IS NOT NULL) * 1099511627776 + id AS rank,
  row_number() OVER (PARTITION BY folded_uid ORDER BY owner IS NOT NULL, id) AS place
FROM token WHERE kind IN ('RFID', 'OTHER') AND whitelist <> 'NEVER' AND (owner IS NULL OR valid = 1);

-- Where each station's list stands.
CREATE TABLE local_list (
  station    INTEGER PRIMARY KEY REFERENCES station ON DELETE CASCADE,
  phase      TEXT NOT NULL,
  version    INTEGER,
  change     INTEGER NOT NULL,
  target     INTEGER NOT NULL,
  is_full    INTEGER NOT NULL,
  sent_up_to TEXT,
  offered    TEXT,
  command    TEXT,
  attempts   INTEGER NOT NULL,
  left_out   INTEGER NOT NULL,
  why        TEXT,
  due_at     INTEGER,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX local_list_due ON local_list (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE reservation (
  -- What the station knows it by; never given twice.
  number            INTEGER PRIMARY KEY AUTOINCREMENT,
  id                TEXT NOT NULL UNIQUE,
  station           INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  evse              INTEGER,
  token             TEXT NOT NULL,
  owner             INTEGER REFERENCES partner_role ON DELETE SET NULL,
  group_id          TEXT,
  expires_at        INTEGER NOT NULL,
  state             TEXT NOT NULL,
  answer            TEXT,
  origin            TEXT NOT NULL,
  partner           INTEGER REFERENCES partner ON DELETE SET NULL,
  partner_reference TEXT,
  session           TEXT,
  command           TEXT,
  due_at            INTEGER,
  created_at        INTEGER NOT NULL,
  updated_at        INTEGER NOT NULL
) STRICT;
CREATE INDEX reservation_open ON reservation (station) WHERE state IN ('asked', 'placed', 'cancelling');
CREATE INDEX reservation_due ON reservation (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX reservation_expiry ON reservation (expires_at) WHERE state IN ('asked', 'placed', 'cancelling');
CREATE INDEX reservation_partner ON reservation (partner, partner_reference) WHERE partner IS NOT NULL;

CREATE TABLE charging_profile (
  number     INTEGER PRIMARY KEY AUTOINCREMENT,
  station    INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  evse       INTEGER NOT NULL,
  -- As it was wished; a station gets it in the unit that it takes.
  profile    TEXT NOT NULL,
  -- When it is over: with its session, or at a time.
  of_session INTEGER,
  valid_to   INTEGER,
  state      TEXT NOT NULL,
  answer     TEXT,
  -- The profile of the whole station that it stands in for.
  instead_of INTEGER,
  command    TEXT,
  attempts   INTEGER NOT NULL,
  origin     TEXT NOT NULL,
  due_at     INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX charging_profile_open ON charging_profile (station) WHERE state IN ('asked', 'in_force');
CREATE INDEX charging_profile_due ON charging_profile (due_at) WHERE due_at IS NOT NULL;

CREATE INDEX charging_profile_session ON charging_profile (of_session)
  WHERE of_session IS NOT NULL AND state IN ('asked', 'in_force');
CREATE INDEX charging_profile_end ON charging_profile (valid_to)
  WHERE valid_to IS NOT NULL AND state IN ('asked', 'in_force');

-- What a station said that all its profiles come to.
CREATE TABLE composite_schedule (
  station INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  evse    INTEGER NOT NULL,
  body    TEXT NOT NULL,
  read_at INTEGER NOT NULL,
  PRIMARY KEY (station, evse)
) STRICT, WITHOUT ROWID;

-- Firmware for stations, and logs from them.
CREATE TABLE station_job (
  number     INTEGER PRIMARY KEY AUTOINCREMENT,
  id         TEXT NOT NULL UNIQUE,
  station    INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  kind       TEXT NOT NULL,
  state      TEXT NOT NULL,
  word       TEXT,
  url        TEXT NOT NULL,
  file       TEXT,
  file_name  TEXT,
  request    TEXT NOT NULL,
  campaign   TEXT,
  command    TEXT,
  origin     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX station_job_station ON station_job (station, number);
CREATE INDEX station_job_open ON station_job (updated_at) WHERE state IN ('sent', 'transferring', 'downloaded', 'installing');
CREATE INDEX station_job_campaign ON station_job (campaign) WHERE campaign IS NOT NULL;
