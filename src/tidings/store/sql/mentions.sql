-- name: naming_in_message
-- Messages from a place on, with their texts only where a person may be named.
SELECT id, is_named,
    CASE WHEN is_named THEN text ELSE '' END AS text
FROM (
    SELECT id, text,
        text LIKE '%' || :digits || '%' OR text LIKE '%' || :person || '%' AS is_named
    FROM message WHERE id > :after_id ORDER BY id LIMIT :most
) AS step ORDER BY id;

-- name: naming_in_reaction
-- Comments from a place on, with their texts only where a person may be named.
SELECT id, is_named,
    CASE WHEN is_named THEN comment ELSE '' END AS comment
FROM (
    SELECT id, comment,
        comment LIKE '%' || :digits || '%' OR comment LIKE '%' || :person || '%' AS is_named
    FROM reaction WHERE id > :after_id ORDER BY id LIMIT :most
) AS step ORDER BY id;

-- name: naming_in_action
-- Actions from a place on, with their texts only where a person may be named.
SELECT id, is_named,
    CASE WHEN is_named THEN title ELSE '' END AS title,
    CASE WHEN is_named THEN body ELSE '' END AS body,
    CASE WHEN is_named THEN properties ELSE '' END AS properties
FROM (
    SELECT id, title, body, properties,
        title LIKE '%' || :digits || '%' OR title LIKE '%' || :person || '%'
        OR body LIKE '%' || :digits || '%' OR body LIKE '%' || :person || '%'
        OR properties LIKE '%' || :digits || '%' OR properties LIKE '%' || :person || '%' AS is_named
    FROM action WHERE id > :after_id ORDER BY id LIMIT :most
) AS step ORDER BY id;

-- name: naming_in_response
-- Answers to actions from a place on, with their texts only where a person may be named.
SELECT id, is_named,
    CASE WHEN is_named THEN answers ELSE '' END AS answers
FROM (
    SELECT id, answers,
        answers LIKE '%' || :digits || '%' OR answers LIKE '%' || :person || '%' AS is_named
    FROM response WHERE id > :after_id ORDER BY id LIMIT :most
) AS step ORDER BY id;

-- name: naming_in_grouping
-- Groups from a place on, with their texts only where a person may be named.
SELECT id, is_named,
    CASE WHEN is_named THEN name ELSE '' END AS name,
    CASE WHEN is_named THEN welcome_message ELSE '' END AS welcome_message,
    CASE WHEN is_named THEN short_description ELSE '' END AS short_description,
    CASE WHEN is_named THEN long_description ELSE '' END AS long_description
FROM (
    SELECT id, name, welcome_message, short_description, long_description,
        name LIKE '%' || :digits || '%' OR name LIKE '%' || :person || '%'
        OR welcome_message LIKE '%' || :digits || '%' OR welcome_message LIKE '%' || :person || '%'
        OR short_description LIKE '%' || :digits || '%' OR short_description LIKE '%' || :person || '%'
        OR long_description LIKE '%' || :digits || '%' OR long_description LIKE '%' || :person || '%' AS is_named
    FROM grouping WHERE id > :after_id ORDER BY id LIMIT :most
) AS step ORDER BY id;

-- name: unname_message
-- A message without what named a person, unless somebody changed it meanwhile.
UPDATE message SET text = :text
WHERE id = :id AND text = :was_text
RETURNING id;

-- name: unname_reaction
-- A comment without what named a person, unless somebody changed it meanwhile.
UPDATE reaction SET comment = :comment
WHERE id = :id AND comment = :was_comment
RETURNING id;

-- name: unname_action
-- An action without what named a person, unless somebody changed it meanwhile.
UPDATE action SET title = :title, body = :body, properties = :properties
WHERE id = :id AND title = :was_title AND body = :was_body AND properties = :was_properties
RETURNING id;

-- name: unname_response
-- Answers without what named a person, unless somebody changed it meanwhile.
UPDATE response SET answers = :answers
WHERE id = :id AND answers = :was_answers
RETURNING id;

-- name: unname_grouping
-- A group without what named a person, unless somebody changed it meanwhile.
UPDATE grouping
SET name = :name, welcome_message = :welcome_message, short_description = :short_description,
    long_description = :long_description
WHERE id = :id AND name = :was_name AND welcome_message = :was_welcome_message
    AND short_description = :was_short_description AND long_description = :was_long_description
RETURNING id;

-- name: unname_attempt
-- An attempt without what named a person.
UPDATE attempt SET error = :error, headers = :headers, answer = :answer
WHERE id = :id
RETURNING id;

-- name: unname_capture
-- A caught request without what named a person.
UPDATE capture SET path = :path, query = :query, headers = :headers, body = :body
WHERE bin = :bin AND number = :number
RETURNING number;

-- name: unname_receipt
-- A received request without what named a person.
UPDATE receipt SET query = :query, headers = :headers, body = :body
WHERE id = :id
RETURNING id;
