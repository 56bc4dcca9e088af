"""OData 4.0, for reading."""
