"""What is remembered: SQLite or PostgreSQL."""
