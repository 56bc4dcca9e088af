-- name: people_of_ids
-- The people of some ids, given as a JSON array.
SELECT id, COALESCE(phone, '') AS phone, name, picture, is_bot FROM person
WHERE id IN (SELECT value FROM json_each(:ids));

-- name: actions_of_ids
-- The actions of some ids, given as a JSON array.
SELECT * FROM action WHERE id IN (SELECT value FROM json_each(:ids));
