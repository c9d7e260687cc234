"""Everything that differs by place comes from the environment, through portal/env.py; .env.example lists it."""

from __future__ import annotations

import os
import re
import sys
import warnings
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from portal.database import databases, login_for
from portal.env import env_bool, env_int, env_list, env_str, env_url, refuse_unknown
from portal.logs import log_level, logging_settings
from portal.secret_key import secret_key
from portal.traces import endpoint as traces_endpoint
from reports.delivery import email_url
from reports.outbound import allowed as outbound_allowed
from tenants.encryption import read_key
from tenants.roles import URL_VARIABLES

# --- Paths -----------------------------------------------------------------------------------------------------------
BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = Path(env_str("PORTAL_STATE_DIR", str(BASE_DIR / ".local"))).resolve()

# --- Core ------------------------------------------------------------------------------------------------------------
PORTAL_SETTINGS = {
    "PORTAL_STATE_DIR",
    "PORTAL_PLATFORM_NAME",
    "PORTAL_SUPPORT_EMAIL",
    "PORTAL_BASE_URL",
    "PORTAL_BROKER",
    "PORTAL_ENGINE_WORKERS",
    "PORTAL_RELEASE",
    "PORTAL_BUCKET",
    "PORTAL_EVENT_QUEUE_URL",
    "PORTAL_MAIL_EVENT_QUEUE_URL",
    "PORTAL_COMPAT_URL_SECONDS",
    "PORTAL_ENCRYPTION_KEYS",
    "PORTAL_PROOF_KEYS",
    "PORTAL_ALERT_WEBHOOK",
    "PORTAL_HEARTBEAT_URL",
    "PORTAL_OUTBOUND_ALLOW",
    "PORTAL_AWS_ACCOUNT",
    "PORTAL_API_AUTHENTICATORS",
    "PORTAL_JWT_ISSUER",
    "PORTAL_JWT_AUDIENCE",
    "PORTAL_JWT_KEYS",
    "PORTAL_JWT_TENANTS",
    "PORTAL_JWT_TENANT_CLAIM",
    "PORTAL_JWT_SCOPE_CLAIM",
    "PORTAL_STAFF_MFA",
}
refuse_unknown("PORTAL_", PORTAL_SETTINGS)
DEBUG = env_bool("DEBUG", False)
MIN_SECRET_KEY = 32
PORTAL_BASE_URL = env_url("PORTAL_BASE_URL", "http://127.0.0.1:8000", schemes=("http", "https"))
# Who runs the portal, as its tenants know them.
PLATFORM_NAME = env_str("PORTAL_PLATFORM_NAME", "Fanfold")
# Shown to everybody on pages of errors and of the status; empty: none is shown.
PORTAL_SUPPORT_EMAIL = env_str("PORTAL_SUPPORT_EMAIL", "")
if PORTAL_SUPPORT_EMAIL and not re.fullmatch(r"[^@\s?&]+@[^@\s?&]+", PORTAL_SUPPORT_EMAIL):
    raise ImproperlyConfigured("PORTAL_SUPPORT_EMAIL is not an email address.")
PORTAL_RELEASE = env_str("PORTAL_RELEASE", "")[:40]
IS_HTTPS = PORTAL_BASE_URL.startswith("https://")
HAS_OWN_DATABASE = any(os.environ.get(name) for name in URL_VARIABLES.values())
# Without a database of its own the portal runs on one laptop, where a key kept beside the data is as safe as the data.
SECRET_KEY = env_str("SECRET_KEY", None if HAS_OWN_DATABASE else secret_key(STATE_DIR))
if len(SECRET_KEY) < MIN_SECRET_KEY:
    # It signs what the workers unpickle: who guesses it runs code there.
    raise ImproperlyConfigured(f"SECRET_KEY is shorter than {MIN_SECRET_KEY} characters.")
SECRET_KEY_FALLBACKS = env_list("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", f"{urlsplit(PORTAL_BASE_URL).hostname},localhost,127.0.0.1,[::1]")
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# The form that offers a report has a box for each company.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 3_000
TRUSTED_PROXY_HOPS = env_int("TRUSTED_PROXY_HOPS", 0, low=0, high=10)

