-- What somebody is asked to pay for a month: one paper for each payer, numbered without a gap, and months that are closed.

CREATE TABLE invoice (
  -- Counts without a gap; it is given in the same commit as the row.
  number     INTEGER PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  month      TEXT NOT NULL,
  payer_kind TEXT NOT NULL,
  payer      TEXT NOT NULL,
  payer_name TEXT NOT NULL,
  currency   TEXT NOT NULL,
  sessions   INTEGER NOT NULL,
  energy     INTEGER NOT NULL,
  net        INTEGER NOT NULL,
  taxes      TEXT NOT NULL,
  total      INTEGER NOT NULL,
  -- Who we were when it was made.
  company    TEXT NOT NULL,
  -- The invoice that this one takes back.
  credits    INTEGER UNIQUE REFERENCES invoice,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL
) STRICT;
CREATE INDEX invoice_month ON invoice (month, number);

-- A CDR is asked for once.
CREATE TABLE invoiced_cdr (
  cdr     TEXT PRIMARY KEY,
  invoice INTEGER NOT NULL REFERENCES invoice
) STRICT, WITHOUT ROWID;
CREATE INDEX invoiced_cdr_invoice ON invoiced_cdr (invoice);

CREATE TABLE closed_month (
  month     TEXT PRIMARY KEY,
  closed_at INTEGER NOT NULL,
  closed_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;
