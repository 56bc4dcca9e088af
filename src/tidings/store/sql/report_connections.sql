-- name: report_connection_added
-- A new data connection, unless there is one of that name, or so many that nobody looks after them.
INSERT INTO report_connection (name, kind, most_rows, longest_ms, made_at, url)
SELECT
    CAST(:name AS TEXT),
    CAST(:kind AS TEXT),
    CAST(:most_rows AS BIGINT),
    CAST(:longest_ms AS BIGINT),
    CAST(:made_at AS BIGINT),
    CAST(:url AS TEXT)
WHERE (SELECT count(*) FROM report_connection) < :most
ON CONFLICT (name) DO NOTHING;

-- name: report_connection_removed
-- It is gone, and how it was entered with it.
DELETE FROM report_connection WHERE name = :name;

-- name: report_connection
-- A data connection, and sealed how it is entered.
SELECT name, kind, most_rows, longest_ms, made_at, url FROM report_connection WHERE name = :name;

-- name: report_connections
-- Data connections by name.
SELECT name, kind, most_rows, longest_ms, made_at FROM report_connection
WHERE name > :after ORDER BY name LIMIT :most;
