-- Groups, who is in them, and what was said there.

CREATE TABLE grouping (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    welcome_message TEXT NOT NULL,
    type TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);

CREATE TABLE member (
    group_id TEXT NOT NULL,
    person TEXT NOT NULL,
    role TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (group_id, person)
);
CREATE INDEX member_person ON member (person, group_id);

CREATE TABLE message (
    id TEXT PRIMARY KEY,
    group_id TEXT NOT NULL,
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX message_group ON message (group_id, at, id);
CREATE INDEX message_author ON message (author);
