-- name: setting_proposed
-- Remember a value unless there is one.
INSERT INTO setting (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING;

-- name: setting_value
-- What is remembered under a name.
SELECT value FROM setting WHERE name = :name;

-- name: setting_kept
-- Remember a value instead of what was remembered.
INSERT INTO setting (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: setting_forgotten
-- Remember nothing under a name.
DELETE FROM setting WHERE name = :name;
