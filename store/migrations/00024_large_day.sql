-- +goose Up
-- How many events of very large amounts were accepted for each day (UTC) on which they happened: see allowLarge.
CREATE TABLE large_day (day date PRIMARY KEY, events integer NOT NULL);

-- +goose Down
DROP TABLE large_day;
