-- One action for many stations, which the house does one after the other: what, and how it went at each.
CREATE TABLE bulk_run (
  id         TEXT PRIMARY KEY,
  plan       TEXT NOT NULL,
  state      TEXT NOT NULL,
  origin     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX bulk_run_running ON bulk_run (id) WHERE state = 'running';
CREATE INDEX bulk_run_updated ON bulk_run (updated_at) WHERE state <> 'running';

-- `location` is where a station is moved to, and `was` where it stood before that.
CREATE TABLE bulk_run_station (
  run        TEXT NOT NULL REFERENCES bulk_run ON DELETE CASCADE,
  place      INTEGER NOT NULL,
  station    INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  state      TEXT NOT NULL,
  location   INTEGER,
  was        INTEGER,
  command    TEXT,
  answer     TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (run, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX bulk_run_station_waiting ON bulk_run_station (run, place) WHERE state = 'waiting';
CREATE INDEX bulk_run_station_running ON bulk_run_station (command) WHERE state = 'running';
CREATE INDEX bulk_run_station_station ON bulk_run_station (station);
