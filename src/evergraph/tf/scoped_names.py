"""Names of nodes without a scope before them, and below one."""

from __future__ import annotations

import re
from typing import Any


def strip_name_scope(name: Any, export_scope: str | None) -> str:
    """A node's name (or `^name`, `loc:@name`) without the scope before it."""
    name = name.decode() if isinstance(name, bytes) else name
    if not export_scope:
        return str(name)
    scope = re.escape(export_scope.removesuffix("/"))
    return re.sub(rf"^(\^|loc:@|){scope}/+", r"\1", name, count=1)


def prepend_name_scope(name: Any, import_scope: str | None) -> str:
    """A node's name (or `^name`, `loc:@name`) below a scope."""
    name = name.decode() if isinstance(name, bytes) else name
    if not import_scope:
        return str(name)
    scope = import_scope.removesuffix("/")
    mark = next((m for m in ("^", "loc:@") if name.startswith(m)), "")
    return f"{mark}{scope}/{name.removeprefix(mark)}"
