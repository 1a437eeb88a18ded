"""Convolutions and pooling as launches: rows by op type."""

from __future__ import annotations

from typing import Any

RULES: dict[str, Any] = {}
CONDITIONS: dict[str, Any] = {}
