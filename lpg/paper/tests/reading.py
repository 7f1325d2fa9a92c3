"""Reading paper back: its letters, its fonts, its picture, and what a phone sees in it."""

import subprocess
from io import BytesIO

from PIL import Image
from pyzbar.pyzbar import ZBarSymbol, decode


def _run(pdf: bytes, *command: str) -> bytes:
    return subprocess.run(command, input=pdf, stdout=subprocess.PIPE, check=True).stdout


def text_of(pdf: bytes) -> str:
    """As one long line, so that it does not matter where lines were broken; a page ends with a form feed."""
    pages = _run(pdf, "pdftotext", "-layout", "-", "-").decode().split("\f")
    return "\f".join(" ".join(page.split()) for page in pages)


def pages_of(pdf: bytes) -> list[str]:
    return text_of(pdf).split("\f")[:-1]


def fonts_of(pdf: bytes) -> dict[str, list[str]]:
    """Each font, and whether it is embedded and a subset."""
    rows = _run(pdf, "pdffonts", "-").decode().splitlines()[2:]
    return {row.split()[0].partition("+")[2]: row.split()[-5:-3] for row in rows}


def picture_of(pdf: bytes) -> Image.Image:
    return Image.open(BytesIO(_run(pdf, "pdftoppm", "-r", "150", "-singlefile", "-png", "-")))


def codes_on(pdf: bytes) -> list[str]:
    return [code.data.decode() for code in decode(picture_of(pdf), [ZBarSymbol.QRCODE])]
