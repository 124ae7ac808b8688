"""The `podo` command. It speaks HTTP and loads no server."""
