-- +goose Up
-- The model by whose vectors questions are searched: another is filled up beside it, and takes its place when it has every section.
-- Empty: the built-in one.
ALTER TABLE library_state ADD COLUMN model text NOT NULL DEFAULT '';

-- What editors changed and have not published: an article that is new or other, or one that goes (removed). Shared by all editors, as
-- the library is; on Citus a reference table.
CREATE TABLE library_draft (
  slug       text COLLATE "C" NOT NULL,
  locale     text COLLATE "C" NOT NULL,
  meta       jsonb NOT NULL,
  body       text NOT NULL,
  file       text NOT NULL,
  removed    boolean NOT NULL,
  changed_by bigint NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (slug, locale)
);

-- +goose Down
DROP TABLE library_draft;
ALTER TABLE library_state DROP COLUMN model;
