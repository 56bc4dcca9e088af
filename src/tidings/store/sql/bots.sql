-- name: bot_person_added
-- The person that a bot is, without a phone number.
INSERT INTO person (id, phone, name, picture, is_bot, created_at) VALUES (:id, NULL, :name, :picture, 1, :at);

-- name: bot_added
-- A new bot.
INSERT INTO bot (person, creator, created_at) VALUES (:id, :creator, :at);

-- name: bot_renamed
-- A bot gets another name and picture.
UPDATE person SET name = :name, picture = :picture WHERE id = :id AND is_bot = 1;

-- name: bot_ended
-- A bot is one no more.
UPDATE bot SET ended_at = :at WHERE person = :id AND ended_at IS NULL;

-- name: bot
-- A bot that has not ended, and who made it.
SELECT
    person.id, person.name, person.picture, person.is_bot, bot.creator AS creator_id,
    COALESCE(creator.phone, '') AS creator_phone, COALESCE(creator.name, '') AS creator_name,
    COALESCE(creator.picture, '') AS creator_picture
FROM bot JOIN person ON person.id = bot.person LEFT JOIN person AS creator ON creator.id = bot.creator
WHERE bot.person = :id AND bot.ended_at IS NULL;

-- name: bots
-- All bots that have not ended, by id, and who made them.
SELECT
    person.id, person.name, person.picture, person.is_bot, page.creator AS creator_id,
    COALESCE(creator.phone, '') AS creator_phone, COALESCE(creator.name, '') AS creator_name,
    COALESCE(creator.picture, '') AS creator_picture
FROM (
    SELECT person, creator FROM bot WHERE ended_at IS NULL AND person > :after ORDER BY person LIMIT :most
) AS page JOIN person ON person.id = page.person LEFT JOIN person AS creator ON creator.id = page.creator
ORDER BY page.person;

-- name: bots_of_creator
-- The bots that somebody made and that have not ended, by id.
SELECT
    person.id, person.name, person.picture, person.is_bot, page.creator AS creator_id,
    COALESCE(creator.phone, '') AS creator_phone, COALESCE(creator.name, '') AS creator_name,
    COALESCE(creator.picture, '') AS creator_picture
FROM (
    SELECT person, creator FROM bot WHERE ended_at IS NULL AND creator = :creator AND person > :after
    ORDER BY person LIMIT :most
) AS page JOIN person ON person.id = page.person LEFT JOIN person AS creator ON creator.id = page.creator
ORDER BY page.person;
