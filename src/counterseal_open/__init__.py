"""What a recipient runs: opens a sealed package, and signs for it. It has no line of the custodian's program."""
