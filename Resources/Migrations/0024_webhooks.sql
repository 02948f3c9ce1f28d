-- Programs that are told what happens: each is a cursor over the events, so that an outage loses none of them.

CREATE TABLE webhook (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  name          TEXT NOT NULL UNIQUE,
  url           TEXT NOT NULL,
  -- What the deliveries are signed with; it has to be sent, so that it is kept as it is.
  secret        TEXT NOT NULL,
  -- Beginnings of the kinds of events that are told, as a JSON array; all where it is empty.
  kinds         TEXT NOT NULL,
  allow_private INTEGER NOT NULL,
  paused        INTEGER NOT NULL DEFAULT 0,
  -- The newest event that was told or passed over.
  seq           INTEGER NOT NULL,
  failures      INTEGER NOT NULL DEFAULT 0,
  next_at       INTEGER NOT NULL,
  created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE webhook_delivery (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  webhook      INTEGER NOT NULL REFERENCES webhook ON DELETE CASCADE,
  at           INTEGER NOT NULL,
  first_seq    INTEGER NOT NULL,
  last_seq     INTEGER NOT NULL,
  events       INTEGER NOT NULL,
  -- HTTP status; NULL where none came.
  status       INTEGER,
  why          TEXT,
  milliseconds INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_delivery_webhook ON webhook_delivery (webhook, id);
CREATE INDEX webhook_delivery_at ON webhook_delivery (at);
