-- name: receipts_known
-- Which of these (a JSON array) a source has said before.
SELECT DISTINCT once FROM receipt
WHERE source = :source AND once <> '' AND once IN (SELECT json_array_elements_text(CAST(:onces AS JSON)));
