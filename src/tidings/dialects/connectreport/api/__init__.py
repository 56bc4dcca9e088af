"""The calls of ConnectReport's API."""
