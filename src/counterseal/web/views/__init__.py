"""What answers each address. Everything is closed but for the roles named."""
