"""`tf.distributions`: probability distributions, in batches, with samples and statistics."""

from __future__ import annotations

from .discrete import Bernoulli, Categorical, DirichletMultinomial, Multinomial
from .distribution import (
    FULLY_REPARAMETERIZED,
    NOT_REPARAMETERIZED,
    Distribution,
    ReparameterizationType,
)
from .gamma_family import Beta, Dirichlet, Exponential, Gamma
from .kullback_leibler import RegisterKL, kl_divergence
from .location_scale import Laplace, Normal, StudentT, Uniform

__all__ = [
    "FULLY_REPARAMETERIZED",
    "NOT_REPARAMETERIZED",
    "Bernoulli",
    "Beta",
    "Categorical",
    "Dirichlet",
    "DirichletMultinomial",
    "Distribution",
    "Exponential",
    "Gamma",
    "Laplace",
    "Multinomial",
    "Normal",
    "RegisterKL",
    "ReparameterizationType",
    "StudentT",
    "Uniform",
    "kl_divergence",
]
