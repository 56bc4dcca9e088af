-- Those who read what a ConnectGroup sends; programs that are people; what is thought of what was said.

CREATE TABLE subscriber (
    group_id TEXT NOT NULL,
    person TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (group_id, person)
);
CREATE INDEX subscriber_person ON subscriber (person);

-- The person of a bot has no phone number and stays when the bot has ended. `creator` is empty for a program's.
CREATE TABLE bot (
    person TEXT PRIMARY KEY,
    creator TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX bot_creator ON bot (creator, person) WHERE ended_at IS NULL;
CREATE INDEX bot_present ON bot (person) WHERE ended_at IS NULL;

-- `person` is the id of a connector where a program speaks for nobody.
CREATE TABLE reaction (
    id TEXT PRIMARY KEY,
    group_id TEXT NOT NULL,
    reference TEXT NOT NULL,
    kind TEXT NOT NULL,
    person TEXT NOT NULL,
    comment TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX reaction_reference ON reaction (reference, at);
CREATE INDEX reaction_kind ON reaction (reference, kind, at);
CREATE UNIQUE INDEX reaction_like ON reaction (reference, person) WHERE kind = 'Like';
CREATE INDEX reaction_person ON reaction (person);

CREATE TABLE reaction_count (
    reference TEXT PRIMARY KEY,
    group_id TEXT NOT NULL,
    likes BIGINT NOT NULL,
    comments BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX reaction_count_group ON reaction_count (group_id, changed_at);

-- The instant of the newest reaction in a group; each has one of its own, so that a list can go on behind it.
ALTER TABLE grouping ADD COLUMN reacted_at BIGINT NOT NULL DEFAULT 0;

-- `reply_to` is another message or an action, or empty. `audience` is JSON: `[]` for whoever is in the group, `["*"]`
-- for all its subscribers too, else the ids of some.
ALTER TABLE message ADD COLUMN reply_to TEXT NOT NULL DEFAULT '';
ALTER TABLE message ADD COLUMN audience TEXT NOT NULL DEFAULT '[]';
