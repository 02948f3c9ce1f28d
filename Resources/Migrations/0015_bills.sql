-- Bills of reservations, and credits: a session has one bill that counts, and those that were taken back. Connectors
-- have several tariffs, of which the time and the driver's way of paying choose one.

CREATE TABLE new_cdr (
  number      INTEGER PRIMARY KEY,
  id          TEXT NOT NULL UNIQUE,
  -- NULL for a reservation that no session followed.
  session     TEXT,
  reservation TEXT,
  -- What a credit takes back, and by which one a bill was taken back.
  credits     TEXT UNIQUE,
  credited_by TEXT,
  party       INTEGER NOT NULL REFERENCES party,
  partner     INTEGER,
  station     INTEGER NOT NULL,
  location    INTEGER,
  started_at  INTEGER NOT NULL,
  ended_at    INTEGER NOT NULL,
  energy      INTEGER NOT NULL,
  seconds     INTEGER NOT NULL,
  currency    TEXT NOT NULL,
  cost        INTEGER NOT NULL,
  cost_taxed  INTEGER,
  -- Why partners do not see it yet; NULL once the operator released it.
  held        TEXT,
  body        TEXT NOT NULL,
  digest      TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  -- When partners could first see it: a partner that pages by time must not miss one that was held.
  listed_at   INTEGER
) STRICT;
INSERT INTO new_cdr (number, id, session, party, partner, station, location, started_at, ended_at, energy, seconds,
    currency, cost, cost_taxed, held, body, digest, created_at, listed_at)
  SELECT number, id, session, party, partner, station, location, started_at, ended_at, energy, seconds, currency, cost,
    cost_taxed, held, body, digest, created_at, listed_at
  FROM cdr ORDER BY number;
DROP TABLE cdr;
ALTER TABLE new_cdr RENAME TO cdr;
CREATE UNIQUE INDEX cdr_session ON cdr (session)
  WHERE session IS NOT NULL AND credits IS NULL AND credited_by IS NULL;
CREATE UNIQUE INDEX cdr_reservation ON cdr (reservation)
  WHERE reservation IS NOT NULL AND credits IS NULL AND credited_by IS NULL;
CREATE INDEX cdr_ended ON cdr (ended_at);
CREATE INDEX cdr_partner ON cdr (partner, listed_at, id) WHERE partner IS NOT NULL;
CREATE INDEX cdr_held ON cdr (id) WHERE held IS NOT NULL;

-- The tariff as it was when the EVSE was reserved, since when the station holds it, when whoever pays gave it up, and
-- the partner's word for its yes.
ALTER TABLE reservation ADD COLUMN tariff INTEGER REFERENCES frozen_tariff;
ALTER TABLE reservation ADD COLUMN placed_at INTEGER;
ALTER TABLE reservation ADD COLUMN given_up_at INTEGER;
ALTER TABLE reservation ADD COLUMN authorization_reference TEXT;
CREATE INDEX reservation_session ON reservation (session) WHERE session IS NOT NULL;

-- Ids of further tariffs, as a JSON array in their order.
ALTER TABLE connector ADD COLUMN more_tariffs TEXT;
