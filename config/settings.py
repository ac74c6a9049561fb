"""Settings. Whatever differs between installations is one environment value in the block below."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import environ
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"

env = environ.Env(
    DEBUG=(bool, False),
    SECRET_KEY=(str, ""),
    ALLOWED_HOSTS=(list, []),
    PUBLIC_URL=(str, ""),  # where recipients reach this server: no path, no slash at the end
    LINK_KEYS=(list, []),  # "id:secret"; the first signs, all verify; ids 1 to 255
    SUPPRESSION_KEY=(str, ""),  # seals the ledger, remembers erased addresses: kept outside the database, never changed
    DATABASE_URL=(str, f"sqlite:///{VAR / 'heed.sqlite3'}"),
    EMAIL_URL=(str, "smtp://localhost:25"),
    SENDER_NAME=(str, ""),
    SENDER_EMAIL=(str, ""),
    SENDER_POSTAL_ADDRESS=(str, ""),
    SENDER_MASKS=(list, []),  # who may send, such as *@example.org; without any: the domain of SENDER_EMAIL, others are warned of
    PRIVACY_URL=(str, ""),  # where public pages say what becomes of personal data; without it they have no such link
    CHECK_PUBLIC_URL=(bool, True),  # each preparation tries its own unsubscription link at PUBLIC_URL
    RETURN_PATH=(str, ""),  # bounces come to this address, with +token before the @
    TIME_ZONE=(str, "UTC"),
    LANGUAGE_CODE=(str, "en"),
    PROXIES=(int, 0),  # reverse proxies in front of this server that add to X-Forwarded-For
    PORT=(int, 8000),  # of the web server; `make run` takes PORT + 25 for the local mailbox
)
environ.Env.read_env(os.environ.get("ENV_FILE", ROOT / ".env"))

DEBUG = env.bool("DEBUG")
try:
    PORT = env.int("PORT")
except ValueError:
    sys.exit("PORT must be a number, such as 8000.")
DEVELOPMENT = {
    "SECRET_KEY": "for development only: not a secret, never used without DEBUG",
    "ALLOWED_HOSTS": ["localhost", "127.0.0.1", "[::1]"],
    "PUBLIC_URL": f"http://localhost:{PORT}",
    "LINK_KEYS": ["1:for development only, these links are not safe"],
    "SUPPRESSION_KEY": "for development only: seals nothing that matters",
}
MISSING = {
    "SECRET_KEY": "SECRET_KEY is missing: set it to 50 or more random characters.",
    "ALLOWED_HOSTS": "ALLOWED_HOSTS is missing: set it to the host names of this server, separated by commas.",
    "PUBLIC_URL": "PUBLIC_URL is missing: set it to the address that recipients reach, such as https://news.example.org.",
    "LINK_KEYS": "LINK_KEYS is missing: set it to 1: and 32 or more random characters; it signs the links in mails.",
    "SUPPRESSION_KEY": "SUPPRESSION_KEY is missing: set it to 32 or more random characters, once and for all.",
}


def required(name: str) -> Any:
    """The value of an environment name; with DEBUG a development value where it is empty."""
    value = env(name)
    return DEVELOPMENT[name] if DEBUG and not value else value


def complaints() -> Iterator[str]:
    """One sentence for each value that is missing or cannot be meant."""
    yield from (sentence for name, sentence in MISSING.items() if not required(name))
    if not re.fullmatch(r"(https?://[^\s/?#@]+/?)?", required("PUBLIC_URL")):
        yield "PUBLIC_URL must be http:// or https:// and a host, without a path, such as https://news.example.org."
    if not re.fullmatch(r"(https?://[^\s/?#@]+(/\S*)?)?", env("PRIVACY_URL")):
        yield "PRIVACY_URL must be an address such as https://example.org/privacy."
    keys = [re.fullmatch(r"(\d{1,3}):.{32,}", key) for key in required("LINK_KEYS")]
    numbers = {int(key[1]) for key in keys if key}
    if len(numbers) != len(keys) or not numbers <= set(range(1, 256)):
        yield "LINK_KEYS must be entries such as 1:secret, separated by commas: numbers 1 to 255, secrets from 32 characters."
    if required("SUPPRESSION_KEY") and len(required("SUPPRESSION_KEY")) < 32:
        yield "SUPPRESSION_KEY must have 32 or more characters."


if problems := list(complaints()):
    sys.exit("\n".join(problems))

SECRET_KEY: str = required("SECRET_KEY")
ALLOWED_HOSTS: list[str] = required("ALLOWED_HOSTS")
PUBLIC_URL: str = required("PUBLIC_URL").rstrip("/")
LINK_KEYS: list[str] = required("LINK_KEYS")
SUPPRESSION_KEY: str = required("SUPPRESSION_KEY")

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "config",
    "profiles",
    "quarantine",
    "landingpages",
    "deliveries",
    "csp",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.DefaultPolicyMiddleware",
    "config.middleware.OperatorSessions",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "config.middleware.OperatorAuthentication",
    "config.middleware.OperatorMessages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# SQLite is a full citizen: readers never wait (WAL), what was answered survives a power cut (FULL),
# a transaction that will write takes its lock at once (IMMEDIATE), and what was erased is overwritten (secure_delete).
SQLITE_OPTIONS = {
    "timeout": 20,  # seconds
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000; PRAGMA secure_delete=ON;",
}
DATABASES = {"default": env.db_url("DATABASE_URL")}
if "ENGINE" not in DATABASES["default"]:
    sys.exit("DATABASE_URL must be such as postgres://user:password@host/database or sqlite:////path/to/file.")
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = SQLITE_OPTIONS
    Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    # Tests use a file like everybody else: in memory, threads do not wait for each other.
    DATABASES["default"]["TEST"] = {"NAME": f"{DATABASES['default']['NAME']}.test"}
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    # For the statements of profiles.prepared alone: Django sends all others with their values in the text.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("prepare_threshold", 5)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = env.str("LANGUAGE_CODE")
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [ROOT / "locale"]
TIME_ZONE = env.str("TIME_ZONE")
USE_TZ = True
USE_THOUSAND_SEPARATOR = True

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

UNFOLD = {
    "SITE_TITLE": "Heed",
    "SITE_HEADER": "Heed",
    "SITE_SYMBOL": "hearing",
    "SITE_URL": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("heed/icon.svg")}],
    "SHOW_LANGUAGES": True,
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {"navigation": "config.site.navigation"},
    "TABS": "config.site.tabs",
    "DASHBOARD_CALLBACK": "config.home.dashboard",
    "STYLES": [lambda request: static("heed/backoffice.css"), lambda request: static("heed/frame.css")],
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 200)",
            "100": "oklch(94% .03 200)",
            "200": "oklch(89% .05 200)",
            "300": "oklch(82% .075 200)",
            "400": "oklch(74% .09 200)",
            "500": "oklch(62% .095 200)",
            "600": "oklch(46% .085 200)",
            "700": "oklch(41% .075 200)",
            "800": "oklch(36% .065 200)",
            "900": "oklch(32% .055 200)",
            "950": "oklch(24% .04 200)",
        },
    },
}

STATIC_URL = "/static/"
STATIC_ROOT = ROOT / "staticfiles"
STATICFILES_DIRS = [ROOT / "static"]
# In development and tests whitenoise looks files up where they are; collected ones need not exist.
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}

EMAIL_URL = env.email_url("EMAIL_URL")
SENDER_NAME = env.str("SENDER_NAME") or ("Maison Exemple" if DEBUG else "Heed")
SENDER_EMAIL = env.str("SENDER_EMAIL") or f"news@{'example.org' if DEBUG else ALLOWED_HOSTS[0].lstrip('.')}"
SENDER_POSTAL_ADDRESS = env.str("SENDER_POSTAL_ADDRESS") or ("Maison Exemple, 12 rue des Lilas, 75011 Paris" if DEBUG else "")
SENDER_MASKS: list[str] = env.list("SENDER_MASKS")
PRIVACY_URL = env.str("PRIVACY_URL")
RETURN_PATH = env.str("RETURN_PATH") or "bounce@" + SENDER_EMAIL.rpartition("@")[2]
# The mails that `make run` sends, one file each: development only.
LOCAL_MAILBOX = VAR / "mailbox" if DEBUG else None

# On the terminal of `make run` only requests that went wrong are news. In production Django itself writes nothing about an
# error: here its traceback goes to stderr, and the link that was opened stays out of it.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"without_tokens": {"()": "config.logs.WithoutTokens"}},
    "formatters": {"moment": {"format": "%(asctime)s %(levelname)s %(message)s"}},
    "handlers": {
        "errors": {"class": "logging.StreamHandler", "level": "ERROR", "filters": ["without_tokens"], "formatter": "moment"}
    },
    "loggers": {"django.server": {"level": "WARNING"}, "django.request": {"handlers": [] if DEBUG else ["errors"]}},
}

HTTPS = PUBLIC_URL.startswith("https://")
# Only a proxy of our own is believed; without one anybody could send this header.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.int("PROXIES") else None
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
# Unfold's Alpine needs unsafe-eval and inline styles. Public pages replace this with a policy without any script.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'", "'unsafe-eval'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

PROXIES = env.int("PROXIES")
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 2**20  # bytes of a form: a pasted list of 100,000 addresses
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # an audience of 200 conditions, each with its values

# Audiences
COUNT_SECONDS = 5  # a count that refreshes itself ends after this …
COUNT_SECONDS_ON_REQUEST = 25  # … and one that somebody asked for after this: below what a web server waits for an answer

# Quarantine (reference-behaviour.md sections 5.4 and 5.5)
QUARANTINE_ERRORS = 5  # significant soft errors until an address is quarantined
QUARANTINE_SIGNIFICANT_HOURS = 24  # between two soft errors that both count
QUARANTINE_RELEASE_DAYS = 10  # an erroneous address without a new error is released
QUARANTINE_MAILBOX_FULL_DAYS = 30  # the same for a full mailbox
QUARANTINE_FORGET_DAYS = 2  # a released address without a new error is forgotten

# Sending: how messages of a channel leave. A channel without a transport cannot be chosen for a delivery.
TRANSPORTS = {"email": "deliveries.transports.email.SmtpSession"}
CHECK_PUBLIC_URL = env.bool("CHECK_PUBLIC_URL")
UNSUBSCRIBE_PROBE = "deliveries.probing.over_http"  # how it is tried
MESSAGE_BYTES = 500_000  # of HTML and text together: a longer message is an error
BATCH_MESSAGES = 500  # messages that a worker claims at once
RECORD_MESSAGES = 50  # results that are written together: what a crash may repeat
LEASE_SECONDS = 900  # a batch whose worker went silent can be claimed again after this; at once if it died on this machine
HANDOVER_SECONDS = 420  # what must be left of the lease when DATA is written: the two time-outs that may follow, and a minute
RETRIES_PER_DAY_ONE = 5
RETRY_SECONDS = 3600  # between two tries on day one; afterwards a day
VALIDITY_DAYS = 5  # a message that could not be handed over until then fails; a delivery may say otherwise
PREPARED_AHEAD_MINUTES = 60  # before its contact date a delivery that asks for no confirmation is prepared
SMTP_TIMEOUT_SECONDS = 60  # for a connection and for every answer
SMTP_DOT_TIMEOUT_SECONDS = 300  # for the answer to a whole message
PREPARATION_RANGE = 500_000  # profile ids that one statement prepares
FREEZE_AT_ONCE = 50_000  # profile ids up to which a list is frozen inside of the request: longer ones are the worker's
SEAL_SECONDS = 5  # between two looks of the sealer at the ledger
PAUSE_SECONDS = 0.02  # between two commits of a batch job, so that others can write on SQLite

# Imports: files that operators upload. Nothing in this folder is ever served as it is.
FILES = VAR / "files"
IMPORT_BYTES = 512 * 2**20  # of one file
IMPORT_FILE_DAYS = 30  # how long the file, its refused rows and the preview are kept
FILE_UPLOAD_HANDLERS = ["config.uploads.OperatorsOnly", "django.core.files.uploadhandler.TemporaryFileUploadHandler"]

# Landing pages: what strangers may do
PAGE_BYTES = 65_536  # of one submission
PAGE_SECONDS = 2  # between opening a form and sending it, at least
PAGE_FORM_HOURS = 24  # between opening a form and sending it, at most
PAGE_LIMIT_PER_NETWORK = 30  # submissions of one network without a link …
PAGE_LIMIT_PER_PAGE = 1000  # submissions to one page, from all networks without a link …
PAGE_LIMIT_MINUTES = 10  # … within this time
PAGE_RESPONSES_DAYS = 365  # how long what was sent is kept; 0: until the person is erased
VISITS_SECONDS = 10  # between two times that a web process writes how often pages were looked at; 0: never
PAGE_UNDO_MINUTES = 10  # how long an opt-out that a page made on arrival can be undone

# Notices: confirmations and links that somebody asked for, per address (design decision 9)
NOTICE_PAUSE_MINUTES = 15
NOTICES_PER_DAY = 5
NOTICES_PER_DAY_OPTED_OUT = 1
NOTICE_VALIDITY_HOURS = 24  # a notice that could not be sent until then is withheld
