"""What Django is told: closed by default, strict headers, nothing inline, nothing from outside."""

from __future__ import annotations

import secrets

from csp.constants import NONE, SELF

from counterseal.settings.environment import read_environment
from counterseal.store.connection import database

ENVIRONMENT = read_environment()
_workspace = ENVIRONMENT.workspace
_key_file = _workspace / "keys" / "session.key" if _workspace else None

if ENVIRONMENT.secret_key is not None:
    SECRET_KEY = ENVIRONMENT.secret_key.get_secret_value()
elif _key_file is not None and _key_file.exists():
    SECRET_KEY = _key_file.read_text(encoding="ascii").strip()
else:  # commands make no session: a key that dies with the process signs nothing that lives longer
    SECRET_KEY = secrets.token_urlsafe(48)

DEBUG = False
ALLOWED_HOSTS = ENVIRONMENT.allowed_hosts.split(",")
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "counterseal.web.urls"
AUTH_USER_MODEL = "store.Official"

DATABASES = {
    "default": database(ENVIRONMENT.database_url.get_secret_value() if ENVIRONMENT.database_url else None, _workspace)
}

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "counterseal.store",
    "counterseal.web",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "counterseal.web.closed.Closed",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "counterseal.web.session_limits.SessionLimits",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "counterseal.web.first_key.FirstKey",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "counterseal.web.plain_text.PlainText",
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}

_secure = not ENVIRONMENT.plain_http
SESSION_COOKIE_NAME = "__Host-session" if _secure else "session"
SESSION_COOKIE_SECURE = _secure
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Strict"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_NAME = "__Host-csrf" if _secure else "csrf"
CSRF_COOKIE_SECURE = _secure
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_HSTS_SECONDS = 2 * 365 * 24 * 3600 if _secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _secure
SILENCED_SYSTEM_CHECKS = [
    "security.W008",  # the proxy in front takes no plain HTTP; a redirect here would answer what came in clear
    "security.W021",  # whether its domain is preloaded in browsers is its owner's to say
]
SECURE_REFERRER_POLICY = "same-origin"  # without a referrer browsers post with a null origin, which is refused
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "counterseal.web.accounts.ClosedAccounts"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
MFA_SUPPORTED_TYPES = ["webauthn", "totp"]  # who lost every key gets a new one-time code, in person
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = ENVIRONMENT.plain_http
MFA_FORMS = {"add_webauthn": "counterseal.web.accounts.PasskeyForm"}
MFA_TOTP_ISSUER = "Counterseal"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 15}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "counterseal.web.context.office",
            ],
        },
    }
]
