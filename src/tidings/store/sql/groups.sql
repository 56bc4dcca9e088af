-- name: group_added
-- A new group.
INSERT INTO grouping (id, name, welcome_message, type, created_at, changed_at)
VALUES (:id, :name, :welcome_message, :type, :at, :at)
ON CONFLICT (id) DO NOTHING;

-- name: group_touched
-- Members are about to change: until the transaction ends nobody else changes them.
UPDATE grouping SET changed_at = :at WHERE id = :id;

-- name: group_role
-- Whether a group is there, and what a person is in it.
SELECT COALESCE(member.role, '') FROM grouping
LEFT JOIN member ON member.group_id = grouping.id AND member.person = :person
WHERE grouping.id = :id;

-- name: group
-- One group, as a person sees it.
SELECT
    grouping.id, grouping.name, grouping.welcome_message, grouping.type, grouping.created_at,
    (SELECT COALESCE(MAX(member.role), '') FROM member WHERE member.group_id = grouping.id AND member.person = :person)
    AS role,
    (SELECT COUNT(*) FROM member WHERE member.group_id = grouping.id) AS members
FROM grouping WHERE grouping.id = :id;

-- name: groups
-- All groups by id.
SELECT
    grouping.id, grouping.name, grouping.welcome_message, grouping.type, grouping.created_at,
    (SELECT COALESCE(MAX(member.role), '') FROM member WHERE member.group_id = grouping.id AND member.person = :person)
    AS role,
    (SELECT COUNT(*) FROM member WHERE member.group_id = grouping.id) AS members
FROM grouping WHERE grouping.id > :after ORDER BY grouping.id LIMIT :most;

-- name: groups_of_person
-- The groups of a person by id.
SELECT
    grouping.id, grouping.name, grouping.welcome_message, grouping.type, grouping.created_at, mine.role,
    (SELECT COUNT(*) FROM member WHERE member.group_id = grouping.id) AS members
FROM member AS mine JOIN grouping ON grouping.id = mine.group_id
WHERE mine.person = :person AND mine.group_id > :after ORDER BY mine.group_id LIMIT :most;

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

-- name: message_posted
-- What somebody said in a group.
INSERT INTO message (id, group_id, author, text, at) VALUES (:id, :group_id, :author, :text, :at);
