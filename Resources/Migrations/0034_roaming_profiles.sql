-- Which session of another network a command is about; NULL: none. Sessions are pruned before commands, so it may be gone.
ALTER TABLE roaming_command ADD COLUMN session INTEGER;
CREATE INDEX roaming_command_session ON roaming_command (session, number) WHERE session IS NOT NULL;

-- How its driver wants to be charged where nothing else was said (OCPI 2.2.1 §12.3.2, default_profile_type).
ALTER TABLE token ADD COLUMN preference TEXT;
