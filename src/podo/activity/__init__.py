"""Who changed what, when: the one timeline, which is the audit log."""
