"""What a PDF costs beside a bare WeasyPrint call of the same page, and two processes beside one.

python bench/paper.py                    a day's paper: 1,000 invoices
python bench/paper.py --invoices 200     a shorter look

Both bare calls are given the finished page and the same FontConfiguration, so ours has more to do: read the document,
gather its facts, make the QR code, fill the template, hash. "parsed" is also given the style as parsed before.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any

from _beside import our_django
from _server import ROOT

ROUNDS = 60
MOST = 1.05
LEAST = 1.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--invoices", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update({"DB_ENGINE": "sqlite", "DB_NAME": "", "DATA_DIR": folder, "LOG_LEVEL": "WARNING"})
        os.environ.update(
            {"COMPANY_UEN": "200012345W", "COMPANY_GST_REG_NO": "M2-1234567-8"}
        )  # a full page, with a code
        for command in (["migrate", "-v0"], ["demo"]):
            subprocess.run([sys.executable, str(ROOT / "manage.py"), *command], check=True, stdout=subprocess.DEVNULL)
        our_django()
        one_page()
        many(options.invoices)


def one_page() -> None:
    from lpg.invoices.models import Invoice
    from lpg.invoices.papers import facts_of, print_document
    from lpg.paper import render

    pk = an_invoice()
    print_document(Invoice.objects.get(pk=pk))  # imports, fonts, templates
    from weasyprint import CSS, HTML

    press = render._press("")
    page = press.page("document", facts_of(Invoice.objects.get(pk=pk)))

    style = (render.OUR_TEMPLATES / "paper.css").read_text()

    def bare() -> None:
        parse = HTML(string=page, base_url=press.base_url, url_fetcher=press.fetcher)
        parse.write_pdf(font_config=press.fonts, stylesheets=[CSS(string=style, font_config=press.fonts)])

    def parsed() -> None:
        parse = HTML(string=page, base_url=press.base_url, url_fetcher=press.fetcher)
        parse.write_pdf(font_config=press.fonts, stylesheets=[press.style])

    def ours() -> None:
        print_document(Invoice.objects.get(pk=pk))

    sides: dict[str, Callable[[], None]] = {"bare": bare, "bare, parsed": parsed, "ours": ours}
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(ROUNDS):
        for name in sorted(sides, reverse=bool(number % 2)):
            begun = time.process_time()
            sides[name]()
            found[name].append(time.process_time() - begun)
    print(f"{'one page':<24}{'CPU ms':>9}{'least':>9}")
    for name, times in found.items():
        print(f"{name:<24}{statistics.mean(times) * 1000:>9.1f}{min(times) * 1000:>9.1f}")
    for name in ("bare", "bare, parsed"):  # of the totals: garbage is collected now and then, and belongs to all
        print(f"{f'ours / {name}':<24}{sum(found['ours']) / sum(found[name]):>9.3f}{'':>9}   asked: at most {MOST}")


def many(count: int) -> None:
    print(f"\n{f'{count:,} invoices':<24}{'seconds':>9}{'per s':>9}")
    pk, rates = an_invoice(), {}
    for processes in (1, 2):
        with get_context("spawn").Pool(processes, start) as pool:
            pool.map(printed, [pk] * processes * 3, 1)  # each has begun
            begun = time.monotonic()
            for _ in pool.imap_unordered(printed, [pk] * count, 5):
                pass
            took = time.monotonic() - begun
        rates[processes] = count / took
        print(f"{f'{processes} process(es)':<24}{took:>9.1f}{rates[processes]:>9.1f}")
    print(f"{'ratio':<24}{'':>9}{rates[2] / rates[1]:>9.2f}   asked: at least {LEAST}")


def an_invoice() -> int:
    """The one-page document with most lines on it that the demo has."""
    from django.db.models import Count

    from lpg.invoices.models import Invoice

    rows: Any = Invoice.objects.filter(due_at_issue__gt=0).annotate(count=Count("lines")).order_by("-count", "pk")
    return int(rows[0].pk)


def start() -> None:
    our_django()


def printed(pk: int) -> int:
    from lpg.invoices.models import Invoice
    from lpg.invoices.papers import print_document

    return len(print_document(Invoice.objects.get(pk=pk)).content)


if __name__ == "__main__":
    main()
