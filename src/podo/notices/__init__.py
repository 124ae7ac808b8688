"""Who is told what, where: the inbox, e-mail, and home, where everything that waits for a person comes together."""
