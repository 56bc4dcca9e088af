-- What people, and programs, answered to actions.

CREATE TABLE response (
    id TEXT PRIMARY KEY,
    action TEXT NOT NULL,
    group_id TEXT NOT NULL,
    responder TEXT NOT NULL,
    connector TEXT NOT NULL,
    sole TEXT,
    answers TEXT NOT NULL,
    updates BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX response_sole ON response (action, sole) WHERE sole IS NOT NULL;
CREATE INDEX response_action ON response (action, created_at, id);
CREATE INDEX response_own ON response (action, responder, created_at, id);
CREATE INDEX response_changed ON response (group_id, changed_at, id);
