-- Webhooks that the token of a group made beneath it: when the tree changes, they are looked through.

CREATE INDEX subscription_within ON subscription (within_group) WHERE within_group <> '';
