-- Ports that were taken out of the books, and what stood at another place before: reports of the time in which they were
-- operated go on to name them.
CREATE TABLE retired_port (
  number     INTEGER PRIMARY KEY,
  evse       INTEGER NOT NULL,
  evse_number INTEGER NOT NULL,
  uid        TEXT NOT NULL,
  evse_id    TEXT,
  station    INTEGER NOT NULL,
  identity   TEXT NOT NULL,
  location   INTEGER,
  -- W that it gave at most.
  power      INTEGER NOT NULL,
  since      INTEGER NOT NULL,
  until      INTEGER NOT NULL
) STRICT;
CREATE INDEX retired_port_evse ON retired_port (evse, until);
CREATE INDEX retired_port_until ON retired_port (until);
