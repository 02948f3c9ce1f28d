-- Stations as generators on the grid, and stations that swap batteries.

CREATE TABLE grid_control (
  station       INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  control       TEXT NOT NULL,
  kind          TEXT NOT NULL,
  is_default    INTEGER NOT NULL,
  is_superseded INTEGER NOT NULL,
  -- NULL where the station never said.
  is_running    INTEGER,
  settings      TEXT NOT NULL,
  told_at       INTEGER NOT NULL,
  PRIMARY KEY (station, control)
) STRICT, WITHOUT ROWID;

CREATE TABLE battery_swap (
  id        INTEGER PRIMARY KEY,
  station   INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  request   INTEGER NOT NULL,
  step      TEXT NOT NULL,
  token     TEXT NOT NULL,
  batteries TEXT NOT NULL,
  at        INTEGER NOT NULL
) STRICT;
CREATE INDEX battery_swap_station ON battery_swap (station, id);
