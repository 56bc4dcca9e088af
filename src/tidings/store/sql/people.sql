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
-- A person signs in, for the first time or again.
UPDATE person SET signed_in_at = COALESCE(signed_in_at, :at), seen_at = :at WHERE id = :id;

-- name: person_seen
-- A person whose session that is was here.
UPDATE person SET seen_at = :now WHERE id = (SELECT session.person FROM session WHERE session.hash = :hash);

-- name: person_profile
-- A person as owners see them, unless erased; bots are none.
SELECT person.id, COALESCE(person.phone, '') AS phone, person.name, person.picture, person.created_at,
    person.signed_in_at, person.seen_at, COALESCE(console_role.role, '') AS role
FROM person LEFT JOIN console_role ON console_role.person = person.id
WHERE person.id = :id AND person.is_bot = 0 AND person.erased_at IS NULL;

-- name: people_with_role
-- People who may do something in the console, by id.
SELECT person.id, COALESCE(person.phone, '') AS phone, person.name, person.picture, person.created_at,
    person.signed_in_at, person.seen_at, console_role.role
FROM console_role JOIN person ON person.id = console_role.person
WHERE console_role.person > :after ORDER BY console_role.person LIMIT :most;

-- name: people_newest
-- Everybody, the newest first.
SELECT person.id, COALESCE(person.phone, '') AS phone, person.name, person.picture, person.created_at,
    person.signed_in_at, person.seen_at, COALESCE(console_role.role, '') AS role
FROM person LEFT JOIN console_role ON console_role.person = person.id
WHERE person.is_bot = 0 AND person.erased_at IS NULL AND (person.created_at, person.id) < (:before, :before_id)
ORDER BY person.created_at DESC, person.id DESC LIMIT :most;

-- name: people_step
-- Where a step of so many people ends; nothing if there are not so many.
SELECT created_at, id FROM person
WHERE is_bot = 0 AND erased_at IS NULL AND (created_at, id) < (:before, :before_id)
ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET :step;

-- name: people_found
-- People of a step by a part of their name or number, the newest first.
SELECT person.id, COALESCE(person.phone, '') AS phone, person.name, person.picture, person.created_at,
    person.signed_in_at, person.seen_at, COALESCE(console_role.role, '') AS role
FROM person LEFT JOIN console_role ON console_role.person = person.id
WHERE person.is_bot = 0 AND person.erased_at IS NULL AND (person.created_at, person.id) < (:before, :before_id)
    AND (person.created_at, person.id) >= (:until, :until_id)
    AND (LOWER(person.name) LIKE LOWER(CAST(:name AS TEXT)) ESCAPE '\' OR person.phone LIKE :phone)
ORDER BY person.created_at DESC, person.id DESC LIMIT :most;

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
