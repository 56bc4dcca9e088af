-- name: database_size
-- Bytes of the database, those in it that are free, and its file.
SELECT page_count * page_size AS bytes, freelist_count * page_size AS free,
    (SELECT file FROM pragma_database_list WHERE name = 'main') AS file
FROM pragma_page_count, pragma_page_size, pragma_freelist_count;

-- name: table_sizes
-- To tell them SQLite would read the whole file.
SELECT '' AS name, 0 AS bytes WHERE 0 >= :most;
