-- Who goes first, and how often at once.
ALTER TABLE token ADD COLUMN priority INTEGER;
ALTER TABLE token ADD COLUMN sessions_at_once INTEGER;

-- Where sessions end by themselves: cost in 10⁻⁴ of the currency, energy in 0.1 Wh.
CREATE TABLE session_limit (
  session         TEXT PRIMARY KEY,
  cost            INTEGER,
  energy          INTEGER,
  seconds         INTEGER,
  state_of_charge INTEGER,
  -- The station heard of it.
  told            INTEGER NOT NULL DEFAULT 0,
  -- When it was found to be reached, and when the station was last asked to stop.
  reached_at      INTEGER,
  stop_asked_at   INTEGER
) STRICT, WITHOUT ROWID;

-- What a connector said last has one place, whichever version its station speaks.
UPDATE connector SET status = (
  SELECT CASE said.availability WHEN 'occupied' THEN 'preparing' ELSE said.availability END
  FROM connector_availability AS said WHERE said.evse = connector.evse AND said.connector = connector.number)
WHERE EXISTS (
  SELECT 1 FROM connector_availability AS said WHERE said.evse = connector.evse AND said.connector = connector.number);
DROP TABLE connector_availability;
