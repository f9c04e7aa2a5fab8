"""Settings of the Django project (https://docs.djangoproject.com/en/stable/ref/settings/)."""

import os
import secrets
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
PLUGIN = os.environ.get("MFSERV_CURRENT_PLUGIN_NAME", "{{name}}")

# What the plugin writes lives outside its directory, so that installing a new version keeps it.
DATA_DIR = Path(os.environ.get("MFMODULE_RUNTIME_HOME", BASE_DIR)) / "var" / "data" / PLUGIN
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)


def secret_key():
    """Made once for each installation; no two share it, and it is in no archive."""
    path = DATA_DIR / "secret_key"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


SECRET_KEY = secret_key()
DEBUG = os.environ.get("MFSERV_CURRENT_APP_DEBUG") == "1"
# Key `allowed_hosts` of [custom] in config.ini.
ALLOWED_HOSTS = os.environ.get("MFSERV_CURRENT_PLUGIN_CUSTOM_ALLOWED_HOSTS", "*").split(",")

INSTALLED_APPS = [
    "main",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "{{name}}.urls"
WSGI_APPLICATION = "{{name}}.wsgi.application"
TEMPLATES = [
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
    }
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA_DIR / "db.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True

# `collectstatic` gathers the static files of all Django apps here, and nginx serves them.
STATIC_URL = f"/{PLUGIN}/static/"
STATIC_ROOT = BASE_DIR / "main" / "collected"

# nginx is the only client, and tells how it was asked itself.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Other plugins are other sites under the same host name.
SESSION_COOKIE_NAME = f"{PLUGIN}_session"
CSRF_COOKIE_NAME = f"{PLUGIN}_csrf"
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = f"/{PLUGIN}/"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "DEBUG" if DEBUG else "INFO"},
    # Its own handlers would say everything twice.
    "loggers": {"django": {"handlers": [], "propagate": True, "level": "INFO"}},
}
