-- A location that is gone stays in the books: whoever knew it must hear that what stood there is REMOVED, however late it
-- comes back, and neither its id nor those of its EVSEs are ever another place's (OCPI 2.2.1 §8.1).
ALTER TABLE location ADD COLUMN removed_at INTEGER;
CREATE TRIGGER location_in_use BEFORE UPDATE OF removed_at ON location
WHEN new.removed_at IS NOT NULL AND (
  EXISTS (SELECT 1 FROM station WHERE location = new.id) OR EXISTS (SELECT 1 FROM circuit WHERE location = new.id))
BEGIN
  SELECT RAISE(ABORT, 'something stands there');
END;

-- When a station was first let in: from then on partners know its EVSEs, which are out of service, and not gone, while it
-- is let in no longer.
ALTER TABLE station ADD COLUMN accepted_at INTEGER;
UPDATE station SET accepted_at = updated_at WHERE registration = 'accepted';
CREATE TRIGGER station_came AFTER INSERT ON station WHEN new.registration = 'accepted'
BEGIN
  UPDATE station SET accepted_at = new.updated_at WHERE id = new.id;
END;
CREATE TRIGGER station_accepted AFTER UPDATE OF registration ON station
WHEN new.registration = 'accepted' AND old.accepted_at IS NULL
BEGIN
  UPDATE station SET accepted_at = new.updated_at WHERE id = new.id;
END;

-- What is past its keeping: reservations with a price are kept as long as bills are.
CREATE INDEX reservation_spent ON reservation (expires_at)
WHERE state NOT IN ('asked', 'placed', 'cancelling') AND (tariff IS NULL OR placed_at IS NULL);
CREATE INDEX reservation_over ON reservation (expires_at) WHERE state NOT IN ('asked', 'placed', 'cancelling');

-- A party that a partner names no longer: its drivers charge no more, their sessions and bills stay theirs, and their
-- tokens are good again when it is named again.
ALTER TABLE partner_role ADD COLUMN left_at INTEGER;
CREATE INDEX token_owner ON token (owner) WHERE owner IS NOT NULL;
DROP VIEW token_to_list;
CREATE VIEW token_to_list AS
SELECT folded_uid AS tag, replace(uid, ' ', '') AS shown, kind, CASE valid WHEN 1 THEN 'accepted' ELSE 'blocked' END AS standing,
  group_id, valid_until, (owner IS NOT NULL) * 1099511627776 + id AS rank,
  row_number() OVER (PARTITION BY folded_uid ORDER BY owner IS NOT NULL, id) AS place
FROM token
WHERE kind IN ('RFID', 'OTHER') AND whitelist <> 'NEVER' AND (owner IS NULL OR valid = 1)
  AND (places IS NULL AND transfers IS NULL OR valid = 0)
  AND (owner IS NULL OR owner IN (
    SELECT partner_role.id FROM partner_role JOIN partner ON partner.id = partner_role.partner
    WHERE partner.state IN ('registered', 'paused') AND partner_role.left_at IS NULL));
