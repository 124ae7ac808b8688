"""`podo doctor` looks at an installation by its own settings, changes nothing, and says what is so and what to do."""

from podo.app.doctor.examine import doctor, exit_code, told

__all__ = ["doctor", "exit_code", "told"]
