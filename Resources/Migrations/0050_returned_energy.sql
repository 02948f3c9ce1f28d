-- Energy that a vehicle gives back (OCPP 2.1 block Q): the export register of a meter, where it has one.
ALTER TABLE reading ADD COLUMN exported INTEGER;
ALTER TABLE session ADD COLUMN export_start INTEGER;
ALTER TABLE session ADD COLUMN export_last INTEGER;
