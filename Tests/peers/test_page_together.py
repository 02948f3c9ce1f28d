"""Two people change one thing of the house: whoever saves last is told what the other did, and nothing is lost in silence."""

import base64
import os

import httpx
import pytest
from playwright.async_api import expect

from charging import priced, tariff
from test_page import CHROMIUM, TAG, browser, window  # noqa: F401: the fixtures are used by their names
from test_page_plan import picture

HOOK = "http://127.0.0.1:9/hook"


async def made(house):
    """A thing of each kind that people edit: where it is, how it is changed, and by which change."""
    post = house.api.post
    user = await post("/users", {"name": "bo", "role": "viewer"})
    hook = await post("/webhooks", {"name": "erp", "url": HOOK, "allow_private": True})
    token = (await house.api.items("/tokens"))[0]
    party = (await house.api.items("/parties"))[0]
    circuit = await post(f"/locations/{house.site}/circuits", {"name": "Main", "rated_a": "100", "usable_a": "80"})
    template = await post("/setting-templates", {"name": "Usual", "settings": {"HeartbeatInterval": "300"}})
    partner = (await post("/partners", {"name": "Somebody"}))["partner"]
    company = {"name": "Ostler BV", "address": "Markt 1", "note": "Thank you"}
    await post("/stations", {"id": "CP-1", "evses": 1, "location": house.site})
    plan = f"/locations/{house.site}/plan"
    await house.api.put(plan, {"image": base64.b64encode(picture()).decode()})
    await house.api.put(f"{plan}/pins/CP-1", {"x": 1, "y": 1})
    await house.api.patch("/stations/CP-1/outlets/1", {"circuit": circuit["id"]})
    tiles = {"url": "https://tiles.example/{z}/{x}/{y}.png", "attribution": "Somebody"}
    place = await post("/booking-locations", {"location": house.site, "rules": {"slot_minutes": 30, "days_ahead": 2}})
    zone = {"time_zone": "Europe/Amsterdam", "rules": [], "recipients": []}
    return {
        "booking location": (f"/booking-locations/{place['id']}", "PATCH", {"open": False}),
        "alarm rules": ("/alarms/rules", "PUT", {**zone, "calm_minutes": 7}),
        "public page": ("/public", "PUT", {"status": True}),
        "map tiles": ("/map-tiles", "PUT", tiles),
        "plan": (plan, "PUT", {"image": base64.b64encode(picture(20, 20)).decode()}),
        "outlet": ("/stations/CP-1/outlets/1", "PATCH", {"fallback_a": "6"}),
        "local list": ("/stations/CP-1/local-list", "PATCH", {"keep": True}),
        "user": (f"/users/{user['id']}", "PATCH", {"role": "support"}),
        "webhook": (f"/webhooks/{hook['id']}", "PATCH", {"kinds": ["cdr."]}),
        "token": (f"/tokens/{token['id']}", "PATCH", {"visual_number": "7"}),
        "party": (f"/parties/{party['id']}", "PATCH", {"business_name": "Another"}),
        "circuit": (f"/circuits/{circuit['id']}", "PATCH", {"name": "Basement"}),
        "template": (f"/setting-templates/{template['id']}", "PATCH", {"name": "Other"}),
        "partner": (f"/partners/{partner['id']}", "PATCH", {"name": "Nobody"}),
        "site": (f"/locations/{house.site}", "PATCH", {"name": "Old market"}),
        "company": ("/company", "PUT", company),
    }


