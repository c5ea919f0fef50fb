package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/ingest"
	"partnerhub/store"
)

// query measures what the assistant and the dashboard ask, for the partner with 10,000 referees, while ingest runs at
// full speed with two writers, and without it.
func (b *bench) query(ctx context.Context) error {
	if err := b.load(ctx); err != nil {
		return err
	}
	if err := b.ask(ctx, "query, nothing else running", ""); err != nil {
		return err
	}
	load, stop := context.WithCancel(ctx)
	defer stop()
	type result struct {
		sum ingest.Summary
		err error
	}
	done := make(chan result, 1)
	begin := time.Now()
	go func() {
		sum, err := ingest.Run(ctx, b.full.store, endless{load, b.stream.measured}, ingest.Options{Writers: 2})
		done <- result{sum, err}
	}()
	err := b.ask(ctx, "query beside ingest", "aim: p99 < 50 ms")
	ended := false
	select {
	case r := <-done:
		done <- r
		ended = true
	default:
	}
	stop()
	r := <-done
	if err != nil || r.err != nil {
		return fmt.Errorf("%w, ingest: %w", err, r.err)
	}
	if ended {
		note("the events ended before the queries did")
	}
	b.add("query beside ingest", "ingest meanwhile", float64(r.sum.Accepted)/time.Since(begin).Seconds(), "events/s", "")
	return nil
}

// questions are what is asked, with now the end of what is stored.
func questions(now time.Time) ([]string, []referral.Query) {
	period := func(arg string) domain.Period {
		p, err := domain.ParsePeriod(arg, now, time.UTC)
		if err != nil {
			panic(err) // the presets are constants
		}
		return p
	}
	week, month := period("this_week"), period("this_month")
	names := []string{"top 10 referees by commission, this week", "commission by day, 90 days", "commission this week, to date", "commission last week, to date",
		"traders this month", "volume and trades by country, this month"}
	return names, []referral.Query{
		{Metrics: []string{"commission"}, Period: week, GroupBy: referral.ByReferee, Limit: 10},
		{Metrics: []string{"commission"}, Period: period("last_90_days"), GroupBy: referral.ByDay},
		{Metrics: []string{"commission"}, Period: week},
		{Metrics: []string{"commission"}, Period: week.ToDate(week.Preceding(time.UTC), now, time.UTC)},
		{Metrics: []string{"traders"}, Period: month},
		{Metrics: []string{"volume", "trades"}, Period: month, GroupBy: referral.ByCountry},
	}
}

func (b *bench) ask(ctx context.Context, section, aim string) error {
	caller, now := domain.Partner(b.stream.truth.People.Partner.UID), b.stream.now
	names, queries := questions(now)
	took := make([][]float64, len(queries))
	for i := range b.queries + 5 {
		for q := range queries {
			begin := time.Now()
			res, err := b.full.store.Metrics(ctx, caller, queries[q], now)
			if err != nil {
				return err
			}
			if res.Total[0] == 0 {
				return fmt.Errorf("%s: nothing", names[q])
			}
			if i >= 5 { // the first few find plans and pages
				took[q] = append(took[q], time.Since(begin).Seconds()*1000)
			}
		}
	}
	for q, name := range names {
		slices.Sort(took[q])
		b.add(section, name+", p50", took[q][len(took[q])/2], "ms", "")
		b.add(section, name+", p99", took[q][len(took[q])*99/100], "ms", aim)
	}
	return nil
}

// verify measures how long it takes to prove, and to derive again, all that is stored.
func (b *bench) verify(ctx context.Context) error {
	if err := b.load(ctx); err != nil {
		return err
	}
	begin := time.Now()
	rep, err := b.full.store.Verify(ctx, store.VerifyOptions{})
	if err != nil {
		return err
	}
	if !rep.OK() {
		return fmt.Errorf("verify: %+v", rep)
	}
	b.add("verify", "verify everything", time.Since(begin).Seconds(), "s", "")
	begin = time.Now()
	if err := b.full.store.Rebuild(ctx, nil); err != nil {
		return err
	}
	b.add("verify", "rebuild everything", time.Since(begin).Seconds(), "s", "")
	b.add("verify", "resident", residentMB(os.Getpid()), "MB", "")
	return nil
}
