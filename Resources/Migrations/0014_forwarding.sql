-- The second central system that hears what a station says: its URL, our identity and password there, and the rules.
ALTER TABLE station ADD COLUMN forwarding TEXT;
