-- name: response_given
-- A first response; `sole`, which is the person where only one is allowed, lets them have no second.
INSERT INTO response (id, action, group_id, responder, connector, sole, answers, updates, created_at, changed_at)
VALUES (:id, :action, :group_id, :responder, :connector, :sole, :answers, 0, :at, :at)
ON CONFLICT (action, sole) WHERE sole IS NOT NULL DO NOTHING;

-- name: response_updated
-- A response becomes another, if it is the person's own, or that of the program that gave it.
UPDATE response SET
    answers = :answers, updates = updates + 1,
    changed_at = CASE WHEN changed_at < CAST(:at AS BIGINT) THEN :at ELSE changed_at END
WHERE id = :id AND action = :action AND responder = :responder AND (responder <> '' OR connector = :connector);

-- name: response_sole
-- What a person answered where one answer is allowed.
SELECT id FROM response WHERE action = :action AND sole = :sole;

-- name: responses_of_action
-- Who answered what to an action, oldest first, after a place.
SELECT
    response.id, response.action, response.responder, COALESCE(person.phone, '') AS phone,
    COALESCE(person.name, '') AS name, COALESCE(person.picture, '') AS picture,
    COALESCE(person.is_bot, 0) AS is_bot, response.answers, response.updates, response.created_at, response.changed_at
FROM response LEFT JOIN person ON person.id = response.responder
WHERE response.action = :action AND (response.created_at, response.id) > (:at, :id)
ORDER BY response.created_at, response.id LIMIT :most;

-- name: responses_of_person
-- What one person, or programs, answered to an action, oldest first, after a place.
SELECT
    response.id, response.action, response.responder, COALESCE(person.phone, '') AS phone,
    COALESCE(person.name, '') AS name, COALESCE(person.picture, '') AS picture,
    COALESCE(person.is_bot, 0) AS is_bot, response.answers, response.updates, response.created_at, response.changed_at
FROM response LEFT JOIN person ON person.id = response.responder
WHERE response.action = :action AND response.responder = :responder
    AND (response.created_at, response.id) > (:at, :id)
ORDER BY response.created_at, response.id LIMIT :most;

-- name: responses_changed
-- Who answered what in a group, in the order in which the responses changed last, after a place.
SELECT
    response.id, response.action, response.responder, COALESCE(person.phone, '') AS phone,
    COALESCE(person.name, '') AS name, COALESCE(person.picture, '') AS picture,
    COALESCE(person.is_bot, 0) AS is_bot, response.answers, response.updates, response.created_at, response.changed_at
FROM response LEFT JOIN person ON person.id = response.responder
WHERE response.group_id = :group_id AND (response.changed_at, response.id) > (:at, :id)
ORDER BY response.changed_at, response.id LIMIT :most;
