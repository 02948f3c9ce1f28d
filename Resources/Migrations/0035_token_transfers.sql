-- In which ways a token may charge, as words with blanks between them; NULL: all.
ALTER TABLE token ADD COLUMN transfers TEXT;

-- An entry of a list is good at all EVSEs of its station, so whoever may not charge at all kinds of them is on none.
DROP VIEW token_to_list;
CREATE VIEW token_to_list AS
SELECT folded_uid AS tag, replace(uid, ' ', '') AS shown, kind, CASE valid WHEN 1 THEN 'accepted' ELSE 'blocked' END AS standing,
  group_id, valid_until, (owner IS NOT NULL) * 1099511627776 + id AS rank,
  row_number() OVER (PARTITION BY folded_uid ORDER BY owner IS NOT NULL, id) AS place
FROM token
WHERE kind IN ('RFID', 'OTHER') AND whitelist <> 'NEVER' AND (owner IS NULL OR valid = 1)
  AND (places IS NULL AND transfers IS NULL OR valid = 0);
