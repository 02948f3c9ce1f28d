"""What leaves the house on paper, read by programs of others: QR codes by ZBar, workbooks by openpyxl, documents by pypdf."""

import io
import re
import shutil
import subprocess
from decimal import Decimal

import openpyxl
import pytest
from playwright.async_api import async_playwright
from pypdf import PdfReader

from charging import priced, tariff
from house import until
from stations import later, now
from test_page import CHROMIUM, TAG

HOSTILE = '=HYPERLINK("http://evil")<b>&\u202e'


async def last_month(house, stations, name="Anna"):
    """A session that ended in the month before this one, billed; the month as the API writes it."""
    station = await stations(priced(house, "CS-1", await tariff(house)))
    (token,) = [t for t in await house.api.items("/tokens") if t["uid"] == TAG]
    await house.api.patch(f"/tokens/{token['id']}", {"visual_number": name})
    begin = now().replace(day=1) - later(86_400)
    await station.begin(TAG, meter=0, at=begin - later(7_200))
    await station.meter(9_000, at=begin - later(5_400), power=11_000)
    await station.end(18_000, at=begin - later(3_600))
    await until(lambda: house.api.items("/cdrs"))
    return begin.strftime("%Y-%m")


async def test_a_month_becomes_invoices_that_others_can_read(house, stations):
    month = await last_month(house, stations, name=HOSTILE)
    await house.api.put(
        "/company", {"name": "Größe & Söhne", "address": "Markt 1\n2611GP Delft", "vat_id": "NL001", "prefix": "R-"})
    draft = (await house.api.get(f"/months/{month}"))["drafts"][0]
    assert Decimal(draft["net"]) + sum(Decimal(t["amount"]) for t in draft["taxes"]) == Decimal(draft["total"])
    made = await house.api.post(f"/months/{month}/close", {})
    assert [i["name"] for i in made["invoices"]] == ["R-00001"]

    paper = PdfReader(io.BytesIO(await fetched(house, "/invoices/1/pdf?language=de")))
    text = paper.pages[0].extract_text()
    for wanted in ("Rechnung R-00001", "Größe & Söhne", draft["total"], "Market square"):
        assert wanted in text, f"{wanted} is not in\n{text}"

    book = openpyxl.load_workbook(io.BytesIO(await fetched(house, f"/invoices.xlsx?month={month}")))
    (heads, line) = list(book["Invoices"].values)
    row = dict(zip(heads, line))
    assert row["name"] == HOSTILE.replace("\u202e", "\\u202e") and Decimal(str(row["total"])) == Decimal(draft["total"])
    # A text that looks like a formula is a text there.
    cell = book["Invoices"].cell(row=2, column=heads.index("name") + 1)
    assert cell.data_type in ("s", "inlineStr")
    sessions = list(book["Sessions"].values)
    assert len(sessions) == 2 and sessions[1][0] == "R-00001"


@pytest.mark.skipif(not shutil.which("zbarimg"), reason="there is no zbarimg")
async def test_labels_are_read_by_another_decoder(house, stations, tmp_path):
    await stations(priced(house, "CS-1", await tariff(house)))
    base = "https://charge.example.org"
    made = await house.api.post(f"/stations/CS-1/codes?base={base}", {})
    assert len(made["items"]) == 2
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await chromium.new_page()
        for label in made["items"]:
            side = label["size"] + 8
            await page.set_content(
                f'<svg xmlns="http://www.w3.org/2000/svg" width="400" height="400" viewBox="-4 -4 {side} {side}" '
                f'style="background:#fff"><path d="{label["path"]}"/></svg>')
            image = tmp_path / "label.png"
            await page.locator("svg").screenshot(path=image)
            assert decoded(image) == label["url"]
        await chromium.close()
    paper = PdfReader(io.BytesIO(await fetched(house, f"/stations/CS-1/labels?base={base}&language=nl")))
    assert len(paper.pages) == 2
    assert made["items"][1]["url"] in paper.pages[1].extract_text()


async def fetched(house, path):
    answer = await house.api.http.get(path)
    assert answer.status_code == 200, answer.text
    return answer.content


def decoded(image):
    shown = subprocess.run(["zbarimg", "--quiet", "--raw", str(image)], capture_output=True, text=True, check=True)
    return re.sub(r"\n$", "", shown.stdout)
