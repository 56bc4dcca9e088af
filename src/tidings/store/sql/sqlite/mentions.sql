-- name: naming_in_attempt
-- Attempts with what endpoints answered from a place on, with their texts only where a person may be named.
SELECT id, is_named,
    CASE WHEN is_named THEN error ELSE '' END AS error,
    CASE WHEN is_named THEN headers ELSE '' END AS headers,
    CASE WHEN is_named THEN answer ELSE X'' END AS answer
FROM (
    SELECT id, error, headers, answer,
        error LIKE '%' || :digits || '%' OR error LIKE '%' || :person || '%'
        OR headers LIKE '%' || :digits || '%' OR headers LIKE '%' || :person || '%'
        OR INSTR(answer, CAST(:digits AS BLOB)) > 0 OR INSTR(answer, CAST(:person AS BLOB)) > 0
        AS is_named
    FROM attempt WHERE id > :after_id ORDER BY id LIMIT :most
) AS step ORDER BY id;

-- name: naming_in_capture
-- Requests that bins caught from a place on, with their texts only where a person may be named.
SELECT bin, number, is_named,
    CASE WHEN is_named THEN path ELSE '' END AS path,
    CASE WHEN is_named THEN query ELSE '' END AS query,
    CASE WHEN is_named THEN headers ELSE '' END AS headers,
    CASE WHEN is_named THEN body ELSE X'' END AS body
FROM (
    SELECT bin, number, path, query, headers, body,
        path LIKE '%' || :digits || '%' OR path LIKE '%' || :person || '%'
        OR query LIKE '%' || :digits || '%' OR query LIKE '%' || :person || '%'
        OR headers LIKE '%' || :digits || '%' OR headers LIKE '%' || :person || '%'
        OR INSTR(body, CAST(:digits AS BLOB)) > 0 OR INSTR(body, CAST(:person AS BLOB)) > 0
        AS is_named
    FROM capture WHERE (bin, number) > (:after_bin, :after_number) ORDER BY bin, number LIMIT :most
) AS step ORDER BY bin, number;

-- name: naming_in_receipt
-- Received requests from a place on, with their texts only where a person may be named.
SELECT id, is_named,
    CASE WHEN is_named THEN query ELSE '' END AS query,
    CASE WHEN is_named THEN headers ELSE '' END AS headers,
    CASE WHEN is_named THEN body ELSE X'' END AS body
FROM (
    SELECT id, query, headers, body,
        query LIKE '%' || :digits || '%' OR query LIKE '%' || :person || '%'
        OR headers LIKE '%' || :digits || '%' OR headers LIKE '%' || :person || '%'
        OR INSTR(body, CAST(:digits AS BLOB)) > 0 OR INSTR(body, CAST(:person AS BLOB)) > 0
        AS is_named
    FROM receipt WHERE id > :after_id ORDER BY id LIMIT :most
) AS step ORDER BY id;
