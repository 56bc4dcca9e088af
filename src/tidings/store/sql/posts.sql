-- name: messages_newest
-- What was said in a group, newest first, before a place.
SELECT id, group_id, author, text, reply_to, audience, at FROM message
WHERE group_id = :group_id AND (at, id) < (:at, :id)
ORDER BY at DESC, id DESC LIMIT :most;

-- name: messages_since
-- What was said in a group, oldest first, after a place.
SELECT id, group_id, author, text, reply_to, audience, at FROM message
WHERE group_id = :group_id AND (at, id) > (:at, :id)
ORDER BY at, id LIMIT :most;

-- name: group_cards
-- Groups of a list as a person finds them in a list, with the instant of what was posted last; zero for nothing.
SELECT
    grouping.id, grouping.name, grouping.type, grouping.short_description, grouping.created_at,
    (SELECT COALESCE(MAX(member.role), '') FROM member WHERE member.group_id = grouping.id AND member.person = :person)
    AS role,
    (SELECT COUNT(*) FROM member WHERE member.group_id = grouping.id) AS members,
    (SELECT COALESCE(MAX(message.at), 0) FROM message WHERE message.group_id = grouping.id) AS message_at,
    (SELECT COALESCE(MAX(action.changed_at), 0) FROM action WHERE action.group_id = grouping.id) AS action_at
FROM grouping WHERE grouping.id IN (SELECT value FROM json_each(CAST(:ids AS TEXT)))
ORDER BY grouping.id;

-- name: group_changed
-- A group is called and described otherwise.
UPDATE grouping SET
    name = :name, welcome_message = :welcome_message, short_description = :short_description,
    long_description = :long_description, changed_at = :at
WHERE id = :id;
