-- name: group_type
-- Of what type a group is.
SELECT type FROM grouping WHERE id = :id;

-- name: subscriber_added
-- Somebody subscribes, unless they did before.
INSERT INTO subscriber (group_id, person, since) VALUES (:group_id, :person, :at)
ON CONFLICT (group_id, person) DO NOTHING;

-- name: subscriber_removed
-- Somebody subscribes no more.
DELETE FROM subscriber WHERE group_id = :group_id AND person = :person;

-- name: subscriber_erased
-- An erased person subscribes to nothing.
DELETE FROM subscriber WHERE person = :person;

-- name: subscriber_by_phone
-- The subscriber of a group who has that number.
SELECT person.id FROM person JOIN subscriber ON subscriber.person = person.id AND subscriber.group_id = :group_id
WHERE person.phone = :phone;

-- name: is_subscriber
-- Whether a person subscribes to a group.
SELECT COUNT(*) FROM subscriber WHERE group_id = :group_id AND person = :person;

-- name: subscribers
-- The subscribers of a group by person; chosen first, so that no plan walks through everybody.
SELECT
    person.id, COALESCE(person.phone, '') AS phone, person.name, person.picture, person.is_bot,
    CASE WHEN person.signed_in_at IS NULL THEN 0 ELSE 1 END AS has_signed_in
FROM (
    SELECT person FROM subscriber WHERE group_id = :group_id AND person > :after ORDER BY person LIMIT :most
) AS page JOIN person ON person.id = page.person
ORDER BY page.person;
