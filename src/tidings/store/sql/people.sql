-- name: person_created
-- A person with a name; one who was only named as a member so far gets the name.
INSERT INTO person (id, phone, name, picture, is_bot, created_at)
VALUES (:id, :phone, :name, :picture, :is_bot, :at)
ON CONFLICT (phone) DO UPDATE SET name = excluded.name, picture = excluded.picture
WHERE person.name = '' OR person.name = excluded.name;

-- name: person_named
-- Somebody of whom nothing but the number is known yet.
INSERT INTO person (id, phone, name, picture, is_bot, created_at)
VALUES (:id, :phone, '', '', 0, :at)
ON CONFLICT (phone) DO NOTHING;

-- name: person
-- A person by id, unless erased.
SELECT id, COALESCE(phone, '') AS phone, name, picture, is_bot FROM person WHERE id = :id AND erased_at IS NULL;

-- name: person_by_phone
-- A person by phone number.
SELECT id, phone, name, picture, is_bot FROM person WHERE phone = :phone;

-- name: person_signed_in
-- The first sign-in of a person.
UPDATE person SET signed_in_at = :at WHERE id = :id AND signed_in_at IS NULL;

-- name: person_erased
-- Nothing is left of a person but the id.
UPDATE person SET phone = NULL, name = '', picture = '', erased_at = :at WHERE id = :id;

-- name: memberships_erased
-- An erased person is in no group.
DELETE FROM member WHERE person = :person;

-- name: messages_unsigned
-- Some messages of a person no longer say whose they are.
UPDATE message SET author = ''
WHERE id IN (SELECT id FROM message WHERE author = :person ORDER BY id LIMIT :most)
RETURNING id;

-- name: answers_given
-- Responses by id, from a place on, with what was answered.
SELECT id, responder, answers FROM response WHERE id > :after ORDER BY id LIMIT :most;

-- name: answers_rewritten
-- A response without what named its person.
UPDATE response SET answers = :answers WHERE id = :id;

-- name: event_step
-- Where a step of so many events ends; 0 behind the last one.
SELECT COALESCE(MAX(id), 0) FROM (SELECT id FROM event WHERE id > :after ORDER BY id LIMIT :most) AS step;

-- name: events_naming
-- Events of a step that have a person's number or id in them.
SELECT id, actor, data FROM event
WHERE id > :after AND id <= :until
    AND (actor LIKE :phone OR data LIKE :phone OR actor LIKE :person OR data LIKE :person)
ORDER BY id;

-- name: event_rewritten
-- An event without what named a person.
UPDATE event SET actor = :actor, data = :data WHERE id = :id;

-- name: pins_of_phone_ended
-- The PINs that wait for a number are worth nothing more.
DELETE FROM pin WHERE phone = :phone;
