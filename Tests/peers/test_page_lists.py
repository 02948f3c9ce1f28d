"""Long lists on the page: sorted by the daemon, found again under a name, taken away as tables; and that what a role is offered
it may also do."""

import asyncio
import csv
import io
import json
import os
import re
from itertools import count
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Error, expect

from conftest import SITE
from house import until
from stations import known
from test_page import CHROMIUM, DESK, PHONE, browser, inhabited, window  # noqa: F401: the fixtures are used by their names

pytestmark = pytest.mark.skipif(not os.access(CHROMIUM, os.X_OK), reason=f"there is no Chromium at {CHROMIUM}")


async def test_a_long_list_is_sorted_by_the_daemon_from_the_keyboard(house, window):  # noqa: F811
    names = [f"Driver {number:03}" for number in range(150)]
    shuffled = sorted(names, key=lambda name: name[::-1])
    text = "uid,visual_number\r\n" + "".join(f"04{i:06X},{name}\r\n" for i, name in enumerate(shuffled))
    made = await house.api.post("/imports/tokens", {"text": text})
    assert made["created"] == 150
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/tokens?q=Driver")
    table = page.get_by_role("table", name="Drivers & tokens")
    head = table.get_by_role("columnheader", name="Name")
    drawn = "t => [...t.querySelectorAll('tbody tr')].map((r) => r.cells[3].textContent)"

    async def order(way, expected):
        await expect(head).to_have_attribute("aria-sort", way)
        async def seen():
            return (await table.evaluate(drawn)) == expected
        await until(seen, 10, what=f"{way}: {expected[:2]}")

    await head.get_by_role("button").focus()
    await page.keyboard.press("Enter")
    await order("ascending", names[:100])
    assert "sort=visual_number" in page.url
    await expect(head.get_by_role("button")).to_be_focused()
    await page.keyboard.press("Enter")
    await order("descending", names[:49:-1])
    await page.reload()
    await order("descending", names[:49:-1])
    await page.get_by_role("button", name="More", exact=True).click()
    async def all_of_them():
        return await table.evaluate("t => t.querySelectorAll('tbody tr').length") == 100 and await page.get_by_text("150 rows").count() == 1
    await until(all_of_them, 10, what="the second page continues the first one")
    # Heads of columns are not to be seen on a phone.
    await page.set_viewport_size(PHONE)
    await page.reload()
    await page.get_by_label("Sort by…").select_option("uid up")
    await expect(table.get_by_role("columnheader", name="UID")).to_have_attribute("aria-sort", "ascending")
    assert "sort=uid" in page.url
    await page.set_viewport_size(DESK)


async def test_filters_are_kept_under_a_name_and_found_again(house, stations, window):  # noqa: F811
    await stations(known(house, "CP-1", location=house.site))
    await stations(known(house, "CP-2", location=house.site))
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/stations")
    views = page.get_by_role("button", name="Saved filters")
    await views.click()
    await expect(page.get_by_role("menuitem", name="Save these filters…")).to_have_attribute("aria-disabled", "true")
    await page.keyboard.press("Escape")
    await page.get_by_role("searchbox").fill("CP-2")
    await page.get_by_role("button", name="Station", exact=True).click()
    await views.click()
    await page.get_by_role("menuitem", name="Save these filters…").click()
    await page.get_by_role("dialog").get_by_label("Name").fill("<b>Mine</b>")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.goto(f"{house.url}/stations")
    await expect(page.locator("tbody tr[data-key]")).to_have_count(2)
    await views.click()
    await page.get_by_role("menuitem", name="<b>Mine</b>").click()
    await expect(page.locator("tbody tr[data-key]")).to_have_count(1)
    asked = parse_qs(urlsplit(page.url).query)
    assert asked["q"] == ["CP-2"] and asked["sort"] == ["-id"], page.url
    await views.click()
    await page.get_by_role("menuitem", name="Remove “<b>Mine</b>”").click()
    await expect(page.get_by_role("status")).to_contain_text("is removed")
    await views.click()
    await expect(page.get_by_role("menuitem")).to_have_count(1)


