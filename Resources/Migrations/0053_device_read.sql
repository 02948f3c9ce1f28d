-- Of which stations the whole device model was asked for, and with which firmware (OCPP 2.0.1 B07.FR.14).
CREATE TABLE device_read (
  station INTEGER PRIMARY KEY REFERENCES station (id) ON DELETE CASCADE,
  firmware TEXT,
  asked_at INTEGER NOT NULL,
  -- It was told, and nothing of it was lost.
  is_whole INTEGER NOT NULL
) STRICT;
