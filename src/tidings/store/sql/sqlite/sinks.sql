-- name: sinks_owed
-- What was understood, of a JSON array, has to be sent to the sinks of its source.
INSERT INTO sink_due (sink, receipt)
SELECT sink.name, receipt.id
FROM sink
CROSS JOIN json_each(:done) AS done
CROSS JOIN receipt ON receipt.id = done.value ->> 'id'
WHERE sink.ended_at IS NULL AND done.value ->> 'state' = 'understood' AND sink.source IN ('', receipt.source)
ON CONFLICT (sink, receipt) DO NOTHING;

-- name: sink_claimed
-- Receipts whose rows nobody has sent to a sink yet, or is about to.
UPDATE sink_due SET claimed_at = :now
WHERE sink = :name AND receipt IN (
    SELECT receipt FROM sink_due WHERE sink = :name AND claimed_at < :before ORDER BY receipt LIMIT :most
)
RETURNING receipt;

-- name: sink_passed
-- The rows of receipts, a JSON array, are sent.
DELETE FROM sink_due WHERE sink = :name AND receipt IN (SELECT value FROM json_each(:receipts));

-- name: receipts_these
-- Receipts by their ids, a JSON array, oldest first.
SELECT id, source, at, query, headers, body, peer, state, type, reason FROM receipt
WHERE id IN (SELECT value FROM json_each(:ids)) ORDER BY id;
