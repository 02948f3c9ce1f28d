-- The wiring of sites, what is told of it, what sessions want, and what stations were told to allow. Currents are tenths
-- of an ampere per line; lines are a mask of 1, 2 and 4.

CREATE TABLE circuit (
  id            INTEGER PRIMARY KEY,
  location      INTEGER NOT NULL REFERENCES location,
  parent        INTEGER REFERENCES circuit,
  name          TEXT NOT NULL,
  lines         INTEGER NOT NULL,
  rated         INTEGER NOT NULL,
  usable        INTEGER NOT NULL,
  priority      INTEGER NOT NULL,
  assumed_load  INTEGER NOT NULL,
  trusts_phases INTEGER NOT NULL,
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX circuit_location ON circuit (location);

CREATE TABLE outlet (
  evse         INTEGER PRIMARY KEY REFERENCES evse ON DELETE CASCADE,
  circuit      INTEGER NOT NULL REFERENCES circuit,
  rotation     TEXT NOT NULL,
  -- NULL: as the EVSE's connectors say.
  lines        INTEGER,
  most         INTEGER,
  least        INTEGER NOT NULL,
  -- NULL: an equal share that is safe for all together.
  fallback     INTEGER,
  station_most INTEGER
) STRICT;
CREATE INDEX outlet_circuit ON outlet (circuit);

CREATE TABLE circuit_signal (
  circuit  INTEGER NOT NULL REFERENCES circuit ON DELETE CASCADE,
  kind     TEXT NOT NULL,
  l1       INTEGER NOT NULL,
  l2       INTEGER NOT NULL,
  l3       INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  until    INTEGER NOT NULL,
  source   TEXT NOT NULL,
  PRIMARY KEY (circuit, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE session_need (
  session    TEXT PRIMARY KEY,
  -- 0.1 Wh of the whole session.
  energy     INTEGER,
  departs_at INTEGER,
  priority   INTEGER NOT NULL,
  phases     INTEGER,
  least      INTEGER,
  most       INTEGER,
  sun_only   INTEGER NOT NULL,
  origin     TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What an EVSE may draw, as its station confirmed it, and what is under way.
CREATE TABLE balance (
  evse         INTEGER PRIMARY KEY REFERENCES evse ON DELETE CASCADE,
  session      TEXT NOT NULL,
  allowed      INTEGER NOT NULL,
  under_way    INTEGER,
  -- The profile that carries it, and the one that carries the fallback.
  profile      INTEGER,
  why          TEXT NOT NULL,
  due_at       INTEGER,
  updated_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX balance_due ON balance (due_at) WHERE due_at IS NOT NULL;

-- Times that do not count in reports of uptime, and why.
CREATE TABLE downtime (
  id         INTEGER PRIMARY KEY,
  location   INTEGER,
  station    INTEGER,
  evse       INTEGER,
  begins_at  INTEGER NOT NULL,
  -- NULL while it lasts.
  ends_at    INTEGER,
  cause      TEXT NOT NULL,
  note       TEXT,
  origin     TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX downtime_end ON downtime (ends_at);

-- Grams of CO2 of a kilowatt hour, from a moment on; of one location, or of all.
CREATE TABLE carbon_factor (
  location   INTEGER NOT NULL,
  begins_at  INTEGER NOT NULL,
  -- Thousandths of a gram.
  milligrams INTEGER NOT NULL,
  PRIMARY KEY (location, begins_at)
) STRICT, WITHOUT ROWID;
