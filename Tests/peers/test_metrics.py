"""The figures of the daemon, read by Prometheus' own parser."""

import httpx
from prometheus_client.parser import text_string_to_metric_families

from stations import known


async def scraped(house, key=None):
    async with httpx.AsyncClient(base_url=house.url) as http:
        headers = {"Authorization": f"Bearer {key}"} if key else dict(house.api.http.headers)
        response = await http.get("/metrics", headers=headers)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = list(text_string_to_metric_families(response.text))
    assert len({family.name for family in families}) == len(families)
    samples = {}
    for family in families:
        assert family.documentation and family.type in ("counter", "gauge", "histogram"), family
        for sample in family.samples:
            place = (sample.name, *sorted(sample.labels.items()))
            assert place not in samples, f"{place} stands there twice"
            samples[place] = sample.value
    for family in families:
        if family.type == "histogram":
            buckets = [sample.value for sample in family.samples if sample.name.endswith("_bucket")]
            assert buckets == sorted(buckets) and buckets[-1] == samples[(family.name + "_count",)]
    return samples


async def test_the_figures_tell_what_happened(house, stations):
    before = await scraped(house)
    station = await stations(known(house, "CP-1"))
    await station.available()
    after = await scraped(house)
    rose = lambda *place: after[place] - before.get(place, 0)
    boot = (("action", "BootNotification"), ("direction", "received"), ("result", "ok"))
    assert rose("ostler_ocpp_frames_total", *boot) == 1
    assert after[("ostler_stations_connected", ("state", "accepted"), ("version", "1.6"))] == 1
    assert rose("ostler_turn_errands_count") >= 3 and rose("ostler_commit_seconds_count") >= 3
    received = sum(value for place, value in after.items() if place[0] == "ostler_received_bytes_total")
    assert received > 500
    assert after[("process_resident_memory_bytes",)] > 1e6
    assert 5 < after[("process_open_fds",)] < after[("process_max_fds",)]
    assert after[("process_start_time_seconds",)] > 1.7e9


async def test_only_who_may_look_is_told(house):
    async with httpx.AsyncClient(base_url=house.url) as http:
        assert (await http.get("/metrics")).status_code == 401
    key = (await house.api.post("/apikeys", {"name": "prometheus", "role": "viewer"}))["key"]
    samples = await scraped(house, key)
    refused = [value for place, value in samples.items()
               if place[0] == "ostler_http_refusals_total" and ("status", "401") in place]
    assert sum(refused) >= 1
