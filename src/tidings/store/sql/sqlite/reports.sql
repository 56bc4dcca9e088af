-- SQLite has no figures of these tables, and would sort the queue; so it is told which index has the order.

-- name: report_next
-- The run that is next in the queue.
SELECT id FROM report INDEXED BY report_queue
WHERE state = 'queued' AND retry_at <= :now ORDER BY priority DESC, queued_at, id LIMIT 1;

-- name: report_taken
-- The run that is next in the queue is its taker's.
UPDATE report SET state = 'running', owner = :owner, attempt = attempt + 1, began_at = :now
WHERE id = (
    SELECT id FROM report INDEXED BY report_queue
    WHERE state = 'queued' AND retry_at <= :now ORDER BY priority DESC, queued_at, id LIMIT 1
)
RETURNING id;
