-- Booking lists of other networks are read like their other lists: what a whole list has no more is gone.
ALTER TABLE roaming_booking_location ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE roaming_booking ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE roaming_booking ADD COLUMN gone_at INTEGER;
UPDATE roaming_booking_location SET seen_at = updated_at;
UPDATE roaming_booking SET seen_at = updated_at;
CREATE INDEX roaming_booking_location_gone ON roaming_booking_location (gone_at) WHERE gone_at IS NOT NULL;

-- From those that had told of their bookings before, whole lists are read at once.
INSERT INTO roaming_pull (partner, module, due_at, updated_at)
SELECT DISTINCT partner.id, list.value, 0, 0
FROM partner, json_each(partner.endpoints) AS endpoint, json_each('["booking_locations", "booking"]') AS list
WHERE endpoint.value ->> 'identifier' = 'booking' AND endpoint.value ->> 'role' = 'SENDER';

-- A booking that was refused may have been for any year: what is over goes by when it ended.
DROP INDEX booking_end;
CREATE INDEX booking_end ON booking (updated_at) WHERE status <> 'RESERVED';
