"""Who may do what: people, connectors, tokens, roles, audit."""
