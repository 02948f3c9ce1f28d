-- Prices that follow demand: the rules, where each price stands and goes, what it did and why; day-ahead prices of the
-- grid by area, and what sites have left of their sun.
CREATE TABLE price_policy (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  tariff     INTEGER NOT NULL REFERENCES tariff ON DELETE CASCADE,
  state      TEXT NOT NULL,
  body       TEXT NOT NULL,
  -- Decimal text, per kWh. In a dry run the price that it would be.
  price      TEXT,
  changed_at INTEGER,
  planned    TEXT,
  planned_at INTEGER,
  -- Why nothing moves, where something is wrong.
  trouble    TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
-- A tariff follows one policy.
CREATE UNIQUE INDEX price_policy_live ON price_policy (tariff) WHERE state = 'live';
CREATE INDEX price_policy_tariff ON price_policy (tariff);

CREATE TABLE price_move (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  policy  INTEGER NOT NULL REFERENCES price_policy ON DELETE CASCADE,
  at      INTEGER NOT NULL,
  kind    TEXT NOT NULL,
  -- Whether drivers pay it, or only would.
  live    INTEGER NOT NULL,
  price   TEXT NOT NULL,
  -- When an announced price begins, and the version of the tariff that a change made.
  begins  INTEGER,
  version INTEGER,
  -- The inputs, and the places of the rules that held.
  why     TEXT NOT NULL
) STRICT;
CREATE INDEX price_move_policy ON price_move (policy, id);
CREATE INDEX price_move_at ON price_move (at);

CREATE TABLE grid_price (
  area  TEXT NOT NULL,
  start INTEGER NOT NULL,
  until INTEGER NOT NULL,
  -- Decimal text, per kWh.
  price TEXT NOT NULL,
  PRIMARY KEY (area, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE site_surplus (
  location INTEGER PRIMARY KEY REFERENCES location ON DELETE CASCADE,
  -- Decimal text, kW.
  power    TEXT NOT NULL,
  until    INTEGER NOT NULL
) STRICT;
