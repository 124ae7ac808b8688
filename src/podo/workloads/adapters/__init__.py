"""How clusters are read and changed."""
