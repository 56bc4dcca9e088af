-- name: receipts_kept
-- New receipts, of a JSON array; where each body begins in all of them, and its length, come last.
INSERT INTO receipt (source, at, query, headers, peer, body)
SELECT source, at, query, headers, peer, substring(CAST(:bodies AS BYTEA) FROM first FOR size)
FROM json_to_recordset(CAST(CAST(:receipts AS TEXT) AS JSON))
    AS each (source TEXT, at BIGINT, query TEXT, headers TEXT, peer TEXT, first INTEGER, size INTEGER);

-- name: receipts_claimed
-- Receipts that nobody has understood yet, or is about to, until their bodies have so many bytes.
WITH next AS (
    SELECT id, source, at, query, headers, body, peer FROM receipt
    WHERE state = 'kept' AND claimed_at < :before
    AND NOT EXISTS (SELECT 1 FROM receipt_taken WHERE receipt_taken.id = receipt.id AND receipt_taken.at >= :before)
    ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
),
measured AS (
    SELECT id, SUM(LENGTH(body)) OVER (ORDER BY id) - LENGTH(body) AS ahead FROM next
),
taken AS (
    INSERT INTO receipt_taken (id, at) SELECT id, :now FROM measured WHERE ahead < :bytes
    ON CONFLICT (id) DO UPDATE SET at = excluded.at WHERE receipt_taken.at < :before
    RETURNING id
)
SELECT id, source, at, query, headers, body, peer FROM next WHERE id IN (SELECT id FROM taken);

-- name: receipts_done
-- What became of receipts, of a JSON array, and what they say; nobody has them any more.
WITH done AS (
    SELECT id, state, type, reason, once
    FROM json_to_recordset(CAST(CAST(:done AS TEXT) AS JSON))
        AS each (id BIGINT, state TEXT, type TEXT, reason TEXT, once TEXT)
),
given_back AS (
    DELETE FROM receipt_taken WHERE id IN (SELECT id FROM done)
)
UPDATE receipt SET
    state = done.state, type = done.type, reason = done.reason,
    once = CASE WHEN done.once = '' THEN receipt.once ELSE done.once END
FROM done
WHERE receipt.id = done.id;

-- name: receipts_repeated
-- Of what was read, the ones that say what an earlier one of their source said, within their window, are duplicates.
WITH repeated AS (
    UPDATE receipt SET state = 'duplicate', type = told.type, once = told.once
    FROM json_to_recordset(CAST(CAST(:told AS TEXT) AS JSON))
        AS told (id BIGINT, type TEXT, once TEXT, window_ms BIGINT, again BOOLEAN)
    WHERE receipt.id = told.id AND (told.again OR EXISTS (
        SELECT 1 FROM receipt AS earlier
        WHERE earlier.source = receipt.source AND earlier.once = told.once AND earlier.once <> ''
        AND earlier.id < receipt.id AND earlier.at >= receipt.at - told.window_ms
    ))
    RETURNING receipt.id
),
given_back AS (
    DELETE FROM receipt_taken WHERE id IN (SELECT id FROM repeated)
)
SELECT id FROM repeated;
