"""All settings, read from the environment, from `.env`, or (X_FILE) from the file that a variable names."""

import re
import secrets
from datetime import date, timedelta
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from environs import FileAwareEnv

from lpg.office.look import UNFOLD  # noqa: F401  # a setting, as every capital name here

ROOT = Path(__file__).resolve().parent.parent
env = FileAwareEnv()
env.read_env(str(ROOT / ".env"), recurse=False)


def _listed(name: str) -> list[str]:
    """The values of a comma list, blanks left out."""
    values: list[str] = env.list(name, [])
    return [value.strip() for value in values if value.strip()]


def _is_sender(text: str) -> bool:
    """Whether mail can come from there: an address, or a name with its address in brackets."""
    try:
        text.rpartition("@")[2].rstrip(">").encode("idna")
    except UnicodeError:
        return False
    return bool(re.fullmatch(r"[^<>\r\n]*<[^@\s<>]+@[^@\s<>]+>|[^@\s<>]+@[^@\s<>]+", text))


DEBUG = env.bool("DEBUG", True)
PORT = env.int("PORT", 8000)
WEB_PROCESSES = env.int("WEB_PROCESSES", 2)
DATA_DIR = ROOT / env.str("DATA_DIR", "var")
try:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
except OSError as error:
    raise ImproperlyConfigured(f"DATA_DIR {DATA_DIR} cannot be made: {error.strerror}") from error

# --- secrets and hosts: made up for a first try, demanded in production -------------------------------------------

MIN_SECRET = 50
SECRET_KEY = env.str("SECRET_KEY", "")
ALLOWED_HOSTS: list[str] = _listed("ALLOWED_HOSTS")
DB_ENGINE = env.str("DB_ENGINE", "sqlite")
DB_PASSWORD = env.str("DB_PASSWORD", "")

if not DEBUG:
    missing = []
    if len(SECRET_KEY) < MIN_SECRET or "insecure" in SECRET_KEY or len(set(SECRET_KEY)) < MIN_SECRET // 5:
        missing.append(f"SECRET_KEY (at least {MIN_SECRET} random characters)")
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        missing.append("ALLOWED_HOSTS (the host names of this system, separated by commas; no wildcard)")
    if DB_ENGINE == "mysql" and not DB_PASSWORD:
        missing.append("DB_PASSWORD (the password of the database user)")
    if missing:
        raise ImproperlyConfigured(
            "with DEBUG=false these must be set, in the environment, in .env, or each as NAME_FILE naming a file: "
            + "; ".join(missing)
        )
elif not SECRET_KEY:
    key_file = DATA_DIR / "secret_key"
    if not key_file.exists():
        new_key_file = DATA_DIR / f"secret_key.{secrets.token_hex(4)}"
        new_key_file.touch(mode=0o600)
        new_key_file.write_text(secrets.token_urlsafe(64))
        new_key_file.rename(key_file)
    SECRET_KEY = key_file.read_text()

# --- database -----------------------------------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]]
if DB_ENGINE == "mysql":
    DATABASES = {
        "default": {
            "ENGINE": "lpg.mysql",
            "NAME": env.str("DB_NAME", "hsh_lpg"),
            "USER": env.str("DB_USER", "hsh_lpg"),
            "PASSWORD": DB_PASSWORD,
            "HOST": env.str("DB_HOST", "127.0.0.1"),
            "PORT": env.str("DB_PORT", "3306"),
            "CONN_MAX_AGE": None,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {
                "charset": "utf8mb4",
                "isolation_level": "read committed",
                "init_command": "SET sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO',"
                " innodb_lock_wait_timeout=5",
            },
            "TEST": {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_unicode_ci"},
        }
    }
elif DB_ENGINE == "sqlite":
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": ROOT / env.str("DB_NAME", "") if env.str("DB_NAME", "") else DATA_DIR / "hsh_lpg.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 5,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON",
            },
        }
    }
else:
    raise ImproperlyConfigured(f"DB_ENGINE is {DB_ENGINE!r}; set it to sqlite or mysql")
ATOMIC_REQUESTS = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- what is installed --------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "lpg.office.apps.OfficeConfig",
    "unfold.apps.BasicAppConfig",
    "lpg.office.config.DeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "corsheaders",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "lpg.audit",
    "lpg.numbering",
    "lpg.idempotency",
    "lpg.depots",
    "lpg.paper",
    "lpg.equipment",
    "lpg.accounts",
    "lpg.customers",
    "lpg.inventory",
    "lpg.meters",
    "lpg.invoices",
    "lpg.payments",
    "lpg.distribution",
    "lpg.transactions",
    "lpg.day_close",
    "lpg.sync",
    "lpg.integrity",
    "lpg.worker",
    "lpg.phone",
]
MIDDLEWARE = [
    "lpg.middleware.who_asks",
    "lpg.middleware.request_log",
    "lpg.middleware.content_security",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "lpg.urls"
WSGI_APPLICATION = "lpg.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- people -------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in {
        "UserAttributeSimilarityValidator": {"user_attributes": ("username", "first_name", "last_name", "employee_id")},
        "MinimumLengthValidator": {"min_length": 10},
        "CommonPasswordValidator": {},
        "NumericPasswordValidator": {},
    }.items()
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
SESSION_COOKIE_AGE = 12 * 60 * 60  # a working day at the desk
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(hours=8),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
    "ROTATE_REFRESH_TOKENS": False,
}

