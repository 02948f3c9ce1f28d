-- The tariffs by which stations reckon themselves (OCPP 2.1 I07): what was wished at an EVSE (0 is all of them), under
-- which name the station has it, and when it is due to be told again.
CREATE TABLE station_tariff (
  station INTEGER NOT NULL REFERENCES station (id) ON DELETE CASCADE,
  evse INTEGER NOT NULL,
  tariff INTEGER NOT NULL REFERENCES tariff (id) ON DELETE CASCADE,
  state TEXT NOT NULL,
  name TEXT,
  answer TEXT,
  command TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  origin TEXT NOT NULL,
  due_at INTEGER,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (station, evse)
) STRICT, WITHOUT ROWID;
CREATE INDEX station_tariff_due ON station_tariff (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX station_tariff_tariff ON station_tariff (tariff);
CREATE INDEX station_tariff_command ON station_tariff (command) WHERE command IS NOT NULL;
