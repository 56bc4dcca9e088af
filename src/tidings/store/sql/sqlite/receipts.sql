-- name: receipts_kept
-- New receipts, of a JSON array; where each body begins in all of them, and its length, come last.
INSERT INTO receipt (source, at, query, headers, peer, body)
SELECT
    value ->> 'source', value ->> 'at', value ->> 'query', value ->> 'headers', value ->> 'peer',
    COALESCE(substr(:bodies, value ->> 'first', value ->> 'size'), x'')
FROM json_each(:receipts);

-- name: receipts_claimed
-- Receipts that nobody has understood yet, and that we have not taken, until their bodies have so many bytes.
SELECT id, source, at, query, headers, body, peer FROM receipt
WHERE id IN (
    SELECT id FROM (
        SELECT id, SUM(size) OVER (ORDER BY id) - size AS ahead FROM (
            SELECT id, LENGTH(body) AS size FROM receipt INDEXED BY receipt_kept
            WHERE state = 'kept' AND id NOT IN (SELECT value FROM json_each(:taken)) ORDER BY id LIMIT :most
        )
    ) WHERE ahead < :bytes
)
ORDER BY id;

-- name: receipts_done
-- What became of receipts, of a JSON array, and what they say.
UPDATE receipt SET
    state = done.state, type = done.type, reason = done.reason,
    once = CASE WHEN done.once = '' THEN receipt.once ELSE done.once END
FROM (
    SELECT
        value ->> 'id' AS id, value ->> 'state' AS state, value ->> 'type' AS type, value ->> 'reason' AS reason,
        value ->> 'once' AS once
    FROM json_each(:done)
) AS done
WHERE receipt.id = done.id;

-- name: receipts_repeated
-- Of what was read, the ones that say what an earlier one of their source said, within their window, are duplicates.
UPDATE receipt SET state = 'duplicate', type = told.type, once = told.once
FROM (
    SELECT
        value ->> 'id' AS id, value ->> 'type' AS type, value ->> 'once' AS once, value ->> 'window_ms' AS window_ms,
        value ->> 'again' AS again
    FROM json_each(:told)
) AS told
WHERE receipt.id = told.id AND (told.again OR EXISTS (
    SELECT 1 FROM receipt AS earlier
    WHERE earlier.source = receipt.source AND earlier.once = told.once AND earlier.once <> '' AND earlier.id < receipt.id
    AND earlier.at >= receipt.at - told.window_ms
))
RETURNING receipt.id;
