-- name: sink_added
-- A new sink, unless there is one of that name or was.
INSERT INTO sink (name, table_name, source, webhook, created_at) VALUES (:name, :table_name, :source, :webhook, :at)
ON CONFLICT (name) DO NOTHING;

-- name: sink_ended
-- Nothing more is sent there.
UPDATE sink SET ended_at = :at WHERE name = :name AND ended_at IS NULL;

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
