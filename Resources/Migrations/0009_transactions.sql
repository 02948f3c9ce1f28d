-- Sessions whose stations name their transactions themselves and number what they tell of them (OCPP 2.x).
CREATE TABLE station_transaction (
  number         INTEGER PRIMARY KEY,
  station        INTEGER NOT NULL,
  -- The station's own name for it. Kept as long as the session: a station may tell it again after years offline.
  name           TEXT NOT NULL,
  session        TEXT NOT NULL,
  -- The highest number heard, and whether all up to it were heard in their order.
  last_seq       INTEGER NOT NULL,
  ordered        INTEGER NOT NULL,
  -- Whether it is known who charges, and at which EVSE.
  identified     INTEGER NOT NULL,
  placed         INTEGER NOT NULL,
  charged        INTEGER NOT NULL,
  charging_state TEXT,
  -- Its end was heard.
  ended          INTEGER NOT NULL,
  UNIQUE (station, name)
) STRICT;
CREATE INDEX station_transaction_session ON station_transaction (session);

-- What was heard of a transaction that is not billed yet, to tell it in its order; gone with the bill.
CREATE TABLE transaction_moment (
  "transaction"  INTEGER NOT NULL REFERENCES station_transaction ON DELETE CASCADE,
  seq_no         INTEGER NOT NULL,
  -- The first eight bytes of the SHA-256 of what makes it the same event again: its phase and its time as written.
  digest         INTEGER NOT NULL,
  phase          TEXT NOT NULL,
  at             INTEGER NOT NULL,
  charging_state TEXT,
  identifies     INTEGER NOT NULL,
  ending         TEXT,
  PRIMARY KEY ("transaction", seq_no, digest)
) STRICT, WITHOUT ROWID;

-- What each connector of an EVSE with several says of itself.
CREATE TABLE connector_availability (
  evse         INTEGER NOT NULL REFERENCES evse ON DELETE CASCADE,
  connector    INTEGER NOT NULL,
  availability TEXT NOT NULL,
  PRIMARY KEY (evse, connector)
) STRICT, WITHOUT ROWID;

-- Plug-and-charge contracts are written with hyphens and without.
CREATE INDEX token_contract ON token (replace(lower(contract_id), '-', ''));
