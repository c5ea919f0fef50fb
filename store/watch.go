package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/notice"
	"partnerhub/domain/referral/anomalies"
)

const (
	watchChunk = 20                  // partners of one step
	watchPast  = 63 * 24 * time.Hour // what is read of their past, so that it is known what was usual
	watchFresh = 48 * time.Hour      // an alert that was over before is not told any more
	watchLate  = 14 * 24 * time.Hour // nor is one that began before: some are known only when they have gone on for a while
	watchMost  = 5                   // alerts told to one partner in one round, the most severe
	watchKey   = "watch"             // the setting: the round's hour, and how far it is
	watchEnd   = "end"
)

// Watch looks at the figures of some partners, those whose turn it is, and puts alerts that are new into their inboxes. Called again and
// again it goes through all partners once an hour; then it does nothing until the next. Any replica may call it at any
// time: a chunk of partners is taken by whoever moves the mark, and an alert's key makes it come once. What a
// replica had taken when it died is looked at in the next round. It returns how many partners it looked at.
func (s *Store) Watch(ctx context.Context, now time.Time) (looked int, err error) {
	partners, err := s.watchNext(ctx, now)
	if err != nil {
		return 0, fmt.Errorf("watch: %w", err)
	}
	var notices []notice.Notice
	for _, uid := range partners {
		c := domain.Partner(uid)
		series, err := s.Series(ctx, c, now.Add(-watchPast), now)
		if err != nil {
			return looked, fmt.Errorf("watch: partner %d: %w", uid, err)
		}
		notices = append(notices, freshAlerts(anomalies.Find(series, now.In(s.zone)), uid, now, s.zone)...)
		looked++
	}
	if len(notices) > 0 {
		err = s.Tell(ctx, notices)
	}
	return looked, err
}

// watchNext takes the next partners of this hour's round.
func (s *Store) watchNext(ctx context.Context, now time.Time) (partners []int64, err error) {
	hour := now.UTC().Truncate(time.Hour).Format(time.RFC3339)
	var was string
	if err := s.pool.QueryRow(ctx, `SELECT value FROM setting WHERE name = $1`, watchKey).Scan(&was); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, err
	}
	round, after, _ := strings.Cut(was, " ")
	var since int64
	switch {
	case after == watchEnd && round >= hour:
		return nil, nil
	case was == "" || after == watchEnd:
		round = hour
	default: // a round that takes longer than its hour goes on
		if since, err = strconv.ParseInt(after, 10, 64); err != nil {
			return nil, fmt.Errorf("the setting %s is %q", watchKey, was)
		}
	}
	rows, err := s.pool.Query(ctx, `SELECT uid FROM partner WHERE uid > $1 ORDER BY uid LIMIT $2`, since, watchChunk)
	if err != nil {
		return nil, err
	}
	if partners, err = pgx.CollectRows(rows, pgx.RowTo[int64]); err != nil {
		return nil, err
	}
	next := round + " " + watchEnd
	if len(partners) == watchChunk {
		next = round + " " + strconv.FormatInt(partners[watchChunk-1], 10)
	}
	// Two replicas may have read the same mark: the one that moves it has the chunk.
	tag, err := s.pool.Exec(ctx, `INSERT INTO setting AS x (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE x.value = $3`, watchKey, next, was)
	if err != nil || tag.RowsAffected() == 0 {
		return nil, err
	}
	return partners, nil
}

// freshAlerts are the alerts of one partner, the most severe first, that are worth a notice now.
func freshAlerts(found []anomalies.Alert, partner int64, now time.Time, zone *time.Location) (out []notice.Notice) {
	for _, a := range found {
		if len(out) == watchMost {
			break
		}
		if a.Since.Before(now.Add(-watchLate)) || !a.Ongoing() && a.Until.Before(now.Add(-watchFresh)) {
			continue
		}
		metric, link := "volume", "/"
		switch a.Kind {
		case anomalies.DepositSpike:
			metric = "deposits"
		case anomalies.WithdrawalSpike:
			metric = "withdrawals"
		}
		data := map[string]any{"anomaly": a.Kind, "metric": metric, "expected": a.Expected, "seen": a.Seen, "since": a.Since.In(zone)}
		switch a.Subject.Kind {
		case anomalies.Referee:
			data["uid"] = a.Subject.UID
		case anomalies.SubPartner:
			data["subPartnerUid"] = a.Subject.UID
		}
		if a.Subject.Kind != anomalies.Book {
			link = "/referees/" + strconv.FormatInt(a.Subject.UID, 10)
		}
		out = append(out, notice.Notice{
			Owner: partner, Kind: notice.Anomaly, Link: link, Data: notice.JSON(data), At: now,
			Key: fmt.Sprintf("anomaly:%s:%s:%d:%s", a.Kind, a.Subject.Kind, a.Subject.UID, a.Since.In(zone).Format(time.DateOnly)),
		})
	}
	return out
}
