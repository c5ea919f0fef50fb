package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// SetRefereeNote keeps what the caller writes about a referee of theirs, in place of what was there; an empty text takes it away. The same
// call again changes nothing. Errors: CodeNotFound on uid when it is none of theirs, CodeInvalid on note.
func (s *Store) SetRefereeNote(ctx context.Context, c domain.Caller, uid int64, note string, now time.Time) (string, error) {
	note = strings.TrimSpace(note)
	if !utf8.ValidString(note) || strings.ContainsRune(note, 0) || utf8.RuneCountInString(note) > referral.MaxNote {
		return "", domain.Invalid("note", "want at most %d characters", referral.MaxNote)
	}
	err := s.write(ctx, c, func(tx pgx.Tx) error {
		var mine bool
		err := tx.QueryRow(ctx, `SELECT true FROM account WHERE uid = $1 AND $2 IN (u1, u2, u3)`, uid, c.UID).Scan(&mine)
		if errors.Is(err, pgx.ErrNoRows) {
			return domain.Errorf(domain.CodeNotFound, "uid", "%d is not one of your referees", uid)
		}
		if err != nil {
			return err
		}
		if note == "" {
			_, err = tx.Exec(ctx, `DELETE FROM referee_note WHERE partner = $1 AND uid = $2`, c.UID, uid)
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO referee_note (partner, uid, note, updated_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (partner, uid) DO UPDATE SET note = excluded.note, updated_at = excluded.updated_at WHERE referee_note.note <> excluded.note`, c.UID, uid, note, now)
		return err
	})
	if err != nil {
		err = fmt.Errorf("note on a referee: %w", err)
	}
	return note, err
}

// write runs f in a transaction that may write, and sees what the caller may see.
func (s *Store) write(ctx context.Context, c domain.Caller, f func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Conn().PgConn().Exec(ctx, fmt.Sprintf(`SET LOCAL ROLE partnerhub_app; SET LOCAL partnerhub.uid = '%d'; SET LOCAL statement_timeout = '%ds'`, c.UID, int(readTimeout.Seconds()))).ReadAll(); err != nil {
			return err
		}
		return f(tx)
	})
}
