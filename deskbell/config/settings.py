"""All settings, from the environment. Each variable may also be given as `NAME_FILE`."""

from __future__ import annotations

import hashlib
from importlib import metadata
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import dj_database_url
from environs import FileAwareEnv

from deskbell.kit.keys import key
from deskbell.kit.paths import data_dir

env = FileAwareEnv()
PACKAGE = Path(__file__).resolve().parent.parent

DATA_DIR = data_dir()
FILES_DIR = DATA_DIR / "files"
DEMO = env.bool("DESKBELL_DEMO", False)
DEBUG = False
SECRET_KEY = key("secret")
BASE_URL = env.str("DESKBELL_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.list("DESKBELL_ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = [BASE_URL]

#: addresses or networks of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed
TRUSTED_PROXIES = env.list("DESKBELL_TRUSTED_PROXIES", [], subcast=lambda each: ip_network(each.strip()))

# --- database -----------------------------------------------------------------------------------
# `deskbell` fills DATABASE_URL for the embedded PostgreSQL before settings are read.
DATABASE_URL = env.str("DATABASE_URL", "postgresql:///deskbell")
DATABASE_DIRECT_URL = env.str("DATABASE_DIRECT_URL", DATABASE_URL)
_database: dict[str, Any] = {
    **dj_database_url.parse(DATABASE_URL, conn_max_age=300, conn_health_checks=True),
    "ENGINE": "django.db.backends.postgresql",
    "DISABLE_SERVER_SIDE_CURSORS": DATABASE_DIRECT_URL != DATABASE_URL,
}
DATABASES = {"default": _database}
_database["OPTIONS"] = {
    "connect_timeout": 5,
    "application_name": "deskbell",
    **_database.get("OPTIONS", {}),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "kit_cache",
        # by default 300 are kept: whoever makes many keys would clear what limits him
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    }
}
if redis_url := env.str("REDIS_URL", ""):
    CACHES["default"] = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis_url}

# --- applications: the floors of the house, lowest first ----------------------------------------
AREAS = [
    "kit",
    "events",
    "files",
    "outbox",
    "people",
    "tickets",
    "search",
    "channels",
    "realtime",
    "notifications",
    "api",
    "setup",
    "portal",
    "desk",
    "field",
    "account",
]
if DEMO:
    AREAS.append("demo")
INSTALLED_APPS = [
    *(f"deskbell.{area}" for area in AREAS),
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "procrastinate.contrib.django",
    "django_htmx",
    "ninja",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "deskbell.kit.answers.AnswerHeaders",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "deskbell.people.middleware.DeviceMiddleware",
    "deskbell.people.middleware.ReaderMiddleware",
    "deskbell.people.viewing.ViewingMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "deskbell.account.middleware.SecondFactorMiddleware",
    "deskbell.account.middleware.SlowedMiddleware",
    "deskbell.account.middleware.AlikeMiddleware",
]
ROOT_URLCONF = "deskbell.config.urls"
WSGI_APPLICATION = "deskbell.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "APP_DIRS": True,
        "OPTIONS": {
            "environment": "deskbell.kit.jinja.environment",
            "context_processors": ["deskbell.kit.jinja.page"],
            "autoescape": True,
            "trim_blocks": True,
            "lstrip_blocks": True,
        },
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    },
]

# --- people -------------------------------------------------------------------------------------
AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "deskbell.account.directory.Backend",
    # by which people came in who are signed in since before there were directories
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/signin/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "deskbell.account.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "deskbell.account.forms.SignInForm",
    "request_login_code": "deskbell.account.forms.RequestCodeForm",
    "reset_password": "deskbell.account.forms.ForgottenPasswordForm",
}
ACCOUNT_TEMPLATE_EXTENSION = "html"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# the library's own rows say the same (people.actions), and a second look would tell who is known
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
#: seconds for which a code is good, by mail and by WhatsApp (whole minutes: the message there says so)
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 3 * 60
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
# asks account/jobs.py for a mail to nobody, too: the page does the same for every address
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = True
ACCOUNT_SESSION_REMEMBER = True
#: the browser it is changed in stays signed in, all others are out (people.actions.set_password)
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_CHANGE_EMAIL = False

#: a browser takes a cookie of this name over https alone, and from no other host of the same domain
HTTPS = BASE_URL.startswith("https://")
_host = "__Host-" if HTTPS else ""

#: limits of the library for what it counts itself; ours stand in kit/limits.py
ACCOUNT_RATE_LIMITS = {
    "login": "",  # counted by what failed: whoever knows the password is not slowed by his neighbours
    "login_failed": "10/m/ip,5/5m/key",
    "request_login_code": "20/m/ip,3/m/key,20/h/key",
    "reset_password": "20/m/ip,3/m/key,20/h/key",
}
MFA_ADAPTER = "deskbell.account.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_TOTP_TOLERANCE = 1
MFA_TRUST_ENABLED = True
MFA_TRUST_COOKIE_AGE = 30 * 24 * 3600
MFA_TRUST_COOKIE_NAME = f"{_host}deskbell_trusted"

