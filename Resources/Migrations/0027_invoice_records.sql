-- What partners told of their invoices to us: which CDRs each one asks for (OCPI 2.3.0, invoice reconciliation). What we tell
-- of ours is read from the invoices themselves.
CREATE TABLE invoice_record (
  id          INTEGER PRIMARY KEY,
  partner     INTEGER NOT NULL REFERENCES partner ON DELETE CASCADE,
  country     TEXT NOT NULL,
  party       TEXT NOT NULL,
  ref         TEXT NOT NULL COLLATE NOCASE,
  body        TEXT NOT NULL,
  updated_at  INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  UNIQUE (partner, country, party, ref)
) STRICT;

-- What the charging of one of our drivers at another network comes to, as its operator tells it.
ALTER TABLE roaming_session ADD COLUMN plan TEXT;

-- The papers of one partner, in the order of their numbers.
CREATE INDEX invoice_payer ON invoice (payer_kind, payer, number);
