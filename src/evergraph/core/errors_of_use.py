"""Messages for tensors used as if they were values."""

from __future__ import annotations

from typing import NoReturn

from ..errors import OperatorNotAllowedInGraphError


def not_in_graph(what: str, cure: str) -> NoReturn:
    """Raises OperatorNotAllowedInGraphError: `what` is not allowed, do `cure` instead."""
    raise OperatorNotAllowedInGraphError(
        f"{what} is not allowed in Graph execution: the graph is only being built, so there is no "
        f"value yet. {cure}."
    )
