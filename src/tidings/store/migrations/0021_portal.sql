-- The portal: links by which subscribers look after their own webhooks; and finding the webhooks of a connector.

-- `hash` is of the token in the link. What is not empty of `connector`, `owner` and `kind` with `object` limits the
-- webhooks that it leads to; `grants` is JSON, what may be done with them besides looking.
CREATE TABLE portal_link (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    connector TEXT NOT NULL,
    owner TEXT NOT NULL,
    kind TEXT NOT NULL,
    object TEXT NOT NULL,
    grants TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX portal_link_made_at ON portal_link (made_at, id);
CREATE INDEX portal_link_expires_at ON portal_link (expires_at);

CREATE INDEX subscription_connector ON subscription (connector, number);
