-- What SQLite has built in, so that a statement that is given a list is the same text for both engines.

CREATE FUNCTION json_each(list TEXT, OUT value TEXT) RETURNS SETOF TEXT
LANGUAGE sql IMMUTABLE STRICT ROWS 100
AS 'SELECT json_array_elements_text(CAST(list AS JSON))';
