-- name: sinks_owed
-- What was understood, of a JSON array, has to be sent to the sinks of its source.
INSERT INTO sink_due (sink, receipt)
SELECT sink.name, receipt.id
FROM sink
CROSS JOIN json_array_elements(CAST(CAST(:done AS TEXT) AS JSON)) AS done (value)
JOIN receipt ON receipt.id = CAST(done.value ->> 'id' AS BIGINT)
WHERE sink.ended_at IS NULL AND done.value ->> 'state' = 'understood' AND sink.source IN ('', receipt.source)
ON CONFLICT (sink, receipt) DO NOTHING;

-- name: sink_claimed
-- Receipts whose rows nobody has sent to a sink yet, or is about to.
UPDATE sink_due SET claimed_at = :now
WHERE sink = :name AND receipt IN (
    SELECT receipt FROM sink_due WHERE sink = :name AND claimed_at < :before ORDER BY receipt LIMIT :most
    FOR UPDATE SKIP LOCKED
)
RETURNING receipt;

-- name: sink_passed
-- The rows of receipts, a JSON array, are sent.
DELETE FROM sink_due WHERE sink = :name AND receipt IN (
    SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(CAST(:receipts AS TEXT) AS JSON)) AS each (value)
);

-- name: receipts_these
-- Receipts by their ids, a JSON array, oldest first.
SELECT id, source, at, query, headers, body, peer, state, type, reason FROM receipt
WHERE id IN (
    SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(CAST(:ids AS TEXT) AS JSON)) AS each (value)
) ORDER BY id;
