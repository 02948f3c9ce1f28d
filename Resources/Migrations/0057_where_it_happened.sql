-- What happened at a station stays with the place where it happened, also once the station moved.

-- A connector that was used at one place and moved to another one has a subject of its own in `usage` for each place: its
-- own number for the first, numbers below zero for the others. One that never moved has none. Place 0 is none.
CREATE TABLE usage_stay (
  subject   INTEGER PRIMARY KEY,
  connector INTEGER NOT NULL,
  location  INTEGER NOT NULL,
  UNIQUE (connector, location)
) STRICT;

ALTER TABLE incident RENAME TO old_incident;
CREATE TABLE incident (
  bucket   INTEGER NOT NULL,
  station  INTEGER NOT NULL,
  -- 0: at none.
  location INTEGER NOT NULL,
  kind     TEXT NOT NULL,
  code     TEXT NOT NULL,
  count    INTEGER NOT NULL,
  seconds  INTEGER NOT NULL,
  PRIMARY KEY (bucket, station, location, kind, code)
) STRICT, WITHOUT ROWID;
INSERT INTO incident
  SELECT bucket, station, coalesce(
      (SELECT location FROM retired_port AS port
       WHERE port.station = old_incident.station AND port.since <= bucket * 900000 AND port.until > bucket * 900000
       ORDER BY port.until LIMIT 1),
      (SELECT location FROM station WHERE station.id = old_incident.station),
      (SELECT location FROM retired_port AS port WHERE port.station = old_incident.station
       ORDER BY port.until DESC LIMIT 1), 0),
    kind, code, count, seconds
  FROM old_incident;
DROP TABLE old_incident;
CREATE INDEX retired_port_station ON retired_port (station, until);

-- The connector that a session used of what is plugged in.
ALTER TABLE plug_in ADD COLUMN connector INTEGER;

-- The CO2 of sessions whose readings are gone, as those had it: what was reported of them stays so.
CREATE TABLE session_carbon (
  session    INTEGER PRIMARY KEY,
  -- Thousandths of a gram.
  milligrams INTEGER NOT NULL,
  -- 0.1 Wh that no factor covered.
  uncovered  INTEGER NOT NULL
) STRICT;
