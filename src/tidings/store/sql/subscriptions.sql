-- name: subscription_added
-- A new subscription.
-- changes: subscriptions
INSERT INTO subscription (
    id, version, kind, object, types, url, token, context, format, secrets, headers, basic_auth, client_certificate,
    schedule, timeout_ms, order_key, rate, filters, state, connector, owner, within_group, created_at, expires_at,
    disabled_at, disabled_why
) VALUES (
    :id, (SELECT version FROM subscription_version), :kind, :object, :types, :url, :token, :context, :format, :secrets,
    :headers, :basic_auth, :client_certificate, :schedule, :timeout_ms, :order_key, :rate, :filters, :state,
    :connector, :owner, :within_group, :created_at, :expires_at, :disabled_at, :disabled_why
)
RETURNING number;

-- name: subscription_saved
-- Change what its owner may change, unless it has ended. A new end of its validity is to be announced anew. Its state
-- is left alone: it may have changed since it was read.
-- changes: subscriptions
UPDATE subscription SET
    version = (SELECT version FROM subscription_version),
    types = :types,
    url = :url,
    token = :token,
    context = :context,
    format = :format,
    secrets = :secrets,
    headers = :headers,
    basic_auth = :basic_auth,
    client_certificate = :client_certificate,
    schedule = :schedule,
    timeout_ms = :timeout_ms,
    order_key = :order_key,
    rate = :rate,
    filters = :filters,
    expiry_announced = CASE WHEN expires_at = :expires_at THEN expiry_announced ELSE 0 END,
    expires_at = :expires_at
WHERE id = :id AND state <> 'ended';

-- name: subscription_revived
-- Make a disabled subscription active again.
-- changes: subscriptions
UPDATE subscription SET
    version = (SELECT version FROM subscription_version), state = 'active', disabled_at = NULL, disabled_why = ''
WHERE number = :number AND state = 'disabled';

-- name: subscription_disabled
-- Hold what it is owed, unless something was delivered after that instant.
-- changes: subscriptions
UPDATE subscription SET
    version = (SELECT version FROM subscription_version), state = 'disabled', disabled_at = :at, disabled_why = :why
WHERE number = :number AND state = 'active' AND NOT EXISTS (
    SELECT 1 FROM lane WHERE lane.subscription = :number AND lane.succeeded_at > :since
);

-- name: subscription_ended
-- Nothing is matched any more.
-- changes: subscriptions
UPDATE subscription SET version = (SELECT version FROM subscription_version), state = 'ended', ended_at = :at
WHERE number = :number AND state <> 'ended';

-- name: connector_withheld
-- Hold what is owed to the subscriptions of a connector, for a reason, or no more for that one.
-- changes: subscriptions
UPDATE subscription SET
    version = (SELECT version FROM subscription_version), withheld = (withheld & :others) | :reason
WHERE connector = :connector AND state <> 'ended';

-- name: owner_withheld
-- Hold what is owed to the subscriptions of a person, for a reason, or no more for that one.
-- changes: subscriptions
UPDATE subscription SET
    version = (SELECT version FROM subscription_version), withheld = (withheld & :others) | :reason
WHERE owner = :owner AND state <> 'ended';

-- name: hearing_follows_role
-- Hold, or no more, what a person's webhooks on a group and its actions are owed, by what the person is in the group
-- now; webhooks on packages are only touched, because where they hear is read anew with them.
-- changes: subscriptions
UPDATE subscription SET
    version = (SELECT version FROM subscription_version),
    withheld = CASE
        WHEN kind = 'ActionPackage' THEN withheld
        WHEN EXISTS (
            SELECT 1 FROM member
            WHERE member.group_id = :group_id AND member.person = :owner AND (
                member.role = 'Admin' OR EXISTS (
                    SELECT 1 FROM action
                    WHERE subscription.kind = 'Action' AND action.id = subscription.object AND action.author = :owner
                )
            )
        ) THEN withheld & :others
        ELSE (withheld & :others) | :reason
    END
WHERE owner = :owner AND state <> 'ended' AND (
    kind = 'ActionPackage' OR (kind = 'Group' AND object = :group_id) OR EXISTS (
        SELECT 1 FROM action
        WHERE subscription.kind = 'Action' AND action.id = subscription.object AND action.group_id = :group_id
    )
);

-- name: hearing_follows_tree
-- Hold, or no more, what webhooks that the tokens of groups made are owed, by whether the token's group still is above
-- what they are about: those on a group, on what is beneath it, and on their actions.
-- changes: subscriptions
WITH RECURSIVE above (number, within_group, id) AS (
    SELECT subscription.number, subscription.within_group, COALESCE(action.group_id, subscription.object)
    FROM subscription LEFT JOIN action ON subscription.kind = 'Action' AND action.id = subscription.object
    WHERE subscription.within_group <> '' AND subscription.kind <> 'ActionPackage' AND subscription.state <> 'ended'
    UNION
    SELECT above.number, above.within_group, sub_group.parent
    FROM above JOIN sub_group ON sub_group.child = above.id
), moved (number, is_within) AS (
    SELECT number, MAX(CASE WHEN id = within_group THEN 1 ELSE 0 END) FROM above
    GROUP BY number HAVING MAX(CASE WHEN id = :group_id THEN 1 ELSE 0 END) = 1
)
UPDATE subscription SET
    version = (SELECT version FROM subscription_version),
    withheld = CASE moved.is_within WHEN 1 THEN withheld & :others ELSE (withheld & :others) | :reason END
FROM moved WHERE moved.number = subscription.number;

-- name: authors_held
-- Those of some people who have a webhook on an action that is held.
SELECT DISTINCT subscription.owner FROM json_each(:people) AS people
CROSS JOIN subscription
WHERE subscription.owner = people.value
    AND subscription.kind = 'Action' AND subscription.withheld <> 0 AND subscription.state <> 'ended';

-- name: groups_administered
-- Groups of which some people are admins, by person and group.
WITH administered AS MATERIALIZED (
    SELECT member.person, member.group_id FROM json_each(:people) AS people
    CROSS JOIN member
    WHERE member.person = people.value AND member.role = 'Admin'
        AND (member.person, member.group_id) > (:person, :group_id)
)
SELECT person, group_id FROM administered ORDER BY person, group_id LIMIT :most;

-- name: subscriptions_changed
-- Subscriptions that changed after a version, in the order of their changes.
SELECT * FROM subscription
WHERE (version, number) > (:version, :number) AND (state <> 'ended' OR :with_ended = 1)
ORDER BY version, number LIMIT :most;

-- name: subscription
-- One subscription.
SELECT * FROM subscription WHERE id = :id;

-- name: subscriptions_of_subject
-- Subscriptions of one subject that have not ended, the oldest first.
SELECT * FROM subscription
WHERE kind = :kind AND object = :object AND number > :after AND state <> 'ended'
ORDER BY number LIMIT :most;
