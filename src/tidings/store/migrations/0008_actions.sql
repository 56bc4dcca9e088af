-- Actions: what members post beside messages; the packages that custom ones are of; who was reminded of one.

CREATE TABLE package (
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    author TEXT NOT NULL,
    connector TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id, version)
);

CREATE TABLE action (
    id TEXT PRIMARY KEY,
    reference TEXT NOT NULL,
    group_id TEXT NOT NULL,
    type TEXT NOT NULL,
    package TEXT NOT NULL,
    package_version BIGINT NOT NULL,
    author TEXT NOT NULL,
    audience TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    properties TEXT NOT NULL,
    is_closed SMALLINT NOT NULL,
    due_at BIGINT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    responses BIGINT NOT NULL
);
CREATE UNIQUE INDEX action_reference ON action (reference);
CREATE INDEX action_group ON action (group_id, created_at, id);
CREATE INDEX action_type ON action (group_id, type, created_at, id);
CREATE INDEX action_package ON action (group_id, package, created_at, id) WHERE package <> '';
CREATE INDEX action_changed ON action (group_id, changed_at, id);

CREATE TABLE reminder (
    id TEXT PRIMARY KEY,
    action TEXT NOT NULL,
    author TEXT NOT NULL,
    audience TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX reminder_action ON reminder (action, at, id);
