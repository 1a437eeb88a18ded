"""Cases of connectionist temporal classification and of samples of classes."""

from __future__ import annotations

import numpy as np
from op_cases import Numbers

numbers = Numbers(11)
R = numbers.normal
CLOSE = 2e-5
LOGITS = R(6, 2, 4)
PLACES = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [1, 2]], np.int64)
LABELS = np.array([1, 2, 0, 0, 2], np.int32)
LENGTHS = (5, 6)
