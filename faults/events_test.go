package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"partnerhub/domain"
)

// The people of the program: a partner, their sub-partners, and the referees of each.
const (
	partnerUID  = 10001
	subPartners = 8
	referees    = 10 // of each
)

func subPartner(i int) int64 { return 10101 + int64(i) }
func referee(i, j int) int64 { return 20000 + 100*int64(i) + int64(j) }

// trade is one that was sent, in micro-USDT.
type trade struct {
	uid         int64 // who traded
	sub         int   // whose referee that is; -1: a sub-partner
	at          time.Time
	futures     bool
	volume, fee int64
}

// book is what the program must have in the end: a model of what was accepted, which knows nothing of the program's tables.
type book struct {
	mu       sync.Mutex
	trades   map[string]trade
	deposits map[string]int64 // by id
	others   map[string]bool  // ids of all else
}

// opening are the lines that make the people.
func (b *book) opening(now time.Time) (lines []string) {
	at := now.Add(-10 * 24 * time.Hour).UTC().Format(time.RFC3339)
	add := func(format string, args ...any) {
		id := fmt.Sprintf("o%d", len(lines))
		b.others[id] = true
		lines = append(lines, fmt.Sprintf(`{"id":%q,"time":%q,`, id, at)+fmt.Sprintf(format, args...)+"}")
	}
	add(`"type":"account.registered","uid":%d`, partnerUID)
	add(`"type":"partner.enrolled","uid":%d,"spotRate":"0.6","futuresRate":"0.6","bdUid":70001`, partnerUID)
	add(`"type":"referral_code.created","uid":%d,"code":"MAIN"`, partnerUID)
	for i := range subPartners {
		add(`"type":"account.registered","uid":%d,"referralCode":"MAIN"`, subPartner(i))
		add(`"type":"partner.enrolled","uid":%d,"spotRate":"0.4","futuresRate":"0.4"`, subPartner(i))
		add(`"type":"referral_code.created","uid":%d,"code":"SUB%d","spotRebateRate":"0.1","futuresRebateRate":"0.1"`, subPartner(i), i)
		for j := range referees {
			add(`"type":"account.registered","uid":%d,"referralCode":"SUB%d","country":"VN"`, referee(i, j), i)
		}
	}
	return lines
}

// batch makes up some events: trades of the last hour and of two days ago, and deposits.
func (b *book) batch(rng *rand.Rand, name string, n int, now time.Time) (lines []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for k := range n {
		id := fmt.Sprintf("%s-%d", name, k)
		i, j := rng.IntN(subPartners), rng.IntN(referees)
		at := now.Add(-time.Duration(rng.Int64N(int64(time.Hour)))).UTC().Truncate(time.Microsecond)
		if rng.IntN(8) == 0 { // late, for days that are settled already
			at = at.Add(-48 * time.Hour)
		}
		if rng.IntN(6) == 0 {
			amount := rng.Int64N(1000e6) + 1
			b.deposits[id] = amount
			lines = append(lines, fmt.Sprintf(`{"id":%q,"type":"deposit.completed","time":%q,"uid":%d,"amount":%q,"asset":"USDT","method":"crypto","amountUsdt":%q}`,
				id, at.Format(time.RFC3339Nano), referee(i, j), domain.Money(amount).String(), domain.Money(amount).String()))
			continue
		}
		t := trade{uid: referee(i, j), sub: i, at: at, futures: rng.IntN(2) == 0, volume: rng.Int64N(3000e6) + 1}
		if rng.IntN(12) == 0 {
			t.uid, t.sub = subPartner(i), -1
		}
		t.fee = t.volume / 1000
		product := "spot"
		if t.futures {
			product = "futures"
		}
		b.trades[id] = t
		lines = append(lines, fmt.Sprintf(`{"id":%q,"type":"trade.executed","time":%q,"uid":%d,"tradeId":"t-%s","product":%q,"symbol":"BTC-USDT","side":"buy","volume":%q,"feeGross":%q,"feePaid":%q}`,
			id, at.Format(time.RFC3339Nano), t.uid, id, product, domain.Money(t.volume).String(), domain.Money(t.fee).String(), domain.Money(t.fee).String()))
	}
	return lines
}

// earned is what a trade earns its trader's sub-partner (0 for a sub-partner's own) and the partner (SPEC 4).
func (t trade) earned() (sub, partner int64) {
	if t.sub < 0 {
		return 0, t.fee * 6 / 10
	}
	rebate, share := t.fee/10, t.fee*4/10
	return max(share-rebate, 0), max(t.fee*6/10-share, 0)
}

// sender is the exchange's backend: it sends batches until each is acknowledged, and some of them again after that.
type sender struct {
	w      *world
	name   string
	rng    *rand.Rand
	client http.Client
	past   [][]string // acknowledged batches
	report struct{ batches, resent, failed, lines int }
}

func (w *world) newSender(n int) *sender {
	return &sender{w: w, name: fmt.Sprintf("s%d", n), rng: rand.New(rand.NewPCG(w.seed, 100+uint64(n))), client: http.Client{Timeout: 10 * time.Second}}
}

// run sends until ctx ends, and then sees the batch under way through.
func (s *sender) run(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		lines := s.w.book.batch(s.rng, fmt.Sprintf("%s-%d", s.name, n), 10+s.rng.IntN(40), time.Now())
		s.deliver(lines)
		s.past = append(s.past[max(0, len(s.past)-50):], lines)
		if s.rng.IntN(6) == 0 { // once more, in another order and with part of another batch
			again := append([]string{}, s.past[s.rng.IntN(len(s.past))]...)
			again = append(again, lines[:s.rng.IntN(len(lines))]...)
			s.rng.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
			if got, ok := s.deliver(again); ok && got.Accepted != 0 {
				s.w.wrong("%d events were accepted a second time", got.Accepted)
			}
		}
		time.Sleep(time.Duration(200+s.rng.IntN(400)) * time.Millisecond)
	}
}

type acknowledged struct{ Accepted, Duplicate, Rejected, Deferred int }

// deliver sends a batch to one replica after the other until it is acknowledged; ok is false when that was never.
func (s *sender) deliver(lines []string) (got acknowledged, ok bool) {
	body := strings.Join(lines, "\n")
	for tries := 0; s.w.patient(); tries++ {
		if tries > 0 {
			s.report.failed++
			time.Sleep(time.Duration(100+s.rng.IntN(300)) * time.Millisecond)
		}
		at := s.w.pick(s.rng)
		if at == "" {
			continue
		}
		req, err := http.NewRequest(http.MethodPost, "http://"+at+"/v1/events", strings.NewReader(body))
		if err != nil {
			s.w.wrong("%v", err)
			return got, false
		}
		req.Header.Set("X-API-Key", s.w.key)
		req.Header.Set("Content-Type", "application/x-ndjson")
		res, err := s.client.Do(req)
		if err != nil {
			continue
		}
		err = json.NewDecoder(res.Body).Decode(&got)
		res.Body.Close()
		switch {
		case err != nil || res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests:
			continue
		case res.StatusCode != http.StatusOK || got.Rejected > 0 || got.Accepted+got.Duplicate != len(lines):
			s.w.wrong("a batch of %d events: %s, %+v", len(lines), res.Status, got)
			return got, false
		}
		s.report.batches++
		s.report.lines += len(lines)
		if tries > 0 {
			s.report.resent++
		}
		return got, true
	}
	s.w.wrong("a batch of %d events was never acknowledged", len(lines))
	return got, false
}
