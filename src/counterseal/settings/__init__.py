"""How an installation is set: the environment read once, and what Django is told."""