# --- Apps ------------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django_cotton",
    "django_htmx",
    "django_q",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "csp",
    "tenants",
    "reports",
    "portal",
]
MIDDLEWARE = [
    # What sets headers stands first, so that the answers of everything below have them: files, refused hosts, faults.
    "portal.middleware.RequestIdMiddleware",
    "portal.middleware.ResourcePolicyMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.language.LanguageMiddleware",
    "portal.last_seen.LastSeenMiddleware",
    "portal.middleware.OnlyWhereAskedMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
# An address without its last slash is answered, not redirected: a redirect turns POST into GET.
APPEND_SLASH = False
TEMPLATES = [
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

# --- Database --------------------------------------------------------------------------------------------------------
DATABASE_LOGIN = login_for(sys.argv, os.environ)
DATABASES = {"default": {**databases(DATABASE_LOGIN), "ATOMIC_REQUESTS": True}}
CACHE_URL = env_url("CACHE_URL", "", schemes=("redis", "rediss"))
CACHES = {
    # The prefix keeps what an older release wrote, in another notation, from being read.
    "default": {"BACKEND": "portal.cache.CountingRedis", "LOCATION": CACHE_URL, "KEY_PREFIX": "json"}
    if CACHE_URL
    else {"BACKEND": "portal.cache.TableCache", "LOCATION": "portal_cache", "KEY_PREFIX": "json"}
}

# --- Sign-in ---------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "portal.passwords.LongestPassword"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_ADAPTER = "portal.accounts.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "portal.account_forms.LoginForm",
    "reauthenticate": "portal.account_forms.ReauthenticateForm",
    "change_password": "portal.account_forms.ChangePasswordForm",
    "reset_password": "portal.account_forms.ResetForm",
    "reset_password_from_key": "portal.account_forms.ResetKeyForm",
}
# Ours are in portal/sign_in_limits.py: the library's keep a list that two at once overwrite.
ACCOUNT_RATE_LIMITS = False
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
PASSWORD_RESET_TIMEOUT = int(timedelta(hours=1).total_seconds())
MFA_ADAPTER = "portal.second_step_secrets.SecondStepAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = f"{PLATFORM_NAME} Reports"
MFA_FORMS = {
    "authenticate": "portal.account_forms.CodeForm",
    "reauthenticate": "portal.account_forms.CodeAgainForm",
    "activate_totp": "portal.account_forms.ActivateForm",
}
# The same three words as a tenant's `mfa`: required, grace (14 days from the first visit), optional.
PORTAL_STAFF_MFA = env_str("PORTAL_STAFF_MFA", "grace")
if PORTAL_STAFF_MFA not in ("required", "grace", "optional"):
    raise ImproperlyConfigured("PORTAL_STAFF_MFA is none of required, grace and optional.")
ACCOUNT_REAUTHENTICATION_TIMEOUT = int(timedelta(minutes=10).total_seconds())
# Limits on sign-in count addresses as told by the trusted proxy; else all visitors would share the proxy's.
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_HOPS
SESSION_ENGINE = "portal.sessions"
SESSION_COOKIE_AGE = int(timedelta(days=7).total_seconds())
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
# The __Host- prefix binds a cookie to this very host; browsers accept it over HTTPS only.
SESSION_COOKIE_NAME = "__Host-session" if IS_HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if IS_HTTPS else "csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [PORTAL_BASE_URL]

# --- Languages and time ----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_SECURE = IS_HTTPS
USE_TZ = True
TIME_ZONE = "UTC"

# --- Static files ----------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
# Until `collectstatic` has been run, files are served from the apps' folders, so that a checkout works without it. Then they are
# compressed and have their hash in their name, and browsers keep them for ever.
IS_COLLECTED = (STATIC_ROOT / "staticfiles.json").exists()
HASHED, AS_THEY_ARE = "whitenoise.storage.CompressedManifestStaticFilesStorage", "django.contrib.staticfiles.storage.StaticFilesStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": HASHED if IS_COLLECTED or sys.argv[1:2] == ["collectstatic"] else AS_THEY_ARE},
}
WHITENOISE_USE_FINDERS = not IS_COLLECTED
WHITENOISE_AUTOREFRESH = DEBUG
# WhiteNoise would call the missing folder a fault at each start of such a checkout.
warnings.filterwarnings("ignore", message="No directory at", category=UserWarning)

