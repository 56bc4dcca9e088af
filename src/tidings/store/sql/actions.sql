-- name: action_posted
-- A new action.
INSERT INTO action (
    id, reference, group_id, type, package, package_version, author, audience, title, body, properties,
    is_closed, due_at, version, created_at, changed_at, responses
) VALUES (
    :id, :reference, :group_id, :type, :package, :package_version, :author, :audience, :title, :body, :properties,
    :is_closed, :due_at, :version, :created_at, :changed_at, :responses
);

-- name: action
-- One action.
-- finds: by key
SELECT * FROM action WHERE id = :id;

-- name: action_seen
-- One action, what a person is in its group, and whether that is beneath another.
-- finds: by key
SELECT action.*, COALESCE(member.role, '') AS role,
    CASE WHEN EXISTS (SELECT 1 FROM sub_group WHERE sub_group.child = action.group_id) THEN 1 ELSE 0 END AS is_beneath
FROM action LEFT JOIN member ON member.group_id = action.group_id AND member.person = :person
WHERE action.id = :id;

-- name: action_referred_to
-- One action by what answers call it.
SELECT * FROM action WHERE reference = :reference;

-- name: action_changed
-- An action becomes another, unless somebody else changed it meanwhile.
UPDATE action SET
    title = :title, body = :body, properties = :properties, is_closed = :is_closed, due_at = :due_at,
    version = version + 1,
    changed_at = CASE WHEN changed_at < CAST(:at AS BIGINT) THEN :at ELSE changed_at END
WHERE id = :id AND version = :version;

-- name: action_responded
-- Somebody responded to an action that is open: with a first response, or (more: 0) with one that replaces another.
UPDATE action SET
    responses = responses + :more,
    changed_at = CASE WHEN changed_at < CAST(:at AS BIGINT) THEN :at ELSE changed_at END
WHERE id = :id AND is_closed = 0;

-- name: actions_newest
-- The actions of a group, newest first, before a place.
SELECT * FROM action
WHERE group_id = :group_id AND (created_at, id) < (:at, :id)
ORDER BY created_at DESC, id DESC LIMIT :most;

-- name: actions_newest_of_type
-- The actions of one type in a group, newest first, before a place.
SELECT * FROM action
WHERE group_id = :group_id AND type = :type AND (created_at, id) < (:at, :id)
ORDER BY created_at DESC, id DESC LIMIT :most;

-- name: actions_newest_of_package
-- The actions of one package in a group, newest first, before a place.
SELECT * FROM action
WHERE group_id = :group_id AND package = :package AND package <> '' AND (created_at, id) < (:at, :id)
ORDER BY created_at DESC, id DESC LIMIT :most;

-- name: actions_since
-- The actions of a group, oldest first, after a place.
SELECT * FROM action
WHERE group_id = :group_id AND (created_at, id) > (:at, :id)
ORDER BY created_at, id LIMIT :most;

-- name: actions_since_of_type
-- The actions of one type in a group, oldest first, after a place.
SELECT * FROM action
WHERE group_id = :group_id AND type = :type AND (created_at, id) > (:at, :id)
ORDER BY created_at, id LIMIT :most;

-- name: actions_since_of_package
-- The actions of one package in a group, oldest first, after a place.
SELECT * FROM action
WHERE group_id = :group_id AND package = :package AND package <> '' AND (created_at, id) > (:at, :id)
ORDER BY created_at, id LIMIT :most;

-- name: actions_changed
-- The actions of a group in the order in which they changed last, after a place.
SELECT * FROM action
WHERE group_id = :group_id AND (changed_at, id) > (:at, :id)
ORDER BY changed_at, id LIMIT :most;

-- name: reminded
-- Somebody reminds others of an action.
INSERT INTO reminder (id, action, author, audience, at) VALUES (:id, :action, :author, :audience, :at);

-- name: action_reminded
-- When people were last reminded of an action; whoever looks at it is told.
UPDATE action SET
    reminded_at = :at, changed_at = CASE WHEN changed_at < CAST(:at AS BIGINT) THEN :at ELSE changed_at END
WHERE id = :id;

-- name: members_silent
-- Members of a group, by id, who have not responded to an action, bots apart; only those named, if any are.
SELECT person.id, person.phone, person.name, person.picture, person.is_bot FROM member
JOIN person ON person.id = member.person
WHERE member.group_id = :group_id AND member.person > :after AND person.is_bot = 0
    AND (:is_of_all = 1 OR member.person IN (SELECT value FROM json_each(CAST(:ids AS TEXT))))
    AND NOT EXISTS (SELECT 1 FROM response WHERE response.action = :action AND response.responder = member.person)
ORDER BY member.person LIMIT :most;

-- name: actions_awaiting
-- Open actions that a member was reminded of since an instant and has not responded to, the latest reminder first.
SELECT action.* FROM member
JOIN action ON action.group_id = member.group_id AND action.reminded_at > :since
WHERE member.person = :person AND action.is_closed = 0 AND (action.due_at IS NULL OR action.due_at > :now)
    AND (action.type <> 'Job' OR action.body LIKE '%' || CAST(:person AS TEXT) || '%')
    AND NOT EXISTS (SELECT 1 FROM response WHERE response.action = action.id AND response.responder = :person)
ORDER BY action.reminded_at DESC, action.id DESC LIMIT :most;

-- name: reminders
-- Who was reminded of an action, latest first, before a place.
SELECT * FROM reminder
WHERE action = :action AND (at, id) < (:at, :id)
ORDER BY at DESC, id DESC LIMIT :most;

-- name: assignee
-- The member of a group who has that number.
SELECT person.id FROM person JOIN member ON member.person = person.id AND member.group_id = :group_id
WHERE person.phone = :phone;
