-- name: oldest_kept
-- Since when there is something of what is forgotten in time, by name; nothing for what there is none of.
SELECT 'event' AS name, (SELECT MIN(id) FROM event) / 1048576 AS at
UNION ALL SELECT 'attempt', (SELECT MIN(id) FROM attempt) / 1048576
UNION ALL SELECT 'receipt', (SELECT MIN(at) FROM receipt)
UNION ALL SELECT 'capture', (SELECT MIN(at) FROM capture)
UNION ALL SELECT 'audit', (SELECT MIN(id) FROM audit) / 1048576;
