"""Sessions, compiled programs, variables' state, devices, warnings and the profile."""
