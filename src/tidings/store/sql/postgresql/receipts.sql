-- name: receipts_kept
-- New receipts, of a JSON array; where each body begins in all of them, and its length, come last.
INSERT INTO receipt (source, at, query, headers, peer, body)
SELECT
    value ->> 0, CAST(value ->> 1 AS BIGINT), value ->> 2, value ->> 3, value ->> 4,
    substring(CAST(:bodies AS BYTEA) FROM CAST(value ->> 5 AS INTEGER) FOR CAST(value ->> 6 AS INTEGER))
FROM json_array_elements(CAST(CAST(:receipts AS TEXT) AS JSON)) AS each (value)
RETURNING id;

-- name: receipts_claimed
-- Receipts that nobody has understood yet, or is about to, until their bodies have so many bytes.
UPDATE receipt SET claimed_at = :now
WHERE id IN (
    SELECT id FROM (
        SELECT id, SUM(size) OVER (ORDER BY id) - size AS ahead FROM (
            SELECT id, LENGTH(body) AS size FROM receipt
            WHERE state = 'kept' AND claimed_at < :before ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
        ) AS next
    ) AS measured WHERE ahead < :bytes
)
RETURNING id, source, at, query, headers, body, peer;

-- name: receipts_done
-- What became of receipts, of a JSON array.
UPDATE receipt SET state = done.state, type = done.type, reason = done.reason
FROM (
    SELECT
        CAST(value ->> 'id' AS BIGINT) AS id, value ->> 'state' AS state, value ->> 'type' AS type, value ->> 'reason' AS reason
    FROM json_array_elements(CAST(CAST(:done AS TEXT) AS JSON)) AS each (value)
) AS done
WHERE receipt.id = done.id;

-- name: receipts_repeated
-- What was read is remembered; that which says what an earlier one of its source said, in its window, is a duplicate.
WITH told AS (
    SELECT
        CAST(value ->> 0 AS BIGINT) AS id, value ->> 1 AS type, value ->> 2 AS once,
        CAST(value ->> 3 AS BIGINT) AS window_ms, value ->> 4 = '1' AS again
    FROM json_array_elements(CAST(CAST(:told AS TEXT) AS JSON)) AS each (value)
),
judged AS (
    SELECT told.id, told.type, told.once, told.again OR EXISTS (
        SELECT 1 FROM receipt AS earlier
        WHERE earlier.source = receipt.source AND earlier.once = told.once AND earlier.once <> ''
        AND earlier.id < receipt.id AND earlier.at >= receipt.at - told.window_ms
    ) AS again
    FROM told JOIN receipt ON receipt.id = told.id
),
remembered AS (
    UPDATE receipt SET
        once = judged.once,
        state = CASE WHEN judged.again THEN 'duplicate' ELSE receipt.state END,
        type = CASE WHEN judged.again THEN judged.type ELSE receipt.type END
    FROM judged WHERE receipt.id = judged.id
    RETURNING receipt.id, judged.again
)
SELECT id FROM remembered WHERE again;
