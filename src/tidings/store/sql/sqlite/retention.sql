-- Forgetting what is old on SQLite, and what becomes of the room. Each step is a transaction of some milliseconds.

-- name: debts_expired
-- Some debts to events from before that identifier: a range of the key for each lane that owes anything.
WITH RECURSIVE found (subscription) AS (
    SELECT min(subscription) FROM owed
    UNION ALL
    SELECT (SELECT min(owed.subscription) FROM owed WHERE owed.subscription > found.subscription)
    FROM found WHERE found.subscription IS NOT NULL
)
SELECT owed.subscription, owed.event FROM found CROSS JOIN owed
WHERE owed.subscription = found.subscription AND owed.event < :before LIMIT :most;

-- name: attempts_expired
-- Forget some attempts from before that identifier.
DELETE FROM attempt WHERE id IN (SELECT id FROM attempt WHERE id < :before ORDER BY id LIMIT :most);

-- name: keys_expired
-- Forget some keys from before that instant.
DELETE FROM publication_key WHERE (connector, key) IN (
    SELECT connector, key FROM publication_key WHERE at < :before ORDER BY at LIMIT :most
);

-- name: events_expired
-- Forget some events from before that identifier: about 4 MB of them, but one at least.
DELETE FROM event WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER older AS place, sum(octet_length(data)) OVER older AS bytes
        FROM (SELECT id, data FROM event WHERE id < :before ORDER BY id LIMIT :most) WINDOW older AS (ORDER BY id)
    ) WHERE place = 1 OR bytes <= 4000000
);

-- name: pages
-- How many pages the file has, and how many of them hold nothing.
SELECT page_count, freelist_count FROM pragma_page_count, pragma_freelist_count;

-- name: pages_given_back
-- Take some empty pages off the end of the file, moving what stands there. Nothing in a file without a map of its pages.
PRAGMA incremental_vacuum(500);
