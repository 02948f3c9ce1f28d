-- The end of each command asks whether it was the step of a walk.
CREATE INDEX profile_walk_command ON profile_walk (command) WHERE command IS NOT NULL;
