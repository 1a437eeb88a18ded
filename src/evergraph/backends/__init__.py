"""What runs programs: the contract, and the NumPy reference that others are tested against."""
