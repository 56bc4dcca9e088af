-- name: message_posted
-- What somebody said in a group.
INSERT INTO message (id, group_id, author, text, reply_to, audience, at)
VALUES (:id, :group_id, :author, :text, :reply_to, :audience, :at);

-- name: message
-- What was said.
SELECT id, group_id, author, text, reply_to, audience, at FROM message WHERE id = :id;

-- name: reference_in_group
-- Whether a message or an action of that reference was posted in a group.
SELECT 1 FROM message WHERE id = :reference AND group_id = :group_id
UNION ALL
SELECT 1 FROM action WHERE reference = :reference AND group_id = :group_id;
