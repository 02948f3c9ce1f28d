-- What is past its keeping is found without reading a whole table.
CREATE INDEX session_tariff ON session (tariff) WHERE tariff IS NOT NULL;
CREATE INDEX reservation_tariff ON reservation (tariff) WHERE tariff IS NOT NULL;
CREATE INDEX usage_bucket ON usage (grain, bucket);

-- A CDR is asked for once: by which invoice stands with it, so that what is still owed is found at once.
ALTER TABLE cdr ADD COLUMN invoice INTEGER REFERENCES invoice;
UPDATE cdr SET invoice = (SELECT invoice FROM invoiced_cdr WHERE invoiced_cdr.cdr = cdr.id)
  WHERE id IN (SELECT cdr FROM invoiced_cdr);
DROP TABLE invoiced_cdr;
CREATE INDEX cdr_invoice ON cdr (invoice, id) WHERE invoice IS NOT NULL;
CREATE INDEX cdr_owed ON cdr (ended_at)
  WHERE invoice IS NULL AND held IS NULL AND coalesce(cost_taxed, cost) <> 0;
