"""Clients of outside systems: a vendor's protocol, paging, tokens, retries and errors, and nothing of Podo's domains."""
