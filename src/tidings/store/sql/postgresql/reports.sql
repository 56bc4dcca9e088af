-- name: report_taken
-- The run that is next in the queue is its taker's, and two takers do not wait for each other.
UPDATE report SET state = 'running', owner = :owner, attempt = attempt + 1, began_at = :now
WHERE id = (
    SELECT id FROM report WHERE state = 'queued' AND retry_at <= :now ORDER BY priority DESC, queued_at, id LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING id;

-- name: report_job_taken
-- The render that is next is its taker's, and two takers do not wait for each other.
UPDATE report_job SET owner = :owner
WHERE id = (
    SELECT id FROM report_job WHERE state = 'pending' AND owner = 0 ORDER BY made_at, id LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING id;
