-- People and programs who see and command some sites only. Whoever is limited and has no site left sees nothing: a
-- location that is removed must not open the whole house to them.

ALTER TABLE user ADD COLUMN limited INTEGER NOT NULL DEFAULT 0;
ALTER TABLE api_key ADD COLUMN limited INTEGER NOT NULL DEFAULT 0;

CREATE TABLE user_site (
  user     INTEGER NOT NULL REFERENCES user ON DELETE CASCADE,
  location INTEGER NOT NULL REFERENCES location ON DELETE CASCADE,
  PRIMARY KEY (user, location)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_site_location ON user_site (location);

CREATE TABLE key_site (
  key      INTEGER NOT NULL REFERENCES api_key ON DELETE CASCADE,
  location INTEGER NOT NULL REFERENCES location ON DELETE CASCADE,
  PRIMARY KEY (key, location)
) STRICT, WITHOUT ROWID;
CREATE INDEX key_site_location ON key_site (location);

-- Where a user came in from before: whoever guesses a name's password from elsewhere does not keep its owner out here.
CREATE TABLE known_address (
  user    INTEGER NOT NULL REFERENCES user ON DELETE CASCADE,
  address TEXT NOT NULL,
  used_at INTEGER NOT NULL,
  PRIMARY KEY (user, address)
) STRICT, WITHOUT ROWID;
