"""Deskbell with the made-up languages beside its own: `DJANGO_SETTINGS_MODULE=words.settings`.

`WORDS_FOLDER` holds their catalogs (`words.pseudo.write`).
"""

from __future__ import annotations

import os
from pathlib import Path

from deskbell.config.settings import *  # noqa: F403
from deskbell.config.settings import LANGUAGES as SPOKEN
from deskbell.config.settings import LOCALE_PATHS as PATHS
from words import pseudo

LANGUAGES = [*SPOKEN, *pseudo.LANGUAGES]
LANGUAGES_BIDI = pseudo.RIGHT_TO_LEFT
LOCALE_PATHS = [Path(os.environ["WORDS_FOLDER"]), *PATHS]
