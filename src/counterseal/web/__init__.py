"""The pages: server-rendered, closed by default."""