# --- django-q2 -------------------------------------------------------------------------------------------------------
# The queues only wake; our tables are the truth. `portal` is the engine's queue, `work` is for what may wait on a slow peer.
PORTAL_BROKER = env_str("PORTAL_BROKER", "orm")
# Who waits for a Redis that says nothing waits for ever, unless the URL says how long. Workers ask it to hold the line for a second.
REDIS_URL = env_url("PORTAL_BROKER", "", schemes=("redis", "rediss")) if PORTAL_BROKER != "orm" else ""
REDIS_URL += ("&" if "?" in REDIS_URL else "?") + "socket_timeout=5&socket_connect_timeout=2"
# 0: as many as there are accounts, and one more; see portal/supervisor.py.
PORTAL_ENGINE_WORKERS = env_int("PORTAL_ENGINE_WORKERS", 0, low=0, high=200)
# Five stand by (two expanders, the courier, what carries to destinations and webhooks and looks into held files, and what tells of alarms).
# An import, a check of reports and the reading of mail events may each take most of a minute, and have the others: who stands by ends
# after a window, and must not wait for a place to go on.
WORK_WORKERS = 8
Q_CLUSTER: dict[str, object] = {
    "name": "portal",
    "workers": PORTAL_ENGINE_WORKERS or 2,
    "queue_limit": 2,
    "bulk": 1,
    # A queue in the database is asked so often, by each host: what is answered sooner costs the processor more than the pumps themselves.
    "poll": 0.4,
    # A task waits at most one window of the pump; retry must be longer than timeout plus that wait, else it runs twice.
    "timeout": 75,
    "retry": 180,
    "ack_failures": True,
    "max_attempts": 1,
    # Results are not read by anybody; keeping successes makes every save lock and count them.
    "save_limit": -1,
    "catch_up": False,
    # Never: a process that ends is one that died, see portal/watch.py; and tests/bench/memory.py holds that they do not grow.
    "recycle": 0,
    "log_level": log_level(),
    "ALT_CLUSTERS": {"work": {"workers": WORK_WORKERS, "timeout": 75, "retry": 180}},
    **({"orm": "default"} if PORTAL_BROKER == "orm" else {"redis": REDIS_URL}),
}

# --- QuickSight and S3 -----------------------------------------------------------------------------------------------
# Endpoints and credentials come by boto3's own names and chain: AWS_ENDPOINT_URL_QUICKSIGHT, AWS_ENDPOINT_URL_S3, …
AWS_REGION = env_str("AWS_REGION", "us-east-1")
PORTAL_BUCKET = env_str("PORTAL_BUCKET", "")
S3_ENDPOINT_URL = env_url("AWS_ENDPOINT_URL_S3", env_str("AWS_ENDPOINT_URL", ""), schemes=("http", "https"))
# Links are signed for the host that browsers reach, which behind a private endpoint is another one than the worker's.
S3_PUBLIC_ENDPOINT_URL = env_url("S3_PUBLIC_ENDPOINT_URL", S3_ENDPOINT_URL, schemes=("http", "https"))
PORTAL_EVENT_QUEUE_URL = env_url("PORTAL_EVENT_QUEUE_URL", "", schemes=("http", "https"))
JOB_DEADLINE = timedelta(hours=6)

# --- Delivery and the older API ---------------------------------------------------------------------------------------
PRESIGNED_SECONDS = 60
PORTAL_COMPAT_URL_SECONDS = env_int("PORTAL_COMPAT_URL_SECONDS", 3600, low=1, high=3600)
EMAIL_URL = env_str("EMAIL_URL", "")
# Read where mail is sent; here, what is wrong with it stops the start.
email_url.read(EMAIL_URL)
PORTAL_MAIL_EVENT_QUEUE_URL = env_url("PORTAL_MAIL_EVENT_QUEUE_URL", "", schemes=("http", "https"))
PORTAL_ALERT_WEBHOOK = env_url("PORTAL_ALERT_WEBHOOK", "", schemes=("http", "https"))
PORTAL_HEARTBEAT_URL = env_url("PORTAL_HEARTBEAT_URL", "", schemes=("http", "https"))
for name, url in (("PORTAL_ALERT_WEBHOOK", PORTAL_ALERT_WEBHOOK), ("PORTAL_HEARTBEAT_URL", PORTAL_HEARTBEAT_URL)):
    if url.startswith("http://") and urlsplit(url).hostname not in email_url.LOOPBACK:
        raise ImproperlyConfigured(f"{name} is not an https:// URL: whoever reads it on its way can write there.")
