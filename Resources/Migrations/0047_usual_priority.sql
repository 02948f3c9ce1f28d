-- What a session's priority was before somebody asked to go first, and is again after that.
ALTER TABLE session_need ADD COLUMN usual_priority INTEGER;
