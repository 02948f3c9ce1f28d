-- Frames are kept by the batch, as they were gathered: a row and an index entry for each of them took most of the
-- log's processor time. The old rows go, because plain SQL cannot put them into a batch's encoding and the log may be
-- lost; they can still be read in the copy of the file that is made before a migration.

-- The next frame's number as of the last pruning, so that a page's cursor never meets a number again.
CREATE TABLE numbering (
  next INTEGER NOT NULL
) STRICT;
INSERT INTO numbering SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'message'), 0) + 1;

DROP TABLE message;

CREATE TABLE batch (
  -- The number of its first frame; the others count on from it.
  first    INTEGER PRIMARY KEY CHECK (first > 0),
  count    INTEGER NOT NULL CHECK (count > 0),
  -- The earliest and the latest of its frames' times.
  began_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  errors   INTEGER NOT NULL,
  -- Behind the rest, so that a look at the rest does not read them.
  frames   BLOB NOT NULL
) STRICT;
CREATE INDEX batch_error ON batch (first) WHERE errors > 0;

-- Who speaks in a batch: a row for each where they are few …
CREATE TABLE batch_peer (
  peer  BLOB NOT NULL,
  first INTEGER NOT NULL,
  PRIMARY KEY (peer, first)
) STRICT, WITHOUT ROWID;

-- … and where they are many, their fingerprints of 16 bits in one row: in a busy house nearly every frame of a batch is
-- another station's.
CREATE TABLE batch_crowd (
  first        INTEGER PRIMARY KEY,
  fingerprints BLOB NOT NULL
) STRICT;
