"""Keras models in the subclassing style: an `__init__` that makes layers, a `call` that uses them.

Source: https://keras.io/api/models/model/#model-class.
"""

from __future__ import annotations

from typing import Any

from ...errors import UnimplementedError
from ..base_layer import BaseLayer
from ..variables import Variable


class Model(BaseLayer):
    """A layer made of the layers and variables among its attributes.

    Subclasses make them in `__init__`, after `super().__init__()`, and override `call`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        graph_style = {"inputs", "outputs"} & kwargs.keys()
        if args or graph_style:
            raise UnimplementedError(
                None,
                None,
                "A model of input and output tensors (tf.keras.Model(inputs, outputs)) is not "
                "supported yet: subclass it and override `call`, or use tf.layers.",
            )
        super().__init__(**kwargs)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name.startswith("_") or "_layers" not in vars(self):
            return
        for item in value if isinstance(value, (list, tuple)) else (value,):
            self._track(item)

    def _track(self, item: Any) -> None:
        if isinstance(item, BaseLayer):
            known: list[Any] = self._layers
        elif isinstance(item, Variable):
            known = self._trainable_weights if item.trainable else self._non_trainable_weights
        else:
            return
        if not any(item is one for one in known):
            known.append(item)

    @property
    def layers(self) -> list[BaseLayer]:
        """The layers among the attributes, in the order in which they were set."""
        return list(self._layers)

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Raises NotImplementedError: subclasses say how inputs become outputs."""
        raise NotImplementedError("A subclass of `Model` must implement `call`.")
