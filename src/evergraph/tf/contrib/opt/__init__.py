"""`tf.contrib.opt`: more optimizers."""

from __future__ import annotations

from .adam_variants import (
    AdamGSOptimizer,
    LazyAdamGSOptimizer,
    LazyAdamOptimizer,
    NadamOptimizer,
)
from .adamax import AdaMaxOptimizer
from .ggt import GGTOptimizer
from .lars_optimizer import LARSOptimizer
from .reg_adagrad import RegAdagradOptimizer
from .sign_optimizers import AddSignOptimizer, PowerSignOptimizer
from .weight_decay_optimizers import (
    AdamWOptimizer,
    DecoupledWeightDecayExtension,
    MomentumWOptimizer,
    extend_with_decoupled_weight_decay,
)
from .wrappers import MovingAverageOptimizer, VariableClippingOptimizer

__all__ = [
    "AdaMaxOptimizer",
    "AdamGSOptimizer",
    "AdamWOptimizer",
    "AddSignOptimizer",
    "DecoupledWeightDecayExtension",
    "GGTOptimizer",
    "LARSOptimizer",
    "LazyAdamGSOptimizer",
    "LazyAdamOptimizer",
    "MomentumWOptimizer",
    "MovingAverageOptimizer",
    "NadamOptimizer",
    "PowerSignOptimizer",
    "RegAdagradOptimizer",
    "VariableClippingOptimizer",
    "extend_with_decoupled_weight_decay",
]
