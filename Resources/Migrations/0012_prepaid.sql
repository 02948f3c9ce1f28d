-- What is left of a token that was paid for before, in 10⁻⁴ of the house's currency; NULL: it is billed afterwards.
ALTER TABLE token ADD COLUMN credit INTEGER;
