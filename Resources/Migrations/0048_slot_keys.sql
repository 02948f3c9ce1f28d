-- A key of one of a station's network profiles: good until the station comes to use it.
ALTER TABLE station_key ADD COLUMN of_slot INTEGER NOT NULL DEFAULT 0;
