-- name: reaction_clocked
-- The instant of the next reaction in a group, behind all others there; until the transaction ends nobody takes another.
UPDATE grouping SET reacted_at = CASE WHEN reacted_at < CAST(:at AS BIGINT) THEN :at ELSE reacted_at + 1 END
WHERE id = :group_id;

-- name: reaction_added
-- Somebody reacts; nobody likes a thing twice.
INSERT INTO reaction (id, group_id, reference, kind, person, comment, at)
SELECT :id, grouping.id, :reference, :kind, :person, :comment, grouping.reacted_at
FROM grouping WHERE grouping.id = :group_id
ON CONFLICT (reference, person) WHERE kind = 'Like' DO NOTHING;

-- name: reaction_counted
-- One reaction more to a thing.
INSERT INTO reaction_count (reference, group_id, likes, comments, changed_at)
SELECT :reference, grouping.id, CAST(:likes AS BIGINT), CAST(:comments AS BIGINT), grouping.reacted_at
FROM grouping WHERE grouping.id = :group_id
ON CONFLICT (reference) DO UPDATE SET
    likes = reaction_count.likes + excluded.likes,
    comments = reaction_count.comments + excluded.comments,
    changed_at = excluded.changed_at;

-- name: reaction_like
-- What somebody's like of a thing is called.
SELECT id FROM reaction WHERE reference = :reference AND person = :person AND kind = 'Like';

-- name: reaction_count
-- How often one thing was reacted to.
SELECT reference, likes, comments, changed_at FROM reaction_count WHERE reference = :reference;

-- name: reaction_counts
-- How often things in a group were reacted to, those in which that changed after an instant, in that order.
SELECT reference, likes, comments, changed_at FROM reaction_count
WHERE group_id = :group_id AND changed_at > :after ORDER BY changed_at LIMIT :most;

-- name: reactions
-- Reactions to a thing after an instant, oldest first.
SELECT id, kind, person, comment, at FROM reaction
WHERE reference = :reference AND at > :after ORDER BY at LIMIT :most;

-- name: reactions_of_kind
-- Reactions of a kind to a thing after an instant, oldest first.
SELECT id, kind, person, comment, at FROM reaction
WHERE reference = :reference AND kind = :kind AND at > :after ORDER BY at LIMIT :most;

-- name: like_taken_back
-- Somebody likes a thing no more.
DELETE FROM reaction WHERE reference = :reference AND person = :person AND kind = 'Like';

-- name: reaction_tallies
-- How often some things were reacted to, and whether a person likes them.
SELECT reaction_count.reference, reaction_count.likes, reaction_count.comments, reaction_count.changed_at,
    COALESCE((
        SELECT 1 FROM reaction
        WHERE reaction.reference = reaction_count.reference AND reaction.person = :person AND reaction.kind = 'Like'
        LIMIT 1
    ), 0) AS is_liked
FROM reaction_count WHERE reaction_count.reference IN (SELECT value FROM json_each(CAST(:names AS TEXT)));

-- name: comments_latest
-- So many comments on each of some things, the latest before an instant, oldest first.
SELECT reaction.id, reaction.kind, reaction.person, reaction.comment, reaction.at, reaction.reference
FROM json_each(CAST(:names AS TEXT)) AS named
JOIN reaction ON reaction.reference = named.value AND reaction.kind = 'Comment' AND reaction.at < :before
    AND reaction.at >= COALESCE((
        SELECT latest.at FROM reaction AS latest
        WHERE latest.reference = named.value AND latest.kind = 'Comment' AND latest.at < :before
        ORDER BY latest.at DESC LIMIT 1 OFFSET :others
    ), 0)
ORDER BY reaction.at;
