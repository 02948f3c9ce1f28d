-- The number of a circuit that was removed is given to no other one, so that what was told of it is never taken for
-- another one's.
ALTER TABLE circuit RENAME TO old_circuit;
ALTER TABLE outlet RENAME TO old_outlet;
ALTER TABLE circuit_signal RENAME TO old_circuit_signal;
ALTER TABLE circuit_load RENAME TO old_circuit_load;
DROP INDEX circuit_location;
DROP INDEX outlet_circuit;

CREATE TABLE circuit (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
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
INSERT INTO circuit SELECT * FROM old_circuit;

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
INSERT INTO outlet SELECT * FROM old_outlet;

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
INSERT INTO circuit_signal SELECT * FROM old_circuit_signal;

CREATE TABLE circuit_load (
  circuit    INTEGER PRIMARY KEY REFERENCES circuit ON DELETE CASCADE,
  l1         INTEGER NOT NULL,
  l2         INTEGER NOT NULL,
  l3         INTEGER NOT NULL,
  before_l1  INTEGER NOT NULL,
  before_l2  INTEGER NOT NULL,
  before_l3  INTEGER NOT NULL,
  since      INTEGER NOT NULL
) STRICT;
INSERT INTO circuit_load SELECT * FROM old_circuit_load;

DROP TABLE old_circuit_load;
DROP TABLE old_circuit_signal;
DROP TABLE old_outlet;
DROP TABLE old_circuit;

-- A default in watts was counted on all lines, and a car on one of them could have all of it there: stations that take
-- watts alone are told the smaller one.
UPDATE charging_profile SET state = 'asked', attempts = 0, due_at = 0
WHERE origin = 'balancer' AND state = 'in_force' AND profile ->> '$.purpose' = 'any_session'
  AND station IN (SELECT station FROM station_capacity
                  WHERE capacity ->> '$.takes_amperes' = 0 AND capacity ->> '$.takes_watts' = 1);