# Whether answers are awaited, and what was refused, by its title.
COUNT = """() => {
  const real = window.fetch;
  window.heard = { pending: 0, refused: [] };
  window.fetch = async (...what) => {
    heard.pending += 1;
    try {
      const answer = await real(...what);
      if (answer.status === 409) heard.refused.push((await answer.clone().json()).title);
      return answer;
    } finally {
      heard.pending -= 1;
    }
  };
}"""
# Until no answer is awaited any more, three times: what an answer leads to may ask for more.
REST = """async () => {
  const turn = () => new Promise((done) => setTimeout(done));
  for (let calm = 0, i = 0; calm < 3 && i < 500; i += 1) { await turn(); calm = heard.pending ? 0 : calm + 1; }
}"""
SIDE_BY_SIDE = 3
# What is clicked once on a screen: everything that can be seen there and is no way to somewhere else.
BUTTONS = """() => {
  const all = [...document.querySelectorAll('main button')].filter((e) => !e.disabled && e.checkVisibility() && e.getClientRects().length);
  all.forEach((e, i) => { e.dataset.number = i; });
  return all.length;
}"""
# Gives what was refused without a word of it to be seen.
CLICK = """async (number) => {
  const turn = () => new Promise((done) => setTimeout(done));
  const until = async (look, turns) => { for (let i = 0; i < turns && !look(); i += 1) await turn(); };
  const rest = REST;
  const silent = [];
  const isSaid = (title) => [...document.body.children].some((part) => part.id !== 'status' && part.innerText.includes(title));
  const told = async (name) => {
    for (const title of heard.refused.splice(0)) {
      await until(() => isSaid(title), 200);
      if (!isSaid(title)) silent.push(name);
    }
  };
  const submit = async (name) => {
    for (const form of document.querySelectorAll('dialog[open] form')) {
      form.noValidate = true;
      for (const field of form.querySelectorAll('[name=typed]')) field.value = field.closest('.field').querySelector('b, code, .id')?.textContent ?? '';
      for (const field of form.elements) {
        if (field.tagName === 'SELECT' && !field.value && field.options.length > 1) field.selectedIndex = 1;
        else if (['text', 'search', 'number', 'textarea'].includes(field.type) && !field.value) field.value = '1';
      }
      form.requestSubmit();
      await rest();
    }
    await told(name);
    for (const box of document.querySelectorAll('dialog[open]')) box.close();
  };
  const button = document.querySelector(`main [data-number="${number}"]`);
  if (!button) return silent;
  const name = button.ariaLabel ?? button.textContent;
  const items = () => document.querySelectorAll('[role=menuitem]');
  const opens = button.getAttribute('aria-haspopup') === 'menu';
  const open = async () => {
    button.click();
    if (opens) await until(() => items().length, 200);
    await rest();
  };
  await open();
  if (!opens) {
    await submit(name);
    return silent;
  }
  const count = items().length;
  for (let i = 0; i < count; i += 1) {
    if (i > 0) await open();
    const item = items()[i];
    if (!item) break;
    const place = location.href;
    const label = `${name}: ${item.textContent}`;
    item.click();
    await rest();
    await submit(label);
    if (location.href !== place) { history.back(); break; }
  }
  return silent;
}""".replace("REST", REST)


