-- What a driver's page stands on: a code for each EVSE that a label shows, and the ticket that a browser got when it began.

CREATE TABLE evse_code (
  code       TEXT PRIMARY KEY,
  evse       INTEGER NOT NULL UNIQUE REFERENCES evse ON DELETE CASCADE,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Of the ticket the books keep the digest.
CREATE TABLE driver_ticket (
  digest     TEXT PRIMARY KEY,
  evse       INTEGER NOT NULL,
  command    TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX driver_ticket_created ON driver_ticket (created_at);

CREATE INDEX token_visual ON token (visual_number) WHERE owner IS NULL AND visual_number IS NOT NULL;
