-- By which the station makes the passwords in its QR codes for paying (OCPP 2.1 C25): the one that it said it took, and
-- the newest that was sent since, while nobody knows which one it has.
CREATE TABLE payment_code (
  id INTEGER PRIMARY KEY,
  station INTEGER NOT NULL REFERENCES station (id) ON DELETE CASCADE,
  secret TEXT NOT NULL,
  seconds INTEGER NOT NULL,
  length INTEGER NOT NULL,
  command TEXT NOT NULL,
  taken INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX payment_code_station ON payment_code (station);
CREATE INDEX payment_code_command ON payment_code (command);
