"""Settings: the one place that reads the environment. docs/operations.md lists every variable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import environ

from backoffice import embedded, keys
from backoffice.env import Environment

env = Environment()
BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.text("VAR_DIR") or BASE_DIR / "var")

# --- Mode -------------------------------------------------------------------------------------------------------------

# demo: everything on this machine, keys made on first use; production: nothing is guessed.
MODE = env.choice("BACKOFFICE_MODE", "demo", "production")
IS_PRODUCTION = MODE == "production"
DEBUG = env.flag("DEBUG", default=False)
if DEBUG and IS_PRODUCTION:
    raise env.odd("DEBUG", "must be off in production: error pages would show settings and data")

PUBLIC_URL = env.url("PUBLIC_URL", "" if IS_PRODUCTION else "http://127.0.0.1:8000")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "" if IS_PRODUCTION else "127.0.0.1,localhost,[::1],testserver")
if IS_PRODUCTION and not ALLOWED_HOSTS:
    raise env.odd("ALLOWED_HOSTS", "is empty; name the host names under which people reach this site")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# --- Keys -------------------------------------------------------------------------------------------------------------

if IS_PRODUCTION:
    SECRET_KEY = env.text("SECRET_KEY")
    FIELD_KEYS = env.words("FIELD_KEYS")
    if len(SECRET_KEY) < 50:
        raise env.odd("SECRET_KEY", "is shorter than 50 characters; make one with `python -m backoffice.keys`")
else:
    SECRET_KEY = env.text("SECRET_KEY") or keys.kept(VAR_DIR / "secret_key", keys.new_secret_key)
    FIELD_KEYS = env.words("FIELD_KEYS") or [keys.kept(VAR_DIR / "field_key", keys.new_field_key)]
if not FIELD_KEYS or not all(keys.is_field_key(key) for key in FIELD_KEYS):
    raise env.odd("FIELD_KEYS", "must hold one or more keys, newest first; make one with `python -m backoffice.keys`")

# --- Applications -----------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    # Its default configuration would put its own site in the place of ours.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "backoffice.apps.BackofficeAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_q",
    "backoffice.core.apps.CoreConfig",
    "backoffice.apps.BackofficeConfig",
    "stores.apps.StoresConfig",
    "orders.apps.OrdersConfig",
    "notifications.apps.NotificationsConfig",
]

MIDDLEWARE = [
    "backoffice.core.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "stores.middleware.StoreScopeMiddleware",
]

ROOT_URLCONF = "backoffice.urls"
WSGI_APPLICATION = "backoffice.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
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

# --- Database ---------------------------------------------------------------------------------------------------------

EMBEDDED_POSTGRES_DIR: Path | None = None
if env.text("DATABASE_URL"):
    try:
        _database = environ.Env.db_url_config(env.text("DATABASE_URL"))
    except Exception as error:
        raise env.odd(
            "DATABASE_URL", "cannot be read; it looks like postgres://user:password@host:5432/name"
        ) from error
    if _database.get("ENGINE") not in {"django.db.backends.postgresql", "django.db.backends.postgresql_psycopg2"}:
        raise env.odd("DATABASE_URL", "is not PostgreSQL; the product needs PostgreSQL 14 or newer")
    _database["ENGINE"] = "django.db.backends.postgresql"
elif IS_PRODUCTION:
    raise env.odd("DATABASE_URL", "is missing; it looks like postgres://user:password@host:5432/name")
else:
    EMBEDDED_POSTGRES_DIR = VAR_DIR / "postgres"
    _database = embedded.database_settings(EMBEDDED_POSTGRES_DIR)

DATABASES = {
    "default": {
        **_database,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **_database.get("OPTIONS", {}),
            "connect_timeout": 5,
            # A lock held by somebody else must not pile requests up behind it.
            "options": "-c lock_timeout=10s -c statement_timeout=60s -c idle_in_transaction_session_timeout=120s",
        },
    }
}

# --- Queue ------------------------------------------------------------------------------------------------------------

Q_WORKERS = env.number("Q_WORKERS", default=2, at_least=1, at_most=64)
Q_TIMEOUT_SECONDS = 90
Q_CLUSTER = {
    "name": "backoffice",
    "orm": "default",
    "broker_class": "backoffice.broker.OrderedBroker",
    "workers": Q_WORKERS,
    "timeout": Q_TIMEOUT_SECONDS,
    # The lease starts when the pusher takes the row, not when work starts: a prefetched task must fit in as well.
    "retry": 300,
    "queue_limit": 1,
    "bulk": 1,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "catch_up": False,
    "poll": 0.2,
    "guard_cycle": 2,
    "recycle": 500,
    "label": "Queue",
    "time_zone": "UTC",
}

WORK_SWEEP_SECONDS = env.number("WORK_SWEEP_SECONDS", default=15, at_least=1, at_most=60)
WORK_CANARY_SECONDS = env.number("WORK_CANARY_SECONDS", default=4, at_least=1, at_most=60)
WORK_CANARY_DEADLINE_SECONDS = env.number("WORK_CANARY_DEADLINE_SECONDS", default=15, at_least=5, at_most=300)

# --- Shops ------------------------------------------------------------------------------------------------------------

SHOPIFY_API_VERSION = "2026-10"
# domain=http://127.0.0.1:port of rehearsal shops; every other domain is spoken to over https at its own address.
REHEARSAL_SHOPS = env.pairs("REHEARSAL_SHOPS")
if REHEARSAL_SHOPS and IS_PRODUCTION:
    raise env.odd("REHEARSAL_SHOPS", "is for the demo; in production every shop is spoken to at its own address")
SYNC_EVERY_SECONDS = env.number("SYNC_EVERY_SECONDS", default=60, at_least=5, at_most=3600)
SYNC_OVERLAP_SECONDS = 120
# Shops with more orders are loaded by bulk operations; their files lie here meanwhile.
BULK_LOAD_ABOVE = env.number("BULK_LOAD_ABOVE", default=1000, at_least=0, at_most=1_000_000_000)
FIRST_LOAD_DIR = VAR_DIR / "first_load"
# Where shops send their webhooks.
WEBHOOK_URL = env.url("WEBHOOK_URL", PUBLIC_URL)

# --- Mail -------------------------------------------------------------------------------------------------------------

try:
    _mail = environ.Env.email_url_config(env.text("EMAIL_URL", "smtp://127.0.0.1:2525"))
except Exception as error:
    raise env.odd("EMAIL_URL", "cannot be read; it looks like smtp+tls://user:password@mail.example.com:587") from error
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_HOST = _mail["EMAIL_HOST"]
EMAIL_PORT = _mail["EMAIL_PORT"]
EMAIL_HOST_USER = _mail.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _mail.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = bool(_mail.get("EMAIL_USE_TLS"))
EMAIL_USE_SSL = bool(_mail.get("EMAIL_USE_SSL"))
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "backoffice@localhost")
# The demo's mail catcher shows what it caught here.
MAIL_CATCHER_URL = env.text("MAIL_CATCHER_URL")

# --- People -----------------------------------------------------------------------------------------------------------

LANGUAGE_CODE = env.choice("LANGUAGE_CODE", "en", "nl")
LANGUAGES = [("en", "English"), ("nl", "Nederlands")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.zone("TIME_ZONE", "Europe/Amsterdam")

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

# --- Web --------------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns of a folder that is not there
# Served from the packages where they lie: no collectstatic step, which takes half a minute.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = False
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if IS_PRODUCTION:
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    if env.flag("BEHIND_PROXY", default=False):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    if not PUBLIC_URL.startswith("https://"):
        raise env.odd("PUBLIC_URL", "must begin with https:// in production")

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "backoffice"}}

# --- API --------------------------------------------------------------------------------------------------------------

API_REQUESTS_PER_MINUTE = env.number("API_REQUESTS_PER_MINUTE", default=600, at_least=1, at_most=1_000_000)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "stores.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "backoffice.core.api.openapi.ApiSchema",
    "DEFAULT_PAGINATION_CLASS": "backoffice.core.api.pagination.KeysetPagination",
    "DEFAULT_THROTTLE_CLASSES": [],
    "EXCEPTION_HANDLER": "backoffice.core.api.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Order back-office API",
    "DESCRIPTION": "Every open order of every shop: read it, act on it, tell the customer. See docs/api.md.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "ENUM_NAME_OVERRIDES": {
        "StoreState": "stores.choices.StoreState",
        "ChangeState": "orders.choices.ChangeState",
        "LevelOfDetail": "orders.choices.Level",
        "ProofLevel": ["good", "warning", "bad"],
        "BatchState": "notifications.choices.BatchState",
        "MessageState": "notifications.choices.MessageState",
    },
}

# --- Logs -------------------------------------------------------------------------------------------------------------

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", "DEBUG", "WARNING", "ERROR")
LOG_FORMAT = env.choice("LOG_FORMAT", "text", "json")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "structured": {"()": "backoffice.core.logs.formatter", "as_json": LOG_FORMAT == "json"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django-q": {"level": "WARNING", "handlers": ["console"], "propagate": False},
        "django.db.backends": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
    },
}

# --- Admin ------------------------------------------------------------------------------------------------------------

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Order back-office",
    "SITE_HEADER": "Order back-office",
    "SITE_SYMBOL": "inventory_2",
    "SITE_URL": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": f"{STATIC_URL}backoffice/favicon.svg"}],
    "COLORS": {
        # A quiet blue: colour is for states, not for the frame.
        "primary": {
            "50": "oklch(97% .014 254.6)",
            "100": "oklch(93.2% .032 255.6)",
            "200": "oklch(88.2% .059 254.1)",
            "300": "oklch(80.9% .105 251.8)",
            "400": "oklch(70.7% .165 254.6)",
            "500": "oklch(57% .17 258)",
            "600": "oklch(50% .165 261)",
            "700": "oklch(45% .15 262)",
            "800": "oklch(40% .13 263)",
            "900": "oklch(35% .1 264)",
            "950": "oklch(28% .08 266)",
        },
    },
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "COMMAND": {"search_models": False, "show_history": False},
    "DASHBOARD_CALLBACK": "backoffice.admin_site.dashboard",
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "backoffice.admin_site.navigation",
    },
}
