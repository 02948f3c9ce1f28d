-- What charging costs the house itself, what fails, and how often plugging in leads to energy.

-- What a kWh costs from a moment on: a price of its own, and where `area` is set that of the grid there besides. Location 0
-- is all places that have none of their own.
CREATE TABLE energy_price (
  location  INTEGER NOT NULL,
  begins_at INTEGER NOT NULL,
  currency  TEXT NOT NULL,
  -- Decimal text, per kWh before tax.
  price     TEXT NOT NULL,
  area      TEXT,
  PRIMARY KEY (location, begins_at)
) STRICT, WITHOUT ROWID;

-- What the energy of each location cost, by the grains of `usage`; location 0 is the house. It follows
-- from `usage` and from the prices, and is made anew where either changes.
CREATE TABLE energy_cost (
  grain    INTEGER NOT NULL,
  location INTEGER NOT NULL,
  bucket   INTEGER NOT NULL,
  currency TEXT NOT NULL,
  -- The energy that a price covers, and what it cost.
  energy   INTEGER NOT NULL,
  cost     INTEGER NOT NULL,
  PRIMARY KEY (grain, location, bucket, currency)
) STRICT, WITHOUT ROWID;

-- Quarters whose cost is to be made anew, because prices changed: from `next` on, up to `last`.
CREATE TABLE energy_cost_due (
  location INTEGER PRIMARY KEY,
  next     INTEGER NOT NULL,
  last     INTEGER NOT NULL
) STRICT;

-- Beside quarters and days, spans of 32 days, so that years are read as fast as weeks.
INSERT INTO usage (grain, scope, subject, bucket, currency, energy, busy, idle, sessions, revenue)
  SELECT 2, scope, subject, bucket / 32, currency, sum(energy), sum(busy), sum(idle), sum(sessions), sum(revenue)
  FROM usage WHERE grain = 1 GROUP BY scope, subject, bucket / 32, currency;

-- Cables that were plugged in while the station was in line, and those of them that led to energy.
ALTER TABLE usage ADD COLUMN plugged INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage ADD COLUMN served INTEGER NOT NULL DEFAULT 0;
CREATE TABLE plug_in (
  evse   INTEGER PRIMARY KEY REFERENCES evse ON DELETE CASCADE,
  since  INTEGER NOT NULL,
  served INTEGER NOT NULL
) STRICT;

-- What went wrong where: counted in the quarter in which it began, with the seconds that it lasted once it is over.
CREATE TABLE incident (
  bucket  INTEGER NOT NULL,
  station INTEGER NOT NULL,
  kind    TEXT NOT NULL,
  code    TEXT NOT NULL,
  count   INTEGER NOT NULL,
  seconds INTEGER NOT NULL,
  PRIMARY KEY (bucket, station, kind, code)
) STRICT, WITHOUT ROWID;

-- Bills of before use was counted by partners: those after `next` up to `last`, by their numbers.
CREATE TABLE usage_partner_backlog (
  next INTEGER NOT NULL,
  last INTEGER NOT NULL
) STRICT;
INSERT INTO usage_partner_backlog SELECT 0, coalesce(max(number), 0) FROM cdr;
