-- The push queue calls a tariff by its party and its ref: two parties of ours may each have one of the same ref.
UPDATE push SET object =
  (SELECT party.country || '*' || party.party FROM party WHERE party.id = push.party) || '/' || object
WHERE module = 'tariffs' AND EXISTS (SELECT 1 FROM party WHERE party.id = push.party);
