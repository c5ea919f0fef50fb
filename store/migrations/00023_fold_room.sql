-- +goose Up
-- A fold updates nearly every row of the day or hour under way, which PostgreSQL does within the page, and without a word to the
-- indexes, where the page has room for a second version of each.
ALTER TABLE referee_day SET (fillfactor = 45);
ALTER TABLE partner_hour SET (fillfactor = 45);

-- +goose Down
ALTER TABLE referee_day SET (fillfactor = 80);
ALTER TABLE partner_hour SET (fillfactor = 80);
