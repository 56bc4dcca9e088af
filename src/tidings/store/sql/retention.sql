-- name: oldest_kept
-- Since when there is something of what is forgotten in time, by name; nothing for what there is none of.
SELECT 'event' AS name, (SELECT MIN(id) FROM event) / 1048576 AS at
UNION ALL SELECT 'attempt', (SELECT MIN(id) FROM attempt) / 1048576
UNION ALL SELECT 'receipt', (SELECT MIN(at) FROM receipt)
UNION ALL SELECT 'capture', (SELECT MIN(at) FROM capture)
UNION ALL SELECT 'report', (SELECT MIN(queued_at) FROM report)
UNION ALL SELECT 'audit', (SELECT MIN(id) FROM audit) / 1048576;

-- name: events_going
-- How many events are older than an instant, and how many debts there are to such, each counted up to a number.
WITH RECURSIVE lane (subscription) AS (
    SELECT MIN(subscription) FROM owed
    UNION ALL
    SELECT (SELECT MIN(owed.subscription) FROM owed WHERE owed.subscription > lane.subscription)
    FROM lane WHERE lane.subscription IS NOT NULL
)
SELECT
    (SELECT COUNT(*) FROM (SELECT 1 AS one FROM event WHERE id < CAST(:before AS BIGINT) * 1048576 LIMIT :most) AS old) AS count,
    (SELECT COUNT(*) FROM (
        SELECT 1 AS one FROM lane CROSS JOIN owed
        WHERE owed.subscription = lane.subscription AND owed.event < CAST(:before AS BIGINT) * 1048576 LIMIT :most
    ) AS old) AS owed;

-- name: receipts_going
-- How many receipts are older than an instant, counted up to a number.
SELECT COUNT(*) AS count FROM (SELECT 1 AS one FROM receipt WHERE at < :before LIMIT :most) AS old;

-- name: reports_going
-- How many reports are over and older than an instant, counted up to a number.
SELECT COUNT(*) AS count FROM (
    SELECT 1 AS one FROM report WHERE queued_at < :before AND state NOT IN ('queued', 'running') LIMIT :most
) AS old;
