-- Every message as it went over the wire, for people who look for a fault. A file of its own: it may be lost.

CREATE TABLE message (
  -- In the order of writing; AUTOINCREMENT, so that a page's cursor never meets a number again.
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  at          INTEGER NOT NULL,
  door        TEXT NOT NULL,
  peer        TEXT NOT NULL,
  direction   TEXT NOT NULL,
  action      TEXT,
  correlation TEXT,
  is_error    INTEGER NOT NULL,
  text        TEXT NOT NULL
) STRICT;
CREATE INDEX message_peer ON message (peer, id);
