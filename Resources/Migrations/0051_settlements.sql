-- What payment terminals made of the money for sessions (OCPP 2.1 C21, C22), kept for as long as the bills. A station
-- repeats what it had no answer to: that is one payment.
CREATE TABLE settlement (
  id INTEGER PRIMARY KEY,
  station INTEGER NOT NULL,
  session TEXT,
  -- The station's own name for the session; empty where it belongs to none.
  transaction_name TEXT NOT NULL,
  reference TEXT NOT NULL,
  state TEXT NOT NULL,
  amount TEXT NOT NULL,
  at INTEGER NOT NULL,
  receipt_id TEXT,
  receipt_url TEXT,
  note TEXT,
  vat_number TEXT,
  company TEXT,
  received_at INTEGER NOT NULL,
  UNIQUE (station, transaction_name, reference, state)
) STRICT;
CREATE INDEX settlement_session ON settlement (session) WHERE session IS NOT NULL;
CREATE INDEX settlement_received ON settlement (received_at);
