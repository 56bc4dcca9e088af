"""Tables: rows out of events, in a database that dashboards read."""