async def test_a_change_of_what_changed_meanwhile_is_refused(house):
    http = httpx.AsyncClient(base_url=f"{house.url}/api/v1", headers={"Authorization": f"Bearer {house.key}"}, timeout=20)
    async with http:
        for kind, (path, verb, change) in (await made(house)).items():
            read = (await http.get(path)).headers["etag"]
            first = await http.request(verb, path, json=change, headers={"If-Match": read})
            assert first.status_code == 200 and first.headers["etag"] != read, f"{kind}: {first.status_code} {first.text}"
            late = await http.request(verb, path, json=change, headers={"If-Match": read})
            assert late.status_code == 412, f"{kind}: {late.status_code} {late.text}"
            assert (await http.get(path)).headers["etag"] == first.headers["etag"], kind
            again = await http.request(verb, path, json=change, headers={"If-Match": first.headers["etag"]})
            assert again.status_code == 200, f"{kind}: {again.status_code} {again.text}"


async def test_what_is_said_of_a_session_a_pin_and_the_sun_is_refused_where_it_changed_meanwhile(house, stations):
    """What is read in one place and changed in another, or needs a session that runs."""
    station = await stations(priced(house, "CP-1", await tariff(house)))
    await station.begin(TAG, meter=0)
    session = (await house.api.items("/sessions"))[0]["id"]
    plan = f"/locations/{house.site}/plan"
    await house.api.put(plan, {"image": base64.b64encode(picture()).decode()})
    http = httpx.AsyncClient(base_url=f"{house.url}/api/v1", headers={"Authorization": f"Bearer {house.key}"}, timeout=20)
    async with http:
        for read, path, verb, change in (
                (f"/sessions/{session}/need", None, "PATCH", {"energy_kwh": "20", "priority": 2}),
                (f"/sessions/{session}/limit", None, "PATCH", {"energy_kwh": "30"}),
                (f"/locations/{house.site}/surplus", None, "PUT", {"power_kw": "4.5"}),
                (plan, f"{plan}/pins/CP-1", "PUT", {"x": 5, "y": 6}),
                (plan, f"{plan}/pins/CP-1", "DELETE", None)):
            path = path or read
            old = (await http.get(read)).headers["etag"]
            first = await http.request(verb, path, json=change, headers={"If-Match": old})
            assert first.is_success, f"{path}: {first.status_code} {first.text}"
            new = (await http.get(read)).headers["etag"]
            assert new != old and first.headers.get("etag", new) == new, path
            late = await http.request(verb, path, json=change, headers={"If-Match": old})
            assert late.status_code == 412, f"{path}: {late.status_code} {late.text}"
            assert (await http.get(read)).headers["etag"] == new, path


@pytest.mark.skipif(not os.access(CHROMIUM, os.X_OK), reason=f"there is no Chromium at {CHROMIUM}")
async def test_the_page_shows_what_somebody_else_changed_meanwhile(house, window):  # noqa: F811
    made_ = await house.api.post("/webhooks", {"name": "erp", "url": HOOK, "allow_private": True, "kinds": ["cdr."]})
    view = await window(house)
    page = await view.log_in()
    await page.goto(f"{house.url}/settings?tab=alarms")
    await page.get_by_role("button", name="Actions: erp").click()
    await page.get_by_role("menuitem", name="Change").click()
    form = page.get_by_role("dialog")
    await expect(form.locator("[name=url]")).to_have_value(HOOK)
    await house.api.patch(f"/webhooks/{made_['id']}", {"url": f"{HOOK}/theirs"})
    await form.locator("[name=url]").fill(f"{HOOK}/mine")
    await form.get_by_role("button", name="Save").click()
    await expect(form.locator(".trouble")).to_contain_text(f"{HOOK}/theirs")
    # Chromium notes each 4xx on the console; this one is the answer that is wanted.
    view.trouble = [line for line in view.trouble if "status of 412" not in line]
    await expect(form.locator(".trouble")).to_contain_text(f"{HOOK}/mine")
    await expect(form.locator("[name=url]")).to_have_value(f"{HOOK}/mine")
    # Whoever knows it may overrule it.
    await form.get_by_role("button", name="Save").click()
    await expect(form).to_have_count(0)
    assert (await house.api.get(f"/webhooks/{made_['id']}"))["url"] == f"{HOOK}/mine"
