-- name: comments_latest
-- As for all engines, by the index in which there are no likes among them.
SELECT reaction.id, reaction.kind, reaction.person, reaction.comment, reaction.at, reaction.reference
FROM json_each(:names) AS named
JOIN reaction INDEXED BY reaction_kind ON reaction.reference = named.value AND reaction.kind = 'Comment'
    AND reaction.at < :before
    AND reaction.at >= COALESCE((
        SELECT latest.at FROM reaction AS latest
        WHERE latest.reference = named.value AND latest.kind = 'Comment' AND latest.at < :before
        ORDER BY latest.at DESC LIMIT 1 OFFSET :others
    ), 0)
ORDER BY reaction.at;
