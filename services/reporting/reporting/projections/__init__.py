"""Event → row."""

from .rows import TABLES, fold, fold_batch, project

__all__ = ["TABLES", "fold", "fold_batch", "project"]
