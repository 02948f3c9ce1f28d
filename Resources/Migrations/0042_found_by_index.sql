-- What is past its keeping, what a partner waits for, and which sessions wait for a car or a late stop are found without
-- reading a whole table.
CREATE INDEX push_told ON push (sent_at) WHERE sent >= wanted AND module NOT IN ('locations', 'evses', 'tariffs', 'tokens');
CREATE INDEX push_known ON push (sent_at, party) WHERE sent >= wanted AND module IN ('locations', 'evses', 'tariffs', 'tokens');
CREATE INDEX push_depth ON push (partner, state, due_since, next_at) WHERE sent < wanted;
CREATE INDEX roaming_location_gone ON roaming_location (gone_at) WHERE gone_at IS NOT NULL;
CREATE INDEX roaming_tariff_gone ON roaming_tariff (gone_at) WHERE gone_at IS NOT NULL;
CREATE INDEX session_waiting ON session (updated_at) WHERE ended_at IS NULL AND state <> 'active';

-- The drivers of a partner whose relationship ended are on no list: nobody would pay for what they charge.
DROP VIEW token_to_list;
CREATE VIEW token_to_list AS
SELECT folded_uid AS tag, replace(uid, ' ', '') AS shown, kind, CASE valid WHEN 1 THEN 'accepted' ELSE 'blocked' END AS standing,
  group_id, valid_until, (owner IS NOT NULL) * 1099511627776 + id AS rank,
  row_number() OVER (PARTITION BY folded_uid ORDER BY owner IS NOT NULL, id) AS place
FROM token
WHERE kind IN ('RFID', 'OTHER') AND whitelist <> 'NEVER' AND (owner IS NULL OR valid = 1)
  AND (places IS NULL AND transfers IS NULL OR valid = 0)
  AND (owner IS NULL OR owner IN (
    SELECT partner_role.id FROM partner_role JOIN partner ON partner.id = partner_role.partner
    WHERE partner.state IN ('registered', 'paused')));
