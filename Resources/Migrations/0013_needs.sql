-- What single stations need done differently.

-- The preset that applied at its last boot, with the reason; what the operator wrote stands in `quirks`.
ALTER TABLE station ADD COLUMN preset TEXT;

-- What the station said of each connector of an EVSE that has several.
ALTER TABLE connector ADD COLUMN status TEXT;

-- Remote stops of which it is not known yet whether the session ended.
CREATE INDEX command_stop ON command (session) WHERE verb = 'stop' AND phase IN ('sent', 'accepted');
