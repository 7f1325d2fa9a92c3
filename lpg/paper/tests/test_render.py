"""A page is made of its facts and our files alone: the same bytes anywhere, no letter or picture from elsewhere."""

import hashlib
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from lpg.paper import render as press
from lpg.paper.render import OUR_TEMPLATES, NotRendered, render
from lpg.paper.tests.reading import codes_on, fonts_of, pages_of, picture_of, text_of
from lpg.paper.tests.samples import BUYER, CHINESE, PAYNOW, a_document, a_line, a_receipt, a_statement

OUR_FONTS = {"Source-Sans-Pro", "Source-Sans-Pro-Semi-Bold", "Noto-Sans-SC"}
KINDS = [("document", a_document()), ("receipt", a_receipt()), ("statement", a_statement(5))]
IN_ANOTHER_PROCESS = """
import django; django.setup()
from lpg.paper.render import render
from lpg.paper.tests.test_render import KINDS
print(*(render(*kind).content_hash for kind in KINDS))
"""


def pdf_of(template: str, facts) -> bytes:
    return render(template, facts).content


# --- the same bytes -----------------------------------------------------------------------------------------------


def test_the_same_facts_give_the_same_bytes_in_any_process_on_any_day():
    here = [render(*kind) for kind in KINDS]
    for epoch, locale in (("0", "C"), ("4000000000", "C.UTF-8")):
        other = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", IN_ANOTHER_PROCESS],
            env={
                "DJANGO_SETTINGS_MODULE": "lpg.settings",
                "PATH": "/usr/bin:/bin",
                "SOURCE_DATE_EPOCH": epoch,
                "LC_ALL": locale,
                "TZ": "America/New_York",
                "PYTHONHASHSEED": epoch,
            },
            cwd=OUR_TEMPLATES.parents[3],
            capture_output=True,
            text=True,
            check=True,
        )
        assert other.stdout.split() == [page.content_hash for page in here]
    assert [page.content_hash for page in here] == [hashlib.sha256(page.content).hexdigest() for page in here]
    assert len({page.template_hash for page in here}) == len({page.renderer for page in here}) == 1
    assert here[0].renderer.startswith("WeasyPrint ")


def test_a_web_process_starts_without_weasyprint():
    start = (
        "import lpg.wsgi, sys, django.urls; django.urls.get_resolver().url_patterns; print('weasyprint' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", start],
        env={"PATH": "/usr/bin:/bin"},
        cwd=OUR_TEMPLATES.parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False"]


# --- letters ------------------------------------------------------------------------------------------------------


def test_only_our_fonts_get_in_and_only_the_letters_in_use():
    buyer = {**BUYER, "name": f"{CHINESE} தமிழ் العربية ☃ ﷽ 🔥"}  # what neither font has is a box, not another font
    found = fonts_of(pdf_of("document", a_document(buyer=buyer)))
    assert set(found) == OUR_FONTS
    assert all(state == ["yes", "yes"] for state in found.values())


def test_a_page_without_chinese_carries_no_chinese_font():
    pdf = pdf_of("document", a_document())
    assert set(fonts_of(pdf)) == OUR_FONTS - {"Noto-Sans-SC"}
    assert len(pdf) < 40_000


def test_chinese_names_and_addresses_can_be_read():
    buyer = {**BUYER, "name": CHINESE, "address": "武吉巴督东路8号"}
    text = text_of(pdf_of("document", a_document(buyer=buyer, lines=[a_line("石油气 14 公斤 國")])))
    for words in (CHINESE, "武吉巴督东路8号", "石油气 14 公斤 國"):
        assert words in text


# --- who would have more than a page read -------------------------------------------------------------------------

