-- name: sink_added
-- A new sink, unless there is one of that name or was.
INSERT INTO sink (name, table_name, source, webhook, settings, created_at)
VALUES (:name, :table_name, :source, :webhook, :settings, :at)
ON CONFLICT (name) DO NOTHING;

-- name: sink_ended
-- Nothing more is sent there, and how it was entered is forgotten.
UPDATE sink SET ended_at = :at, settings = '' WHERE name = :name AND ended_at IS NULL;

-- name: sink_emptied
-- What still had to be sent there is forgotten.
DELETE FROM sink_due WHERE sink = :name;

-- name: sink
-- A sink that has not ended, or with `ended` any.
SELECT name, table_name AS "table", source, webhook FROM sink
WHERE name = :name AND (ended_at IS NULL OR :ended = 1);

-- name: sinks
-- The sinks that have not ended, by name.
SELECT name, table_name AS "table", source, webhook FROM sink
WHERE ended_at IS NULL AND name > :after ORDER BY name LIMIT :most;

-- name: sinks_waiting
-- The sinks to which rows have to be sent that nobody is sending.
SELECT name, table_name AS "table", source, webhook FROM sink
WHERE ended_at IS NULL AND EXISTS (SELECT 1 FROM sink_due WHERE sink = sink.name AND claimed_at < :before)
ORDER BY name LIMIT :most;

-- name: sink_settings
-- How a sink is entered.
SELECT settings FROM sink WHERE name = :name AND ended_at IS NULL;

-- name: sinks_behind
-- How many receipts have to be read yet for each sink, and deliveries are not finished, up to a number each; in order,
-- so that PostgreSQL goes by their keys.
SELECT
    name,
    (
        SELECT count(*) FROM (SELECT 1 FROM sink_due WHERE sink = sink.name ORDER BY receipt LIMIT :most) AS first
    ) AS receipts,
    (
        SELECT count(*) FROM (SELECT 1 FROM owed WHERE subscription = sink.webhook ORDER BY event LIMIT :most) AS first
    ) AS deliveries,
    coalesce((SELECT failed FROM lane WHERE subscription = sink.webhook), 0) AS failed
FROM sink WHERE ended_at IS NULL AND name > :after ORDER BY name LIMIT :page;

-- name: sinks_of_source
-- The sinks that rows of a source are sent to, by name.
SELECT name, table_name AS "table", source, webhook FROM sink
WHERE ended_at IS NULL AND source IN ('', :source) AND name > :after ORDER BY name LIMIT :most;