async def come_in(view, name, password):
    page = await view.go("/")
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(password)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    return page


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("role, limited", [("viewer", False), ("viewer", True), ("support", False), ("operator", False), ("operator", True)])
async def test_what_somebody_is_offered_they_may_do(house, stations, partners, window, role, limited):  # noqa: F811
    """Each button of each screen is pressed, and what it would send is refused, which is said; then all that was wished is
    sent, and nothing is refused for who asks. Nothing is refused while a screen is read. Each link to the API leads to
    something."""
    screens = await inhabited(house, stations, partners)
    if limited:
        # A partner is of the whole house, and nothing leads those to it who are not.
        screens = [screen for screen in screens if not re.match("/partners/", screen)]
    other = await house.api.post("/locations", {**SITE, "ref": "ELSEWHERE", "name": "Elsewhere"})
    await stations(known(house, "CP-9", location=other["id"]))
    made = await house.api.post("/users", {"name": "vera", "role": role, **({"sites": [house.site]} if limited else {})})
    view = await window(house)
    page = await come_in(view, "vera", made["password"])
    wished, links, flaws = {}, {}, []
    titles = (f"Kept back {number}." for number in count())

    async def keep(route):
        request = route.request
        where = urlsplit(request.url)
        if request.method in ("GET", "HEAD"):
            return await route.continue_()
        name = re.sub(r"[0-9a-f-]{36}|(?<=[/-])\d+", "N", where.path)
        wished.setdefault((request.method, name), (where.path.removeprefix("/api/v1"), request.post_data))
        problem = {"type": "urn:ostler:problem:conflict", "title": next(titles)}
        await route.fulfill(status=409, content_type="application/problem+json", body=json.dumps(problem))

    async def read(page, screen):
        await page.goto(house.url + screen)
        await page.get_by_role("heading", level=1).wait_for()
        await page.evaluate(REST)

    async def walk(screens):
        """In a page of its own, beside others: most of the time is spent with waiting."""
        page = await view.context.new_page()
        view.watch(page)
        await page.add_init_script(f"({COUNT})()")
        await page.route("**/api/v1/**", keep)
        screen = None

        def refused(answer):
            if answer.status == 403:
                flaws.append(f"{screen}: refused while it is read: {answer.request.method} {urlsplit(answer.url).path}")

        page.on("response", refused)
        while screens:
            screen = screens.pop(0)
            await read(page, screen)
            for link in await page.eval_on_selector_all("a[href^='/api/']", "all => all.map((a) => a.getAttribute('href'))"):
                links.setdefault(link, screen)
            for number in range(await page.evaluate(BUTTONS)):
                try:
                    flaws.extend(f"{screen}: nothing is said when {name} is refused" for name in await page.evaluate(CLICK, number))
                    is_here = urlsplit(page.url).path == urlsplit(screen).path
                except Error:    # Some lead away or begin the page anew, such as another language.
                    is_here = False
                if not is_here:
                    await read(page, screen)
                    await page.evaluate(BUTTONS)
        await page.close()

    await asyncio.gather(*[walk(screens) for _ in range(SIDE_BY_SIDE)])
    assert links and all(link.startswith("/api/v1/") for link in links)
    for link, screen in links.items():
        status = await page.evaluate("async (link) => (await fetch(link)).status", link)
        if status != 200:
            flaws.append(f"{screen}: the link {link} leads to {status}")
    csrf = await page.evaluate("async () => (await (await fetch('/api/v1/me')).json()).csrf_token")
    for (method, name), (where, body) in wished.items():
        if name in ("/api/v1/logout", "/api/v1/me/logins/N"):
            continue
        status = await page.evaluate(
            """async ([method, where, body, csrf]) => (await fetch('/api/v1' + where, {
              method, body, headers: { 'X-CSRF-Token': csrf, 'Content-Type': 'application/json' } })).status""", [method, where, body, csrf])
        if status == 403:
            flaws.append(f"{method} {where} is offered and refused")
    # That something is held back or refused makes Chromium complain, which is the truth.
    view.trouble = [line for line in view.trouble if not re.search(r"status of (403|404|409|412|422|50\d)", line)]
    assert not flaws, "\n".join(sorted(set(flaws)))
    assert len(wished) > {"viewer": 0, "support": 5, "operator": 10}[role], sorted(wished)


async def test_tables_hold_what_strangers_wrote_and_run_nothing(house, stations, window):  # noqa: F811
    """Texts that a spreadsheet would run, in each list that has some."""
    formula = '=HYPERLINK("http://x","y")'
    station = await stations(known(house, "CP-1", location=house.site))
    await station.authorize("+1+1")
    await house.api.post("/setting-templates", {"name": formula, "settings": {"A": "1"}})
    await house.api.post("/tokens", {"uid": "@SUM(1)", "visual_number": formula})
    await house.api.post("/webhooks", {"name": formula[:60], "url": "http://127.0.0.1:9/hook", "allow_private": True})
    await house.api.post("/users", {"name": "-bert", "role": "viewer"})
    await until(lambda: house.api.items("/unknown-tags"), 10, what="the stranger's tag")
    found = 0
    document = await house.api.get("/openapi.json")
    tables = [path for path in document["paths"] if path.endswith(".csv") and "{" not in path]
    assert len(tables) > 30
    for path in tables:
        query = {"month": "2026-11"} if path in ("/cdrs.csv", "/invoices.csv") else {}
        reply = await house.api.http.get(path, params=query)
        assert reply.status_code in (200, 422), (path, reply.status_code, reply.text)
        if reply.status_code == 422:
            continue
        for row in csv.reader(io.StringIO(reply.text)):
            for cell in row:
                assert not re.match(r"[ \t\r\n]*[=+@]", cell) and not re.match(r"-[^0-9]", cell), (path, cell)
                found += cell.startswith("'")
    assert found >= 4, "none of them was found"
