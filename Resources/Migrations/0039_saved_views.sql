-- What somebody filtered a screen by, under a name of their own: the query of its address.
CREATE TABLE saved_view (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  user   INTEGER NOT NULL REFERENCES user ON DELETE CASCADE,
  screen TEXT NOT NULL,
  name   TEXT NOT NULL,
  query  TEXT NOT NULL,
  UNIQUE (user, screen, name)
) STRICT;
