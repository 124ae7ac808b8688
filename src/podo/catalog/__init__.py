"""Projects and who owns them; environments, regions and clusters: what everything else hangs on."""
