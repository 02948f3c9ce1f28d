-- Files of the house's own, campaigns, and what stations tell of limits and vehicles.

CREATE TABLE file (
  -- Its name on the disk too.
  id         TEXT PRIMARY KEY,
  kind       TEXT NOT NULL,
  name       TEXT NOT NULL,
  state      TEXT NOT NULL,
  bytes      INTEGER,
  station    INTEGER REFERENCES station ON DELETE SET NULL,
  origin     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The addresses that were given out. Of their secrets the books know the digest only.
CREATE TABLE file_address (
  digest     TEXT PRIMARY KEY,
  file       TEXT NOT NULL REFERENCES file ON DELETE CASCADE,
  way        TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX file_address_file ON file_address (file);
CREATE INDEX file_address_expiry ON file_address (expires_at);

CREATE TABLE campaign (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  state      TEXT NOT NULL,
  why        TEXT,
  plan       TEXT NOT NULL,
  origin     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX campaign_running ON campaign (id) WHERE state = 'running';

CREATE TABLE campaign_station (
  campaign   TEXT NOT NULL REFERENCES campaign ON DELETE CASCADE,
  station    INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  wave       INTEGER NOT NULL,
  state      TEXT NOT NULL,
  attempts   INTEGER NOT NULL,
  job        TEXT,
  word       TEXT,
  due_at     INTEGER,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (campaign, station)
) STRICT, WITHOUT ROWID;
CREATE INDEX campaign_station_open ON campaign_station (campaign, wave) WHERE state IN ('waiting', 'running');
CREATE INDEX campaign_station_station ON campaign_station (station);

-- What stations tell of limits from elsewhere, of their profiles, and of what vehicles need: the newest of each.
CREATE TABLE charging_notice (
  station INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  evse    INTEGER NOT NULL,
  kind    TEXT NOT NULL,
  source  TEXT NOT NULL,
  body    TEXT NOT NULL,
  at      INTEGER NOT NULL,
  PRIMARY KEY (station, evse, kind, source)
) STRICT, WITHOUT ROWID;

-- The session that a profile is for; its number at the station stands in the profile.
ALTER TABLE charging_profile ADD COLUMN session TEXT;
DROP INDEX charging_profile_session;
ALTER TABLE charging_profile DROP COLUMN of_session;
CREATE INDEX charging_profile_session ON charging_profile (session) WHERE session IS NOT NULL AND state IN ('asked', 'in_force');
