"""Settings, read from environment variables with the prefix TOPICS_."""

from app.settings.fields import DEFAULT_MODEL, Settings, SettingsError, option_name, variable_name
from app.settings.read import load_settings, read_settings
from app.settings.unknown import NO_TLS

__all__ = [
    "DEFAULT_MODEL",
    "NO_TLS",
    "Settings",
    "SettingsError",
    "load_settings",
    "option_name",
    "read_settings",
    "variable_name",
]
