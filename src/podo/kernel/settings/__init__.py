"""Settings: one TOML file + environment. Every key is documented; an unknown key is refused by name."""

from podo.kernel.settings.load import Settings, UnknownSetting, WrongSetting, load, setting
from podo.kernel.settings.seal import Seal, Unsealable

__all__ = ["Seal", "Settings", "UnknownSetting", "Unsealable", "WrongSetting", "load", "setting"]
