-- How stations prove who they are.

-- The least security profile that is taken from a station. Only the operator lowers it.
ALTER TABLE station ADD COLUMN security_profile INTEGER NOT NULL DEFAULT 0;
UPDATE station SET security_profile = 1 WHERE password_hash IS NOT NULL;

CREATE INDEX station_serial ON station (serial_number) WHERE serial_number IS NOT NULL;

-- Keys that were sent to a station and that it may or may not have taken: until that is known each is as good as the one in
-- station.password_hash.
CREATE TABLE station_key (
  -- The command that carried it.
  command         TEXT PRIMARY KEY,
  station         INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  hash            TEXT NOT NULL,
  -- Since when it is known that the station's answer will not tell, and when the key is forgotten if the station came with
  -- its old one.
  undecided_since INTEGER,
  old_used_at     INTEGER,
  decide_by       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX station_key_station ON station_key (station);

-- The client certificate by which each station came in last.
CREATE TABLE station_certificate (
  station     INTEGER PRIMARY KEY REFERENCES station ON DELETE CASCADE,
  serial      TEXT NOT NULL,
  common_name TEXT NOT NULL,
  matched_by  TEXT NOT NULL,
  expires_at  INTEGER NOT NULL,
  seen_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX station_certificate_expiry ON station_certificate (expires_at);

-- Which warnings of an expiry were given: each once.
CREATE TABLE expiry_notice (
  certificate TEXT NOT NULL,
  days        INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  PRIMARY KEY (certificate, days)
) STRICT, WITHOUT ROWID;
