-- The version of the tariff from which a live policy moves its prices, and the one that it made last: a newer one was
-- written by the operator, and from then on that one is moved.
ALTER TABLE price_policy ADD COLUMN anchor INTEGER;
ALTER TABLE price_policy ADD COLUMN made INTEGER;
