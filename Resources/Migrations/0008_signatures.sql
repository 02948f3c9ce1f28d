-- What meters signed, to the letter, and the keys by which it can be verified.

CREATE TABLE signed_reading (
  id          INTEGER PRIMARY KEY,
  -- The session's number.
  session     INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  context     TEXT NOT NULL,
  body        TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  UNIQUE (session, at, context, body)
) STRICT;

-- The key of an EVSE's meter, as the operator named it.
CREATE TABLE meter_key (
  evse   INTEGER PRIMARY KEY REFERENCES evse ON DELETE CASCADE,
  key    TEXT NOT NULL,
  set_at INTEGER NOT NULL
) STRICT;