HOSTILE = [
    "<img src=file:///etc/passwd>",
    "<script>alert(1)</script>",
    "</p></div><h1>Paid</h1>",
    "{{ seller.name }}{% include 'document.html' %}",
    "&lt;b&gt; & \"quotes\" 'too'",
    "<link rel=attachment href=file:///etc/passwd>",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_text_whatever_it_holds(name):
    short = {**BUYER, "name": name, "address": name}
    pdf = pdf_of("document", a_document(buyer=short, lines=[a_line(name)], reason=name))
    text = text_of(pdf)
    assert text.replace(" ", "").count(name.replace(" ", "")) == 4
    assert "root:" not in text
    assert b"/EmbeddedFile" not in pdf


PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1" fill="#00FF00"/></svg>'


def test_templates_of_the_owner_come_first_and_reach_only_what_lies_beside_them(settings, tmp_path, caplog):
    secret = tmp_path / "secret.svg"
    secret.write_text(PICTURE.replace("#00FF00", "#FF00FF"))
    own = tmp_path / "own"
    own.mkdir()
    (own / "logo.svg").write_text(PICTURE)
    elsewhere = ["http://127.0.0.1:9/x.svg", secret.as_uri(), "../secret.svg", f"{own.as_uri()}/../secret.svg"]
    images = "".join(f'<img src="{url}">' for url in ["logo.svg", *elsewhere])
    (own / "receipt.html").write_text(f"<style>img {{ width: 3cm }}</style><p>{{{{ number }}}}</p>{images}")
    settings.TEMPLATE_DIR = str(own)

    changed = render("receipt", a_receipt())
    assert pages_of(changed.content) == ["RCP-2026-000310 Page 1 of 1"]
    seen = {colour for _, colour in picture_of(changed.content).getcolors(1_000_000)}
    assert (0, 255, 0) in seen
    assert (255, 0, 255) not in seen
    assert caplog.text.count("is not beside the templates") >= 3  # the last two are one
    assert "Golden Wok" in text_of(pdf_of("document", a_document()))  # the rest is still ours

    settings.TEMPLATE_DIR = ""
    assert render("receipt", a_receipt()).template_hash != changed.template_hash


def test_a_template_that_cannot_be_used_is_named(settings, tmp_path):
    (tmp_path / "receipt.html").write_text("{% if %}")
    settings.TEMPLATE_DIR = str(tmp_path)
    with pytest.raises(NotRendered, match=r"receipt\.html"):
        render("receipt", a_receipt())
    with pytest.raises(NotRendered, match=r"poster\.html"):
        render("poster", {})


def test_the_owner_can_change_the_style_alone(settings, tmp_path):
    style = (OUR_TEMPLATES / "paper.css").read_text()
    (tmp_path / "paper.css").write_text(f"{style}\n.company .name::after {{ content: ' & Sons' }}")
    settings.TEMPLATE_DIR = str(tmp_path)
    assert "HSH LPG Pte Ltd & Sons" in text_of(pdf_of("receipt", a_receipt()))


# --- long ones ----------------------------------------------------------------------------------------------------


def test_each_page_of_a_long_document_has_heads_number_and_page_of_pages():
    pages = pages_of(pdf_of("document", a_document(lines=[a_line(f"Floor {n}") for n in range(100)])))
    assert len(pages) == 4
    for number, page in enumerate(pages, 1):
        assert "Description Quantity" in page
        assert "INV-2026-000123" in page
        assert page.endswith(f"Page {number} of 4")
    assert [page.count("Scan to pay") for page in pages] == [0, 0, 0, 1]
    assert all(sum(f" Floor {n} " in page for page in pages) == 1 for n in range(100))


@pytest.mark.parametrize("count", range(10, 26))
def test_the_totals_never_stand_on_a_page_without_a_line(count):
    pages = pages_of(pdf_of("document", a_document(lines=[a_line(f"Floor {n}") for n in range(count)])))
    assert "To pay" in pages[-1]
    assert f" Floor {count - 1} " in pages[-1]
    assert "Total without GST" in pages[-1]


def test_long_names_are_broken_and_not_cut():
    name = "Wet" * 60 + " " + "Market Stall " * 9
    long = {**BUYER, "name": name, "address": "Block" * 40}
    pages = pages_of(pdf_of("document", a_document(buyer=long, lines=[a_line("Cylinder" * 25, rate="98765432.1234")])))
    assert len(pages) == 1
    packed = pages[0].replace(" ", "")
    assert "493,827,160.62" in packed
    for part in (name, "Cylinder" * 25):
        letters = part.replace(" ", "")
        assert letters[:12] in packed
        assert packed.count(letters[:3]) >= part.count(letters[:3]) - 9  # those torn in two at the end of a line


# --- the kinds that have no document of a sale --------------------------------------------------------------------


def test_a_receipt_says_who_paid_what_how_and_for_what():
    text = text_of(pdf_of("receipt", a_receipt()))
    for words in (
        "Receipt",
        "RCP-2026-000310",
        "20 Nov 2026, 14:05",
        "HSH LPG Pte Ltd",
        "Received from Received",
        "Golden Wok Restaurant Pte Ltd",
        "By PayNow",
        "DBS 7741 2290",
        "INV-2026-000123 1,357.79",
        "INV-2026-000098 100.00",
        "Kept as your credit 42.21",
        "Received S$1,500.00",
        "Page 1 of 1",
    ):
        assert words in text, words
    assert "Reversed" not in text


def test_a_reversed_receipt_says_so_first():
    reversed_ = a_receipt(
        reversed_at=KINDS[1][1]["received_at"],
        reverse_reason="Cheque came back",
        allocations=[],
        unallocated=Decimal("0.00"),
    )
    text = text_of(pdf_of("receipt", reversed_))
    assert "Reversed on 20 Nov 2026, 14:05: Cheque came back. This payment no longer counts." in text
    assert "Nothing" in text
    assert "Reversed S$1,500.00" in text


def test_a_statement_shows_money_and_cylinders_side_by_side():
    facts = a_statement(60)
    pages = pages_of(pdf_of("statement", facts))
    assert len(pages) == 2
    for words in (
        "Statement",
        "1 Nov 2026 to 30 Nov 2026",
        "Owed at the start S$ 812.50",
        "1 Nov 2026 Opening 812.50 14 kg × 8, 50 kg (POL) × 12",
        "20 Nov 2026 INV-2026-000000 Tax invoice 240.00 1,052.50 14 kg +5, 50 kg (POL) +2, 14 kg −4",
        "21 Nov 2026 RCP-2026-000003 Payment, PayNow −900.00 662.50",
    ):
        assert words in pages[0], words
    assert all("Date Document Amount S$ Balance S$ Cylinders" in page for page in pages)
    closing = f"{facts['closing']['balance']:,.2f}".replace("-", "−")
    assert f"30 Nov 2026 Closing {closing} 14 kg × 38, 50 kg (POL) × 72" in pages[-1]


def test_cylinders_that_moved_without_money_leave_the_amount_empty():
    facts = a_statement(1)
    facts["entries"][0].update(amount=None, what="Count of cylinders")
    text = text_of(pdf_of("statement", facts))
    assert "Count of cylinders 1,052.50 14 kg +5" in text


# --- the code -----------------------------------------------------------------------------------------------------


def test_a_phone_reads_the_code_on_the_page():
    assert codes_on(pdf_of("document", a_document())) == [PAYNOW]
    assert codes_on(pdf_of("document", a_document(paynow=""))) == []


def test_every_file_that_takes_part_is_in_the_template_hash():
    files, fonts = press._files(""), press._fonts()
    assert {path.name for path in fonts} == {Path(name).name for names in press.FONTS.values() for name in names}
    assert set(files) == {path.name for path in OUR_TEMPLATES.iterdir()}
    whole = press._hash_of(files, fonts)
    without = [press._hash_of({**files, name: b""}, fonts) for name in files]
    without += [press._hash_of(files, [one for one in fonts if one != font]) for font in fonts]
    assert len({whole, *without}) == 1 + len(files) + len(fonts)
