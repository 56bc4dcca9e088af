-- name: database_size
-- Bytes of the database.
SELECT pg_database_size(current_database()) AS bytes, 0 AS free, '' AS file;

-- name: table_sizes
-- Bytes of the largest tables with their indexes, parts together.
SELECT COALESCE(whole.relname, part.relname) AS name,
    CAST(SUM(pg_total_relation_size(part.oid)) AS BIGINT) AS bytes
FROM pg_class AS part
JOIN pg_namespace ON pg_namespace.oid = part.relnamespace
LEFT JOIN pg_inherits ON pg_inherits.inhrelid = part.oid
LEFT JOIN pg_class AS whole ON whole.oid = pg_inherits.inhparent
WHERE part.relkind = 'r' AND pg_namespace.nspname NOT IN ('pg_catalog', 'information_schema')
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :most;