SESSION_COOKIE_NAME = f"{_host}deskbell"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_NAME = f"{_host}deskbell_csrf"
CSRF_FAILURE_VIEW = "deskbell.kit.failures.csrf"

# --- trust --------------------------------------------------------------------------------------
X_FRAME_OPTIONS = "SAMEORIGIN"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
#: sent with answers over https only (Django looks at the request)
SECURE_HSTS_SECONDS = env.int("DESKBELL_HSTS_SECONDS", 30 * 24 * 3600) if HTTPS else 0
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "frame-src": ["'self'"],
        "manifest-src": ["'self'"],
        "worker-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'self'"],
    }
}
#: http without encryption is asked of this machine alone: of a gateway, and by tests and the demo, whose
#: WhatsApp is here
HTTP_PLAIN_TO_LOOPBACK = DEMO
#: bytes; checked before a thread is taken (config/asgi.py) and again by forms
NAMESERVER = env.str("DESKBELL_NAMESERVER", "")
UPLOAD_LIMIT = env.int("DESKBELL_UPLOAD_LIMIT", 50_000_000)
#: of a file that somebody sends without an account
GUEST_UPLOAD_LIMIT = min(UPLOAD_LIMIT, 20_000_000)
MAIL_LIMIT = env.int("DESKBELL_MAIL_LIMIT", 60_000_000)
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# --- words and times ----------------------------------------------------------------------------
LANGUAGE_CODE = env.str("DESKBELL_LANGUAGE", "en")
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
TIME_ZONE = env.str("DESKBELL_TIME_ZONE", "UTC")
USE_TZ = True
USE_I18N = True
LOCALE_PATHS = [PACKAGE / "locale"]

# --- static files: served by every web process, addressed by their content -----------------------


def _fingerprint() -> str:
    """Changes whenever a static file of ours or of a package we serve changes."""
    digest = hashlib.sha256()
    for name in ("django-htmx", "django-ninja"):
        digest.update(metadata.version(name).encode())
    for folder in sorted(PACKAGE.glob("*/static")):
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                digest.update(file.relative_to(PACKAGE).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:10]


STATIC_URL = f"/static/{_fingerprint()}/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 365 * 24 * 3600

# --- mail ---------------------------------------------------------------------------------------
MAIL_DIR = DATA_DIR / "mail"
#: where mail goes: an SMTP server, or (demo, or nothing set) files under the data folder
_mail = env.dj_email_url("EMAIL_URL", f"file://{MAIL_DIR}")
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"], _mail["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"], _mail["EMAIL_HOST_PASSWORD"]
EMAIL_USE_SSL, EMAIL_USE_TLS = _mail["EMAIL_USE_SSL"], _mail["EMAIL_USE_TLS"]
EMAIL_FILE_PATH = f"/{_mail['EMAIL_FILE_PATH'].lstrip('/')}"
EMAIL_TIMEOUT = 30
#: used until /setup/company/ stores others (people.queries.company): name, and the sender of mails
FACTORY_NAME, FACTORY_ADDRESS = "Deskbell", "support@localhost"
SUPPORT_ADDRESS = env.str("DESKBELL_SUPPORT_ADDRESS", FACTORY_ADDRESS)
COMPANY_NAME = env.str("DESKBELL_COMPANY_NAME", FACTORY_NAME)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = SUPPORT_ADDRESS

# --- jobs ---------------------------------------------------------------------------------------
#: queue → threads of its own in a worker
WORKER_QUEUES = {"inbound": 2, "outbound": 2, "default": 2, "slow": 1}
#: seconds after which a job of a silent worker is taken up again
STALLED_AFTER = env.int("DESKBELL_STALLED_AFTER", 60)
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
PROCRASTINATE_IMPORT_PATHS = ["deskbell.config.jobs", "deskbell.config.backups"]
#: where a worker puts a backup each night; empty: it makes none
BACKUP_DIR = env.str("DESKBELL_BACKUP_DIR", "")
BACKUP_KEEP = env.int("DESKBELL_BACKUP_KEEP", 14, validate=lambda number: number > 0)

# --- logs ---------------------------------------------------------------------------------------
LOG_FORMAT = env.str("DESKBELL_LOG_FORMAT", "text")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s",
        },
    },
    "filters": {"discreet": {"()": "deskbell.kit.discreet.WithoutTokens"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["discreet"]}
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"deskbell": {"level": "INFO"}, "django.request": {"level": "ERROR"}},
}
