-- name: group_added
-- A new group.
INSERT INTO grouping (
    id, name, welcome_message, type, created_at, changed_at, photo, background, short_description, long_description
) VALUES (
    :id, :name, :welcome_message, :type, :at, :at, :photo, :background, :short_description, :long_description
) ON CONFLICT (id) DO NOTHING;

-- name: group_touched
-- Members are about to change: until the transaction ends nobody else changes them.
UPDATE grouping SET changed_at = :at WHERE id = :id;

-- name: group_role
-- Whether a group is there, what a person is in it, and whether it is beneath another.
-- finds: by key
SELECT COALESCE(member.role, '') AS role,
    CASE WHEN EXISTS (SELECT 1 FROM sub_group WHERE sub_group.child = grouping.id) THEN 1 ELSE 0 END AS is_beneath
FROM grouping
LEFT JOIN member ON member.group_id = grouping.id AND member.person = :person
WHERE grouping.id = :id;

-- name: groups_told
-- Groups of a list by id, as a person sees them.
SELECT
    grouping.id, grouping.name, grouping.welcome_message, grouping.type, grouping.created_at,
    grouping.photo, grouping.background, grouping.short_description, grouping.long_description,
    (SELECT COALESCE(MAX(member.role), '') FROM member WHERE member.group_id = grouping.id AND member.person = :person)
    AS role,
    (SELECT COUNT(*) FROM member WHERE member.group_id = grouping.id) AS members,
    (SELECT COUNT(*) FROM sub_group WHERE sub_group.parent = grouping.id) AS sub_groups,
    (SELECT COUNT(*) FROM sub_group WHERE sub_group.child = grouping.id) AS parents
FROM grouping WHERE grouping.id IN (SELECT value FROM json_each(CAST(:ids AS TEXT)))
ORDER BY grouping.id;

-- name: group_names
-- What groups of a list are called.
SELECT id, name FROM grouping WHERE id IN (SELECT value FROM json_each(CAST(:ids AS TEXT)));

-- name: members_unseen
-- How many members of each group of a list have never signed in.
SELECT member.group_id AS id, COUNT(*) AS number
FROM member JOIN person ON person.id = member.person
WHERE member.group_id IN (SELECT value FROM json_each(CAST(:ids AS TEXT))) AND person.signed_in_at IS NULL
GROUP BY member.group_id;

-- name: people_within
-- How many people are in a group or beneath it, up to a number, and how many of them have never signed in. To SQLite,
-- CROSS JOIN says in which order to look; else it reads all members there are.
WITH RECURSIVE beneath (id) AS (
    SELECT CAST(:id AS TEXT)
    UNION
    SELECT sub_group.child FROM beneath JOIN sub_group ON sub_group.parent = beneath.id
)
SELECT COUNT(*) AS people, COALESCE(SUM(is_unseen), 0) AS people_unseen FROM (
    SELECT DISTINCT person.id, CASE WHEN person.signed_in_at IS NULL THEN 1 ELSE 0 END AS is_unseen
    FROM beneath CROSS JOIN member CROSS JOIN person
    WHERE member.group_id = beneath.id AND person.id = member.person
    LIMIT :most
) AS found;

-- name: groups
-- All groups by id.
SELECT id FROM grouping WHERE id > :after ORDER BY id LIMIT :most;

-- name: groups_of_person
-- The groups of a person by id.
SELECT group_id FROM member WHERE person = :person AND group_id > :after ORDER BY group_id LIMIT :most;

-- name: groups_within_reach
-- One group, those of which a person is admin, all beneath them, and all others of that person, by id.
WITH RECURSIVE reach (id) AS (
    SELECT id FROM (
        SELECT id FROM grouping WHERE id = :group_id
        UNION
        SELECT group_id FROM member WHERE person = :person AND role = 'Admin'
    ) AS top
    UNION
    SELECT sub_group.child FROM reach JOIN sub_group ON sub_group.parent = reach.id
)
SELECT id FROM (
    SELECT id FROM reach
    UNION
    SELECT group_id FROM member WHERE person = :person
) AS mine WHERE id > :after ORDER BY id LIMIT :most;

-- name: groups_called
-- Groups by a part of their name, by id.
SELECT id FROM grouping WHERE LOWER(name) LIKE LOWER(CAST(:like AS TEXT)) ESCAPE '\'
ORDER BY id LIMIT :most OFFSET :skip;

-- name: member_added
-- Somebody joins, unless they are there.
INSERT INTO member (group_id, person, role, since) VALUES (:group_id, :person, :role, :at)
ON CONFLICT (group_id, person) DO NOTHING;

-- name: member_removed
-- Somebody leaves, unless they are the last admin.
DELETE FROM member
WHERE group_id = :group_id AND person = :person AND (
    role <> 'Admin' OR EXISTS (
        SELECT 1 FROM member AS other
        WHERE other.group_id = :group_id AND other.role = 'Admin' AND other.person <> :person
    )
);

-- name: member_role
-- Somebody's role becomes another, unless that leaves no admin.
UPDATE member SET role = :role
WHERE group_id = :group_id AND person = :person AND (
    CAST(:role AS TEXT) = 'Admin' OR EXISTS (
        SELECT 1 FROM member AS other
        WHERE other.group_id = :group_id AND other.role = 'Admin' AND other.person <> :person
    )
);

-- name: members
-- The members of a group by person.
SELECT
    person.id, COALESCE(person.phone, '') AS phone, person.name, person.picture, person.is_bot, member.role,
    CASE WHEN person.signed_in_at IS NULL THEN 0 ELSE 1 END AS has_signed_in
FROM member JOIN person ON person.id = member.person
WHERE member.group_id = :group_id AND member.person > :after ORDER BY member.person LIMIT :most;

-- name: member
-- One member of a group.
SELECT
    person.id, COALESCE(person.phone, '') AS phone, person.name, person.picture, person.is_bot, member.role,
    CASE WHEN person.signed_in_at IS NULL THEN 0 ELSE 1 END AS has_signed_in
FROM member JOIN person ON person.id = member.person
WHERE member.group_id = :group_id AND member.person = :person;
