-- A station repeats what it got no answer to: whether it was told before is asked with each.
CREATE INDEX battery_swap_told ON battery_swap (station, request);
CREATE INDEX alert_told ON alert (station, at);
