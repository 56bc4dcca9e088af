-- Groups beneath groups, and what a group looks like.

-- A group may have several parents. None is beneath itself: whoever adds a row looks (see store/sql/tree.sql).
CREATE TABLE sub_group (
    parent TEXT NOT NULL,
    child TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (parent, child)
);
CREATE INDEX sub_group_child ON sub_group (child, parent);

-- One row, which whoever changes the tree changes first: so nobody else changes it meanwhile.
CREATE TABLE tree (
    version BIGINT NOT NULL
);
INSERT INTO tree (version) VALUES (0);

ALTER TABLE grouping ADD COLUMN photo TEXT NOT NULL DEFAULT '';
ALTER TABLE grouping ADD COLUMN background TEXT NOT NULL DEFAULT '';
ALTER TABLE grouping ADD COLUMN short_description TEXT NOT NULL DEFAULT '';
ALTER TABLE grouping ADD COLUMN long_description TEXT NOT NULL DEFAULT '';
