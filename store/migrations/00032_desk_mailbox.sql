-- +goose Up
-- The mailbox of somebody who takes tickets, as the token says by which they sign in; '' where it says none: their tickets then go to the desk's.
ALTER TABLE desk_member ADD COLUMN email text NOT NULL DEFAULT '';
-- Partners are shown a BD's name, not the mailbox.
REVOKE SELECT ON desk_member FROM partnerhub_app;
GRANT SELECT (uid, name, seen_at) ON desk_member TO partnerhub_app;

-- +goose Down
GRANT SELECT ON desk_member TO partnerhub_app;
ALTER TABLE desk_member DROP COLUMN email;
