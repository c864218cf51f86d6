"""The engine beside other programs: external simulators, numerical comparison, benchmark."""
