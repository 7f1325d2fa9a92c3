"""From facts to a PDF. The same facts give the same bytes, in any process, on any day.

All that takes part is read once for each process: templates, style, mark and fonts. WeasyPrint is imported at the first
page, for a web process starts without it. No other file is read for a page, nothing from the network, and no letter
comes from a font that happens to be installed.
"""

import os
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname
from xml.sax.saxutils import escape

from django.conf import settings
from django.contrib.staticfiles import finders
from django.template import Context, Engine, TemplateDoesNotExist, TemplateSyntaxError
from django.utils.safestring import mark_safe

OUR_TEMPLATES = Path(__file__).parent / "templates" / "paper"
MARK = "office/flame.svg"
FONTS = {  # by the package that carries them
    "font_source_sans_pro": [
        "files/SourceSansPro-Regular.ttf",
        "files/SourceSansPro-Semibold.ttf",
        "files/SourceSansPro-Bold.ttf",
    ],
    "pylopdf_fonts_zh_cn": ["NotoSansSC-Regular.otf"],
}


class Rendered(NamedTuple):
    """A PDF and what it was made of."""

    content: bytes
    content_hash: str
    template_hash: str
    renderer: str


class NotRendered(Exception):
    """No PDF can be made here: the words say what to put right. Trying again alone does not help."""


def render(template: str, facts: Mapping[str, Any]) -> Rendered:
    """The PDF of `template` ("document", "receipt", "statement") with these facts. Raises NotRendered."""
    press = _press(settings.TEMPLATE_DIR)
    content = press.pdf(press.page(template, facts))
    return Rendered(content, sha256(content).hexdigest(), press.template_hash, press.renderer)


class Press:
    """What every page of this process is made with."""

    def __init__(self, folder: str) -> None:
        files = _files(folder)
        fonts = _fonts()
        self.template_hash = _hash_of(files, [*fonts, _mark()])
        names = {name: text.decode() for name, text in files.items() if name.endswith(".html")}
        in_memory = ("django.template.loaders.locmem.Loader", names)
        self.engine = Engine(
            loaders=[("django.template.loaders.cached.Loader", [in_memory])],
            builtins=["lpg.paper.filters"],
        )
        self.mark = mark_safe(_mark().read_text())  # noqa: S308  # our own file
        weasyprint = _weasyprint(fonts)
        self.html = weasyprint.HTML
        self.fonts = weasyprint.text.fonts.FontConfiguration()
        self.fetcher = _fetcher(weasyprint, [OUR_TEMPLATES, *([Path(folder).resolve()] if folder else [])])
        self.base_url = (Path(folder) if folder else OUR_TEMPLATES).resolve().as_uri() + "/"
        style = files["paper.css"].decode()
        self.style = weasyprint.CSS(
            string=style, base_url=self.base_url, url_fetcher=self.fetcher, font_config=self.fonts
        )
        pango = weasyprint.text.ffi.pango.pango_version()
        self.renderer = (
            f"WeasyPrint {weasyprint.__version__}, Pango {pango // 10000}.{pango // 100 % 100}.{pango % 100}"
        )

    def page(self, template: str, facts: Mapping[str, Any]) -> str:
        """The HTML of a page."""
        try:
            return self.engine.get_template(f"{template}.html").render(Context({**facts, "mark": self.mark}))
        except (TemplateDoesNotExist, TemplateSyntaxError) as error:
            raise NotRendered(f"The template {template}.html cannot be used: {error}") from error

    def pdf(self, page: str) -> bytes:
        """The PDF of that."""
        document = self.html(string=page, base_url=self.base_url, url_fetcher=self.fetcher)
        content: bytes = document.write_pdf(font_config=self.fonts, stylesheets=[self.style])
        return content


@cache
def _press(folder: str) -> Press:
    return Press(folder)


def _files(folder: str) -> dict[str, bytes]:
    """Templates and style by name: ours, and in their place those that the owner put into TEMPLATE_DIR."""
    found: dict[str, bytes] = {}
    for place in (OUR_TEMPLATES, *([Path(folder)] if folder else [])):
        found |= {
            path.relative_to(place).as_posix(): path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()
        }
    return found


def _fonts() -> list[Path]:
    places = {package: find_spec(package) for package in FONTS}
    return [
        Path(next(iter(place.submodule_search_locations))) / name
        for package, place in places.items()
        if place and place.submodule_search_locations
        for name in FONTS[package]
    ]


def _mark() -> Path:
    return Path(finders.find(MARK) or "")


def _hash_of(files: dict[str, bytes], others: list[Path]) -> str:
    total = sha256()
    for name, content in [*sorted(files.items()), *((path.name, path.read_bytes()) for path in others)]:
        total.update(f"{name} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()


def _weasyprint(fonts: list[Path]) -> Any:
    """WeasyPrint, told of our fonts only."""
    os.environ["FONTCONFIG_FILE"] = str(_fontconfig(fonts))
    os.environ["SOURCE_DATE_EPOCH"] = "0"  # else fontTools, where it cuts a font, writes down the time
    if hasattr(os, "add_dll_directory") and Path(settings.GTK_FOLDER).is_dir():
        os.add_dll_directory(settings.GTK_FOLDER)  # Windows looks for no library by itself
    try:
        import weasyprint  # noqa: PLC0415  # half a second, and only who prints needs it
        import weasyprint.text.fonts  # noqa: PLC0415
    except OSError as error:
        raise NotRendered(
            f"Pango, which draws the letters on PDFs, is not installed ({error}). On Debian: apt-get install"
            " libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0. On Windows: GTK_FOLDER names GTK's bin folder."
        ) from error
    return weasyprint


def _fontconfig(fonts: list[Path]) -> Path:
    """The file that tells fontconfig which fonts there are: these, and none of the machine's."""
    folder = Path(settings.DATA_DIR) / "fonts"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = "\n".join(
        [
            '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">\n<fontconfig>',
            *(f"<dir>{escape(str(place))}</dir>" for place in dict.fromkeys(font.parent for font in fonts)),
            "<selectfont>",
            *(f"<acceptfont><glob>{escape(str(font))}</glob></acceptfont>" for font in fonts),
            "<rejectfont><glob>*</glob></rejectfont>\n</selectfont>",
            f"<cachedir>{escape(str(folder / 'cache'))}</cachedir>\n</fontconfig>\n",
        ]
    )
    path = folder / "fonts.conf"
    if not path.exists() or path.read_text() != wanted:
        with NamedTemporaryFile("w", dir=folder, delete=False) as new:  # never half a file: others may be starting
            new.write(wanted)
        Path(new.name).replace(path)
    return path


def _fetcher(weasyprint: Any, folders: list[Path]) -> Any:
    """Reads files beside the templates for them, and nothing else in the world."""

    class Fetcher(weasyprint.urls.URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: Any = None) -> Any:
            parts = urlsplit(url)
            path = Path(url2pathname(parts.path)).resolve()
            if parts.scheme != "file" or parts.netloc or not any(path.is_relative_to(folder) for folder in folders):
                raise PermissionError(f"{url} is not beside the templates")
            return super().fetch(url, headers)

    return Fetcher()
