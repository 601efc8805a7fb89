"""`deploy/words.py`, which `make words` runs and which is no package."""

import importlib.util
from pathlib import Path
from typing import Any

_spec = importlib.util.spec_from_file_location("words", Path(__file__).parent.parent / "deploy" / "words.py")
assert _spec is not None
assert _spec.loader is not None
WORDS: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(WORDS)