PORTAL_OUTBOUND_ALLOW = env_list("PORTAL_OUTBOUND_ALLOW")
try:
    outbound_allowed.read(PORTAL_OUTBOUND_ALLOW)
except ValueError as error:
    raise ImproperlyConfigured(f"PORTAL_OUTBOUND_ALLOW has {str(error)!r}, which is neither a host nor host:port.") from error
# Whose roles companies trust with their buckets; 12 digits.
PORTAL_AWS_ACCOUNT = env_str("PORTAL_AWS_ACCOUNT", "")
if PORTAL_AWS_ACCOUNT and not (PORTAL_AWS_ACCOUNT.isdecimal() and len(PORTAL_AWS_ACCOUNT) == 12):
    raise ImproperlyConfigured("PORTAL_AWS_ACCOUNT is not the number of an AWS account, which has 12 digits.")
PORTAL_ENCRYPTION_KEYS = env_list("PORTAL_ENCRYPTION_KEYS")
PORTAL_PROOF_KEYS = env_list("PORTAL_PROOF_KEYS")
for name, keys in (("PORTAL_ENCRYPTION_KEYS", PORTAL_ENCRYPTION_KEYS), ("PORTAL_PROOF_KEYS", PORTAL_PROOF_KEYS)):
    for number, key in enumerate(keys, 1):
        try:
            read_key(key)
        except ValueError as fault:
            raise ImproperlyConfigured(f"{name}, key {number}: {fault} It is 32 random bytes as base64.") from None
METRICS_TOKEN = env_str("METRICS_TOKEN", "")
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_SCHEMA_CLASS": "reports.api.v1.schema.Schema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": f"{PLATFORM_NAME} API",
    "DESCRIPTION": "Send a key as `Authorization: Bearer <key>` and begin with `/me/`. The portal's `/api/docs/` has the rest.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVERS": [{"url": PORTAL_BASE_URL}],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENFORCE_NON_BLANK_FIELDS": True,
    "POSTPROCESSING_HOOKS": ["reports.api.v1.schema.as_strict_as_the_code"],
    "APPEND_COMPONENTS": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": "An API key."}}},
}
# Who else than the holder of a key may call, as dotted paths; see docs/integrations.md, "Your own tokens".
PORTAL_API_AUTHENTICATORS = env_list("PORTAL_API_AUTHENTICATORS")
# For reports/api/jwt_bearer.py, which says at the start what is missing where it is one of them.
PORTAL_JWT_ISSUER = env_str("PORTAL_JWT_ISSUER", "")
PORTAL_JWT_AUDIENCE = env_str("PORTAL_JWT_AUDIENCE", "")
PORTAL_JWT_KEYS = env_str("PORTAL_JWT_KEYS", "")
PORTAL_JWT_TENANTS = env_list("PORTAL_JWT_TENANTS")
PORTAL_JWT_TENANT_CLAIM = env_str("PORTAL_JWT_TENANT_CLAIM", "tenant")
PORTAL_JWT_SCOPE_CLAIM = env_str("PORTAL_JWT_SCOPE_CLAIM", "scope")

# --- Logging and traces ----------------------------------------------------------------------------------------------
LOGGING = logging_settings()
# The address of a collector of OpenTelemetry's; empty: nobody wants traces, and tenants/tracing.py does nothing.
TRACES = traces_endpoint()

# --- Security --------------------------------------------------------------------------------------------------------
# Only behind a proxy that says how it was asked can a request be told to come back by HTTPS; any other would be sent round for ever.
SECURE_SSL_REDIRECT = IS_HTTPS and TRUSTED_PROXY_HOPS > 0
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SILENCED_SYSTEM_CHECKS = [] if SECURE_SSL_REDIRECT else ["security.W008"]
SECURE_HSTS_SECONDS = int(timedelta(days=730).total_seconds()) if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if TRUSTED_PROXY_HOPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
S3_ORIGINS = (
    [f"{urlsplit(S3_PUBLIC_ENDPOINT_URL).scheme}://{urlsplit(S3_PUBLIC_ENDPOINT_URL).netloc}"]
    if S3_PUBLIC_ENDPOINT_URL
    else ["https://*.amazonaws.com"]
)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        # A download is a POST that answers 303 to S3; browsers hold the target of that redirect to this list too.
        "form-action": ["'self'", *S3_ORIGINS],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    name: [] for name in ("accelerometer", "camera", "geolocation", "gyroscope", "magnetometer", "microphone", "payment", "usb")
}
