-- Where a station was seen to draw more than the limit that it took, and was not seen to follow since: a restart must not
-- believe it again.
CREATE TABLE disobedience (
  evse   INTEGER PRIMARY KEY REFERENCES evse ON DELETE CASCADE,
  since  INTEGER NOT NULL
) STRICT;

-- The highest load of a circuit of late, in tenths of an ampere per line: of the half day that lasts, and of the one before.
-- It counts while the circuit's meter is silent.
CREATE TABLE circuit_load (
  circuit    INTEGER PRIMARY KEY REFERENCES circuit ON DELETE CASCADE,
  l1         INTEGER NOT NULL,
  l2         INTEGER NOT NULL,
  l3         INTEGER NOT NULL,
  before_l1  INTEGER NOT NULL,
  before_l2  INTEGER NOT NULL,
  before_l3  INTEGER NOT NULL,
  since      INTEGER NOT NULL
) STRICT;

-- Whoever has said how alarms are told hears of silent meters too, until they say otherwise.
UPDATE setting SET value = json_insert(value, '$.rules[#]', json('{"kind":"meter_silent","on":true,"delay_minutes":5}'))
WHERE name = 'alarms' AND json_valid(value) AND json_type(value, '$.rules') = 'array';
