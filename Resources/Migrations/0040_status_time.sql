-- For how many milliseconds each EVSE had each status between its first change in a window of four days and its first one in a
-- later window: what reports of uptime add up instead of changes. It follows from status_history, and is written in the
-- commit of the change that closes a window.
CREATE TABLE status_time (
  evse           INTEGER NOT NULL,
  begins_at      INTEGER NOT NULL,
  ends_at        INTEGER NOT NULL,
  available      INTEGER NOT NULL,
  preparing      INTEGER NOT NULL,
  charging       INTEGER NOT NULL,
  suspended_ev   INTEGER NOT NULL,
  suspended_evse INTEGER NOT NULL,
  finishing      INTEGER NOT NULL,
  reserved       INTEGER NOT NULL,
  unavailable    INTEGER NOT NULL,
  faulted        INTEGER NOT NULL,
  unknown        INTEGER NOT NULL,
  PRIMARY KEY (evse, ends_at)
) STRICT, WITHOUT ROWID;
INSERT INTO status_time (evse, begins_at, ends_at, available, preparing, charging, suspended_ev, suspended_evse,
    finishing, reserved, unavailable, faulted, unknown)
  SELECT evse, min(at), max(next),
    sum(iif(status = 'available', next - at, 0)), sum(iif(status = 'preparing', next - at, 0)),
    sum(iif(status = 'charging', next - at, 0)), sum(iif(status = 'suspended_ev', next - at, 0)),
    sum(iif(status = 'suspended_evse', next - at, 0)), sum(iif(status = 'finishing', next - at, 0)),
    sum(iif(status = 'reserved', next - at, 0)), sum(iif(status = 'unavailable', next - at, 0)),
    sum(iif(status = 'faulted', next - at, 0)), sum(iif(status = 'unknown', next - at, 0))
  FROM (
    SELECT evse, status, at, lead(at) OVER (PARTITION BY evse ORDER BY at, id) AS next FROM status_history)
  GROUP BY evse, at / 345600000 HAVING count(next) = count(*);

-- A change that is told for an earlier time than the last one, and one that is forgotten, take the sums that knew better.
CREATE TRIGGER status_history_late AFTER INSERT ON status_history BEGIN
  DELETE FROM status_time WHERE evse = NEW.evse AND ends_at > NEW.at;
END;
CREATE TRIGGER status_history_forgotten AFTER DELETE ON status_history BEGIN
  DELETE FROM status_time WHERE evse = OLD.evse
    AND ends_at = (SELECT min(ends_at) FROM status_time WHERE evse = OLD.evse AND ends_at > OLD.at);
END;

-- Outages are few among the changes.
CREATE INDEX status_history_out ON status_history (evse, at) WHERE status IN ('unavailable', 'faulted', 'unknown');
