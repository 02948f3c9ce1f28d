-- Where a token may charge; NULL: everywhere. What it names may be gone, and then it leads nowhere.
ALTER TABLE token ADD COLUMN places TEXT;

-- A list is the same at all stations, so whoever may not charge at all of them is on none: the house is asked each time.
DROP VIEW token_to_list;
CREATE VIEW token_to_list AS
SELECT folded_uid AS tag, replace(uid, ' ', '') AS shown, kind, CASE valid WHEN 1 THEN 'accepted' ELSE 'blocked' END AS standing,
  group_id, valid_until, (owner IS NOT NULL) * 1099511627776 + id AS rank,
  row_number() OVER (PARTITION BY folded_uid ORDER BY owner IS NOT NULL, id) AS place
FROM token
WHERE kind IN ('RFID', 'OTHER') AND whitelist <> 'NEVER' AND (owner IS NULL OR valid = 1) AND (places IS NULL OR valid = 0);
