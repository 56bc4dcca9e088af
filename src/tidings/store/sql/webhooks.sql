-- name: webhooks_newest
-- Numbers of webhooks before one, newest first.
SELECT number FROM subscription WHERE number < :before ORDER BY number DESC LIMIT :most;

-- name: webhooks_about
-- Numbers of webhooks on one subject before one, newest first.
SELECT number FROM subscription
WHERE kind = :kind AND object = :object AND number < :before ORDER BY number DESC LIMIT :most;

-- name: webhooks_of_connector
-- Numbers of webhooks that a connector made before one, newest first.
SELECT number FROM subscription
WHERE connector = :connector AND number < :before ORDER BY number DESC LIMIT :most;

-- name: webhooks_of_owner
-- Numbers of webhooks that a person made before one, newest first.
SELECT number FROM subscription WHERE owner = :owner AND number < :before ORDER BY number DESC LIMIT :most;

-- name: webhooks_within_reach
-- Numbers of webhooks that a person made, and of those on groups of which they are an admin, before one, newest first.
-- To SQLite, CROSS JOIN says in which order to look.
SELECT number FROM (
    SELECT number FROM subscription WHERE owner = :person AND number < :before
    UNION
    SELECT subscription.number FROM member CROSS JOIN subscription
    WHERE member.person = :person AND member.role = 'Admin' AND subscription.kind = 'Group'
        AND subscription.object = member.group_id AND subscription.number < :before
) AS mine ORDER BY number DESC LIMIT :most;

-- name: webhooks_told
-- Webhooks of a list, newest first, with how they fare.
SELECT subscription.number, subscription.id, subscription.kind, subscription.object, subscription.types,
    subscription.url, subscription.format, subscription.state, subscription.withheld, subscription.connector,
    subscription.owner, subscription.created_at, subscription.expires_at,
    COALESCE(lane.delivered, 0) AS delivered, COALESCE(lane.failed, 0) AS failed,
    COALESCE(lane.succeeded_at, 0) AS succeeded_at, COALESCE(lane.refused_at, 0) AS refused_at,
    COALESCE(lane.circuit, '') AS circuit
FROM json_each(CAST(:numbers AS TEXT)) AS listed
JOIN subscription ON subscription.number = CAST(listed.value AS BIGINT)
LEFT JOIN lane ON lane.subscription = subscription.number
ORDER BY subscription.number DESC;

-- name: webhook_attempts
-- What was tried for the newest events of a webhook.
SELECT event, at, outcome, state, status, timings, is_probe FROM attempt
WHERE subscription = :subscription ORDER BY event DESC LIMIT :most;

-- name: subjects_named
-- What groups, actions and packages of a list are called; of a package that is in its newest version.
SELECT 'Group' AS kind, grouping.id, grouping.name FROM json_each(CAST(:groups AS TEXT)) AS listed
JOIN grouping ON grouping.id = listed.value
UNION ALL
SELECT 'Action' AS kind, action.id, action.title FROM json_each(CAST(:actions AS TEXT)) AS listed
JOIN action ON action.id = listed.value
UNION ALL
SELECT 'ActionPackage' AS kind, package.id, package.name FROM json_each(CAST(:packages AS TEXT)) AS listed
JOIN package ON package.id = listed.value
WHERE package.version = (SELECT MAX(newest.version) FROM package AS newest WHERE newest.id = package.id);

-- name: applications
-- Applications by id, with that in it, after one.
SELECT id, connector FROM application
WHERE id > :after AND LOWER(id) LIKE LOWER(CAST(:like AS TEXT)) ESCAPE '\' ORDER BY id LIMIT :most;
