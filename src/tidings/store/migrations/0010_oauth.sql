-- Signing in through a browser: where connectors may be answered, and the codes that they trade for tokens.

-- Separated by spaces, which none of them holds.
ALTER TABLE connector ADD COLUMN redirect_uris TEXT NOT NULL DEFAULT '';

CREATE TABLE authorization_code (
    hash TEXT PRIMARY KEY,
    connector TEXT NOT NULL,
    person TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX authorization_code_expiry ON authorization_code (expires_at);

-- Whoever was given everything so far is given what came with reactions, media and the search for groups.
UPDATE connector SET scopes = scopes || ' media.write reaction.read reaction.write tenant.read'
WHERE scopes LIKE 'groupinfo.read groupinfo.write groupinfo.remove groupinfo.update groupmember.read groupmember.write groupmember.remove textmessage.read textmessage.write action.read action.write action.update profile.write media.read webhook.read webhook.write webhook.remove webhook.update publish events.read bin%';
UPDATE token SET scopes = scopes || ' media.write reaction.read reaction.write tenant.read'
WHERE scopes LIKE 'groupinfo.read groupinfo.write groupinfo.remove groupinfo.update groupmember.read groupmember.write groupmember.remove textmessage.read textmessage.write action.read action.write action.update profile.write media.read webhook.read webhook.write webhook.remove webhook.update publish events.read bin%';
