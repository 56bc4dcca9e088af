"""Dashboards: what is read from the tables, in the forms that other programs take."""
