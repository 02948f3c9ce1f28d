-- Use by quarters of an hour and by days of UTC, for the house, each location and each connector. A bill adds to it in
-- its own commit, so that no question about use reads sessions.
CREATE TABLE usage (
  -- 0: quarters of an hour since 1970; 1: days.
  grain    INTEGER NOT NULL,
  -- 0: the house (subject 0); 1: a location; 2: a connector.
  scope    INTEGER NOT NULL,
  subject  INTEGER NOT NULL,
  bucket   INTEGER NOT NULL,
  currency TEXT NOT NULL,
  energy   INTEGER NOT NULL,
  busy     INTEGER NOT NULL,
  idle     INTEGER NOT NULL,
  sessions INTEGER NOT NULL,
  revenue  INTEGER NOT NULL,
  PRIMARY KEY (grain, scope, subject, bucket, currency)
) STRICT, WITHOUT ROWID;

-- Bills of before that are still to be counted: those after `next` up to `last`, by their numbers.
CREATE TABLE usage_backlog (
  next INTEGER NOT NULL,
  last INTEGER NOT NULL
) STRICT;
INSERT INTO usage_backlog SELECT 0, coalesce(max(number), 0) FROM cdr;