# --- language, time, files ----------------------------------------------------------------------------------------

LANGUAGE_CODE = "en-sg"
TIME_ZONE = "Asia/Singapore"
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = "lpg.office.formats"
STATIC_URL = "/static/"
MEDIA_ROOT = DATA_DIR / "files"
_store: dict[str, Any]
match env.str("STORAGE_BACKEND", "local").lower():
    case "local":
        _store = {"BACKEND": "lpg.paper.disk.Disk"}
    case "s3":
        _store = {
            "BACKEND": "lpg.paper.s3.S3",
            "OPTIONS": {
                "bucket_name": env.str("AWS_STORAGE_BUCKET_NAME", ""),
                "endpoint_url": env.str("AWS_S3_ENDPOINT_URL", "") or None,
                "region_name": env.str("AWS_S3_REGION_NAME", "") or None,
                "access_key": env.str("AWS_ACCESS_KEY_ID", "") or None,
                "secret_key": env.str("AWS_SECRET_ACCESS_KEY", "") or None,
            },
        }
    case "gcs":
        _store = {"BACKEND": "lpg.paper.gcs.GCS", "OPTIONS": {"bucket_name": env.str("GS_BUCKET_NAME", "")}}
    case _other:
        raise ImproperlyConfigured(f"STORAGE_BACKEND is {_other!r}; set it to local, s3 or gcs")
for _name, _package in {"S3": "boto3", "GCS": "google_crc32c"}.items():
    if _store["BACKEND"].endswith(f".{_name}") and find_spec(_package) is None:
        raise ImproperlyConfigured(f"STORAGE_BACKEND={_name.lower()} needs more packages: bin/setup {_name.lower()}")
if "" in _store.get("OPTIONS", {}).values():
    raise ImproperlyConfigured("name the bucket: AWS_STORAGE_BUCKET_NAME for s3, GS_BUCKET_NAME for gcs")
STORAGES = {
    "default": _store,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024

# --- mail: by SMTP when a host is named, else as files ------------------------------------------------------------

DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "HSH LPG <noreply@hshlpg.com.sg>")
if not _is_sender(DEFAULT_FROM_EMAIL):
    raise ImproperlyConfigured(
        f"DEFAULT_FROM_EMAIL is {DEFAULT_FROM_EMAIL!r}; write it as HSH LPG <noreply@hshlpg.com.sg>"
    )
if env.str("EMAIL_HOST", ""):
    _safe_from_the_start = env.bool("EMAIL_USE_SSL", False)
    _mailer: dict[str, Any] = {
        "BACKEND": "lpg.mail.Smtp",
        "OPTIONS": {
            "host": env.str("EMAIL_HOST"),
            "port": env.int("EMAIL_PORT", 465 if _safe_from_the_start else 587),
            "use_ssl": _safe_from_the_start,
            "use_tls": env.bool("EMAIL_USE_TLS", True) and not _safe_from_the_start,
            "username": env.str("EMAIL_HOST_USER", ""),
            "password": env.str("EMAIL_HOST_PASSWORD", ""),
            "timeout": 20,  # seconds in all, whatever the server does
        },
    }
else:
    _mailer = {
        "BACKEND": "lpg.mail.Files",
        "OPTIONS": {"folder": str(DATA_DIR / "mail")},
    }
MAILERS = {"default": _mailer}

