-- name: tree_held
-- The tree is about to change: until the transaction ends nobody else changes it.
UPDATE tree SET version = version + 1;

-- name: sub_group_added
-- A group goes beneath another, unless it is there.
INSERT INTO sub_group (parent, child, since) VALUES (:parent, :child, :at)
ON CONFLICT (parent, child) DO NOTHING;

-- name: sub_group_removed
-- A group is beneath another no more.
DELETE FROM sub_group WHERE parent = :parent AND child = :child;

-- name: tree_without_circle
-- A row, unless the child is the parent or above it.
SELECT 1 WHERE NOT EXISTS (
    WITH RECURSIVE above (id) AS (
        SELECT CAST(:parent AS TEXT)
        UNION
        SELECT sub_group.parent FROM above JOIN sub_group ON sub_group.child = above.id
    )
    SELECT 1 FROM above WHERE id = :child
);

-- name: tree_not_too_deep
-- A row, unless the child or anything beneath it has more than so many groups above it.
SELECT 1 WHERE NOT EXISTS (
    WITH RECURSIVE beneath (id) AS (
        SELECT CAST(:child AS TEXT)
        UNION
        SELECT sub_group.child FROM beneath JOIN sub_group ON sub_group.parent = beneath.id
    ), above (bottom, id) AS (
        SELECT id, id FROM beneath
        UNION
        SELECT above.bottom, sub_group.parent FROM above JOIN sub_group ON sub_group.child = above.id
    )
    SELECT 1 FROM above GROUP BY bottom HAVING COUNT(*) > 1 + :most
);

-- name: above
-- A group and all that it is beneath, nearest first, each once.
-- finds: by key
WITH RECURSIVE above (id, steps) AS (
    SELECT CAST(:id AS TEXT), 0
    UNION
    SELECT sub_group.parent, above.steps + 1
    FROM above JOIN sub_group ON sub_group.child = above.id
    WHERE above.steps < :most
)
SELECT id FROM above GROUP BY id ORDER BY MIN(steps), id LIMIT 1 + :most;

-- name: is_beneath
-- A row if a group is beneath another, by however many steps.
-- finds: by key
WITH RECURSIVE above (id) AS (
    SELECT parent FROM sub_group WHERE child = :id
    UNION
    SELECT sub_group.parent FROM above JOIN sub_group ON sub_group.child = above.id
)
SELECT id FROM above WHERE id = :ancestor;

-- name: admin_over
-- A row if a person is admin of a group, or of one above it. To SQLite, CROSS JOIN says in which order to look.
WITH RECURSIVE above (id) AS (
    SELECT CAST(:id AS TEXT)
    UNION
    SELECT sub_group.parent FROM above JOIN sub_group ON sub_group.child = above.id
)
SELECT above.id FROM above CROSS JOIN member
WHERE member.group_id = above.id AND member.person = :person AND member.role = 'Admin' LIMIT 1;

-- name: links_beneath
-- Which group is beneath which, from so many sub-groups of one by id on, nearest first.
WITH RECURSIVE beneath (parent, child, steps) AS (
    SELECT parent, child, 0 FROM (
        SELECT parent, child FROM sub_group WHERE parent = :id AND child > :after ORDER BY child LIMIT :page
    ) AS first
    UNION
    SELECT sub_group.parent, sub_group.child, beneath.steps + 1
    FROM beneath JOIN sub_group ON sub_group.parent = beneath.child
    WHERE beneath.steps < :deepest
)
SELECT parent, child FROM beneath GROUP BY parent, child ORDER BY MIN(steps), parent, child LIMIT :most;
