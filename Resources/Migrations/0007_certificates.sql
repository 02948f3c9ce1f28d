-- Certificates: those that our own authorities signed, those that stations asked for and hold, and whom we trust.

CREATE TABLE issued_certificate (
  id              INTEGER PRIMARY KEY,
  -- Which of our authorities signed it: 'station' or 'v2g'.
  authority       TEXT NOT NULL,
  serial          TEXT NOT NULL UNIQUE,
  -- 'station', 'v2g' or 'door'.
  purpose         TEXT NOT NULL,
  common_name     TEXT NOT NULL,
  station         INTEGER REFERENCES station ON DELETE SET NULL,
  pem             TEXT NOT NULL,
  issued_at       INTEGER NOT NULL,
  expires_at      INTEGER NOT NULL,
  issued_by       TEXT NOT NULL,
  revoked_at      INTEGER,
  revoked_because TEXT
) STRICT;
CREATE INDEX issued_certificate_station ON issued_certificate (station, expires_at);
CREATE INDEX issued_certificate_revoked ON issued_certificate (authority, revoked_at) WHERE revoked_at IS NOT NULL;

-- What stations asked to be certified for, and how far that is. One of a kind is open at a time.
CREATE TABLE certificate_request (
  id        INTEGER PRIMARY KEY,
  station   INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  kind      TEXT NOT NULL,
  -- The number under which the station knows it again.
  number    INTEGER,
  -- SHA-256 of the request: the very same one again gets the very same certificate.
  digest    TEXT NOT NULL,
  phase     TEXT NOT NULL,
  reason    TEXT,
  serial    TEXT,
  attempts  INTEGER NOT NULL DEFAULT 0,
  -- When the certificate is sent, or sent again; null while it is under way and at the end.
  due_at    INTEGER,
  command   TEXT,
  at        INTEGER NOT NULL
) STRICT;
CREATE INDEX certificate_request_station ON certificate_request (station, id);
CREATE INDEX certificate_request_due ON certificate_request (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX certificate_request_command ON certificate_request (command) WHERE command IS NOT NULL;

-- When a station was last told to ask for a new certificate, because its own ends soon.
CREATE TABLE certificate_renewal (
  station INTEGER PRIMARY KEY REFERENCES station ON DELETE CASCADE,
  asked_at INTEGER NOT NULL
) STRICT;

-- What each station holds, as it told last.
CREATE TABLE held_certificate (
  station INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  use     TEXT NOT NULL,
  -- One spelling of its hash, by which it is found, and the station's own words.
  key     TEXT NOT NULL,
  body    TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  PRIMARY KEY (station, use, key)
) STRICT, WITHOUT ROWID;

-- Roots that we trust, and offer to stations.
CREATE TABLE trusted_root (
  id          INTEGER PRIMARY KEY,
  use         TEXT NOT NULL,
  name        TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  pem         TEXT NOT NULL,
  expires_at  INTEGER NOT NULL,
  added_at    INTEGER NOT NULL,
  UNIQUE (use, fingerprint)
) STRICT;

-- What stations told of their own security.
CREATE TABLE security_event (
  id       INTEGER PRIMARY KEY,
  station  INTEGER NOT NULL REFERENCES station ON DELETE CASCADE,
  type     TEXT NOT NULL,
  -- The station's clock, or ours where it was not plausible, and when it came.
  at       INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  info     TEXT,
  alarming INTEGER NOT NULL
) STRICT;
CREATE INDEX security_event_station ON security_event (station, id);

-- Stations on their way to security profile 3.
CREATE TABLE profile_walk (
  station    INTEGER PRIMARY KEY REFERENCES station ON DELETE CASCADE,
  started_at INTEGER NOT NULL,
  by         TEXT NOT NULL,
  step       TEXT NOT NULL,
  attempts   INTEGER NOT NULL,
  due_at     INTEGER,
  command    TEXT,
  serial     TEXT,
  reason     TEXT,
  changed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX profile_walk_due ON profile_walk (due_at) WHERE due_at IS NOT NULL;

-- Answers of OCSP responders, as long as they count.
CREATE TABLE ocsp_answer (
  key        TEXT PRIMARY KEY,
  answer     BLOB NOT NULL,
  good_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ocsp_answer_end ON ocsp_answer (good_until);