# --- the API ------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["lpg.accounts.tokens.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["lpg.api.guard.HasRole"],
    "DEFAULT_PARSER_CLASSES": ["lpg.api.inputs.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "lpg.api.guard.OneType",
    "DEFAULT_PAGINATION_CLASS": "lpg.api.pages.KeysetPages",
    "DEFAULT_SCHEMA_CLASS": "lpg.api.schema.DoorSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "lpg.problems.handle",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "HSH LPG",
    "DESCRIPTION": "Sales, stock and money of HSH LPG. Sign in with `POST /api/v1/token/`, then send the access token "
    "as `Authorization: Bearer …`. Every refusal is `application/problem+json` with a stable `code`.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "PREPROCESSING_HOOKS": ["lpg.api.schema.canonical_only"],
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATIONS": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "/static/office/flame.svg",
    "REDOC_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": True, "displayRequestDuration": True},
    "REDOC_UI_SETTINGS": {"disableSearch": True, "hideDownloadButton": False},
    "ENUM_NAME_OVERRIDES": {
        "MethodEnum": "lpg.payments.models.Payment.Method",
        "StockCondition": "lpg.inventory.serializers.CONDITIONS",
        "PhysicalPlace": ["depot", "truck", "customer"],
        "OriginType": ["depot", "truck", "customer", "supplier"],
        "DestinationType": ["depot", "truck", "customer", "supplier", "scrap"],
    },
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "TAGS": [
        {"name": name, "description": words}
        for name, words in {
            "Sign in": "Who you are, and on which devices.",
            "Transactions": "Sales: what was delivered, what came back, what the meter says and what was paid.",
            "Invoices": "Documents as they were issued.",
            "Payments": "Money received, and what it settles.",
            "Distributions": "Cylinders between depot and truck, in two steps.",
            "Stock": "What every place holds, and every movement of it.",
            "Customers": "Who buys gas, and what they pay.",
            "Meters": "Gas meters at customers' sites, and their readings.",
            "Reports": "What customers owe and hold, what was sold and what was taken.",
            "Day closes": "What was counted on a truck at the end of its day, beside what the books held.",
            "Sync": "Phones that work without a network, and their copy of what they may see.",
            "Equipment": "What is carried, and its default rates.",
            "Depots & trucks": "Where it is kept and what carries it.",
            "People": "Who works here, and what they may do.",
            "Audit": "What happened; it is never changed.",
            "Integrity": "Whether the books agree with themselves.",
        }.items()
    ],
}

# --- the company and its taxes: printed on every document ---------------------------------------------------------

COMPANY = {
    "name": env.str("COMPANY_NAME", "HSH LPG Pte Ltd"),
    "uen": env.str("COMPANY_UEN", ""),
    "gst_reg_no": env.str("COMPANY_GST_REG_NO", ""),  # empty: not registered, and no tax is charged
    "address": env.str("COMPANY_ADDRESS", ""),
    "postal_code": env.str("COMPANY_POSTAL_CODE", ""),
    "phone": env.str("COMPANY_PHONE", ""),
    "email": env.str("COMPANY_EMAIL", ""),
}
PRICES_INCLUDE_GST = env.bool("PRICES_INCLUDE_GST", True)
GST_RATES: list[tuple[date, Decimal]] = []  # percent, each from its day on
for _pair in env.list(
    "GST_RATES", ["1994-04-01=3", "2003-01-01=4", "2004-01-01=5", "2007-07-01=7", "2023-01-01=8", "2024-01-01=9"]
):
    try:
        _day, _percent = _pair.strip().split("=")
        GST_RATES.append((date.fromisoformat(_day), Decimal(_percent)))
    except (ValueError, ArithmeticError) as error:
        raise ImproperlyConfigured(
            f"GST_RATES: {_pair!r} is not a day and a percentage, such as 2024-01-01=9"
        ) from error
GST_RATES.sort()
# A folder with the company's own templates, looked at before lpg/paper/templates/paper; empty: there is none.
TEMPLATE_DIR = str(ROOT / env.str("TEMPLATE_DIR", "")) if env.str("TEMPLATE_DIR", "") else ""
GTK_FOLDER = env.str("GTK_FOLDER", r"D:\GTK3-Runtime\bin")  # only on Windows: where the libraries that draw PDFs are

# --- phones -------------------------------------------------------------------------------------------------------

MIN_CLIENT = env.str("MIN_CLIENT", "1.0")  # the oldest version of the phone app that may still record
PHONE_APP = ROOT / "web" / "dist"  # the app as it was built

# --- safety -------------------------------------------------------------------------------------------------------

TRUSTED_PROXIES: list[str] = _listed("TRUSTED_PROXIES")
METRICS_TOKEN = env.str("METRICS_TOKEN", "")
CORS_ALLOWED_ORIGINS: list[str] = _listed("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = ["authorization", "content-type", "idempotency-key", "x-request-id"]
CORS_EXPOSE_HEADERS = ["idempotent-replayed", "retry-after", "x-request-id"]
CSRF_TRUSTED_ORIGINS: list[str] = _listed("CSRF_TRUSTED_ORIGINS")
CSRF_COOKIE_HTTPONLY = False  # Swagger UI reads it
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SECURE_SSL_REDIRECT = not DEBUG
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = 0 if DEBUG else 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEBUG
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # taken away again unless a trusted proxy sent it
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# --- what is written down -----------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "lpg.trace.JsonLines"}, "plain": {"format": "%(message)s"}},
    "handlers": {
        "line": {"class": "logging.StreamHandler", "formatter": "line"},
        "plain": {"class": "logging.StreamHandler", "formatter": "plain"},
    },
    "root": {"handlers": ["line"], "level": "WARNING"},
    "loggers": {
        "lpg": {"level": "INFO"},
        "lpg.requests": {"handlers": ["plain"], "level": env.str("LOG_LEVEL", "INFO"), "propagate": False},
        "django.server": {"level": "ERROR"},
        "django.request": {"level": "ERROR"},
    },
}
