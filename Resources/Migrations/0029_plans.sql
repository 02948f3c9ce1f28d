-- Floor plans of sites: a picture of each, and where on it stations stand.
CREATE TABLE site_plan (
  location   INTEGER PRIMARY KEY REFERENCES location ON DELETE CASCADE,
  type       TEXT NOT NULL,
  width      INTEGER NOT NULL,
  height     INTEGER NOT NULL,
  image      BLOB NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- In ten-thousandths of the picture, from its left and upper edge.
CREATE TABLE plan_pin (
  station  INTEGER PRIMARY KEY REFERENCES station ON DELETE CASCADE,
  location INTEGER NOT NULL REFERENCES site_plan ON DELETE CASCADE,
  x        INTEGER NOT NULL,
  y        INTEGER NOT NULL
) STRICT;
CREATE INDEX plan_pin_location ON plan_pin (location);
