-- Webhooks that hear in some groups only, and how those are found whose owner's rights change.

-- The group of the group token that made a webhook on an action package; empty for any other webhook.
ALTER TABLE subscription ADD COLUMN within_group TEXT NOT NULL DEFAULT '';
CREATE INDEX subscription_owner ON subscription (owner);
