-- What stations tell of themselves when they are asked: settings, monitors, alerts, messages on their displays.

-- A wish for something that comes in several messages. Its number goes to the station and comes back with each part.
CREATE TABLE report (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  station    INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  command    TEXT NOT NULL,
  kind       TEXT NOT NULL,
  -- Whether what it does not tell is no longer there.
  is_whole   INTEGER NOT NULL,
  parts      INTEGER NOT NULL DEFAULT 0,
  -- Parts that were skipped.
  missing    INTEGER NOT NULL DEFAULT 0,
  -- What it tells in words, where it does.
  text       TEXT,
  started_at INTEGER NOT NULL,
  ended_at   INTEGER
) STRICT;
CREATE INDEX report_station ON report (station, id);

-- The device model: every value that a station told, or that it took from us.
CREATE TABLE device_value (
  station   INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  name      TEXT NOT NULL COLLATE NOCASE,
  attribute TEXT NOT NULL,
  value     TEXT,
  access    TEXT NOT NULL,
  kind      TEXT,
  unit      TEXT,
  least     TEXT,
  most      TEXT,
  choices   TEXT,
  can_be_monitored INTEGER,
  told_at   INTEGER NOT NULL,
  PRIMARY KEY (station, name, attribute)
) STRICT, WITHOUT ROWID;

-- What the operator wants stations of a kind to be set to: an object of names and values.
CREATE TABLE setting_template (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  vendor     TEXT,
  model      TEXT,
  settings   TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE monitor (
  station     INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  number      INTEGER NOT NULL,
  name        TEXT NOT NULL COLLATE NOCASE,
  kind        TEXT NOT NULL,
  value       TEXT NOT NULL,
  severity    INTEGER NOT NULL,
  is_for_sessions INTEGER NOT NULL,
  origin      TEXT,
  told_at     INTEGER NOT NULL,
  PRIMARY KEY (station, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE alert (
  id          INTEGER PRIMARY KEY,
  station     INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  number      INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  name        TEXT NOT NULL,
  cause       TEXT NOT NULL,
  value       TEXT NOT NULL,
  led_by      INTEGER,
  code        TEXT,
  info        TEXT,
  transaction_id TEXT,
  monitor     INTEGER,
  severity    INTEGER,
  origin      TEXT,
  received_at INTEGER NOT NULL,
  -- When the station said that it is over, or the operator that he has seen it.
  ended_at    INTEGER,
  ended_by    TEXT
) STRICT;
CREATE INDEX alert_station ON alert (station, id);
CREATE INDEX alert_open ON alert (station, name) WHERE ended_at IS NULL;
CREATE INDEX alert_time ON alert (received_at);

-- Values of monitors that come as streams.
CREATE TABLE value_stream (
  station   INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  number    INTEGER NOT NULL,
  monitor   INTEGER NOT NULL,
  seconds   INTEGER,
  amount    INTEGER,
  pending   INTEGER NOT NULL DEFAULT 0,
  opened_at INTEGER NOT NULL,
  PRIMARY KEY (station, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE streamed_value (
  id      INTEGER PRIMARY KEY,
  station INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  monitor INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  value   TEXT NOT NULL
) STRICT;
CREATE INDEX streamed_value_monitor ON streamed_value (station, monitor, id);

CREATE TABLE display_message (
  station  INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  number   INTEGER NOT NULL,
  message  TEXT NOT NULL,
  told_at  INTEGER NOT NULL,
  PRIMARY KEY (station, number)
) STRICT, WITHOUT ROWID;
