-- What can be booked (OCPI 2.3.0 bookings): EVSEs of a location, all of them where `evses` is NULL.
CREATE TABLE booking_location (
  id          INTEGER PRIMARY KEY,
  ref         TEXT NOT NULL COLLATE NOCASE UNIQUE,
  location    INTEGER NOT NULL REFERENCES location ON DELETE CASCADE,
  evses       TEXT,
  open        INTEGER NOT NULL,
  terms       TEXT NOT NULL,
  rules       TEXT NOT NULL,
  -- When its calendar shows another day.
  rolls_at    INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX booking_location_place ON booking_location (location);
CREATE INDEX booking_location_roll ON booking_location (rolls_at) WHERE open;
CREATE INDEX booking_location_time ON booking_location (updated_at, id);

CREATE TABLE booking (
  number      INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT NOT NULL UNIQUE,
  place       INTEGER REFERENCES booking_location ON DELETE SET NULL,
  location    INTEGER NOT NULL REFERENCES location ON DELETE CASCADE,
  evse        INTEGER REFERENCES evse ON DELETE SET NULL,
  partner     INTEGER REFERENCES partner ON DELETE SET NULL,
  owner       INTEGER REFERENCES partner_role ON DELETE SET NULL,
  -- Who asked at the partner, such as DE*ABC, under an id of its own.
  asker       TEXT COLLATE NOCASE,
  request_id  TEXT NOT NULL COLLATE NOCASE,
  status      TEXT NOT NULL,
  starts_at   INTEGER NOT NULL,
  ends_at     INTEGER NOT NULL,
  -- What nobody else may have: with early start and late stop.
  held_from   INTEGER NOT NULL,
  held_until  INTEGER NOT NULL,
  terms       TEXT NOT NULL,
  details     TEXT NOT NULL,
  reservation TEXT,
  session     TEXT,
  why         TEXT,
  due_at      INTEGER,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX booking_request ON booking (partner, asker, request_id) WHERE partner IS NOT NULL;
CREATE INDEX booking_time ON booking (partner, updated_at, number) WHERE partner IS NOT NULL;
CREATE INDEX booking_held ON booking (evse, held_until) WHERE status IN ('RESERVED', 'FULFILLED');
CREATE INDEX booking_due ON booking (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX booking_location_held ON booking (location, held_until);
CREATE INDEX booking_reservation ON booking (reservation) WHERE reservation IS NOT NULL;
CREATE INDEX booking_session ON booking (session) WHERE session IS NOT NULL;
CREATE INDEX booking_end ON booking (ends_at);

-- What other networks offer to be booked, and what our drivers have booked there, as their operators tell it.
CREATE TABLE roaming_booking_location (
  id         INTEGER PRIMARY KEY,
  partner    INTEGER NOT NULL REFERENCES partner ON DELETE CASCADE,
  country    TEXT NOT NULL,
  party      TEXT NOT NULL,
  ref        TEXT NOT NULL COLLATE NOCASE,
  location   TEXT NOT NULL COLLATE NOCASE,
  body       TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  gone_at    INTEGER,
  UNIQUE (partner, country, party, ref)
) STRICT;

CREATE TABLE roaming_booking (
  id         INTEGER PRIMARY KEY,
  partner    INTEGER NOT NULL REFERENCES partner ON DELETE CASCADE,
  country    TEXT NOT NULL,
  party      TEXT NOT NULL,
  ref        TEXT NOT NULL COLLATE NOCASE,
  request_id TEXT NOT NULL,
  status     TEXT NOT NULL,
  starts_at  INTEGER NOT NULL,
  ends_at    INTEGER NOT NULL,
  body       TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (partner, country, party, ref)
) STRICT;
CREATE INDEX roaming_booking_request ON roaming_booking (partner, request_id);
CREATE INDEX roaming_booking_end ON roaming_booking (ends_at);
