package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"partnerhub/domain"
)

// owner is the partner as one who creates tasks by the API, and the exchange that tops the fund up.
type owner struct {
	w   *world
	rng *rand.Rand

	mu     sync.Mutex
	topUps map[string]domain.Money // acknowledged, by reference
	tasks  map[int64]window        // acknowledged, by id
	again  int                     // requests that were made once more
}

// window is what a task asks for: the eligible volume of a product, between two instants.
type window struct {
	from, to   time.Time
	futures    bool // else spot
	thresholds []int64
}

func (w *world) newOwner() *owner {
	return &owner{w: w, rng: rand.New(rand.NewPCG(w.seed, 300)), topUps: map[string]domain.Money{}, tasks: map[int64]window{}}
}

// run tops up and creates tasks until ctx ends.
func (o *owner) run(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		o.topUp(n)
		if n%3 == 0 && n < 60 {
			o.create(n)
		}
		select {
		case <-time.After(time.Duration(1000+o.rng.IntN(2000)) * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// until makes a request until it is answered with 2xx, and sometimes once more, which must change nothing.
func (o *owner) until(path, token, key string, body any) (answer []byte) {
	more := o.rng.IntN(2)
	for o.w.patient() {
		status, b, err := o.w.call(o.rng, http.MethodPost, path, token, key, body)
		switch {
		case err != nil || status >= 500 || status == http.StatusTooManyRequests:
			o.again++
			time.Sleep(200 * time.Millisecond)
		case status >= 300:
			o.w.wrong("%s: %d %s", path, status, b)
			return nil
		case more > 0:
			more--
		default:
			return b
		}
	}
	o.w.wrong("%s was never answered", path)
	return nil
}

func (o *owner) topUp(n int) {
	reference, amount := fmt.Sprintf("ref-%d", n), domain.Money(1000+o.rng.IntN(1000))*domain.USDT
	if o.until("/v1/fund/top-ups", "", "", map[string]any{"uid": partnerUID, "amount": amount.String(), "reference": reference}) != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.topUps[reference] = amount
	}
}

// create makes a task that has begun, with thresholds that are reached while the test runs, for all sub-partners.
func (o *owner) create(n int) {
	now := time.Now().UTC().Truncate(time.Second)
	win := window{from: now.Add(-time.Duration(10+o.rng.IntN(50)) * time.Minute), to: now.Add(24 * time.Hour), futures: o.rng.IntN(2) == 0}
	product := "spot"
	if win.futures {
		product = "futures"
	}
	var tiers []map[string]string
	for k := range 1 + o.rng.IntN(4) {
		win.thresholds = append(win.thresholds, int64(20_000*(k+1)*(1+k*o.rng.IntN(4)))*int64(domain.USDT))
		tiers = append(tiers, map[string]string{"threshold": domain.Money(win.thresholds[k]).String(), "reward": "10"})
	}
	for k := 1; k < len(tiers); k++ { // rising
		if win.thresholds[k] <= win.thresholds[k-1] {
			win.thresholds[k] = win.thresholds[k-1] + int64(domain.USDT)
			tiers[k]["threshold"] = domain.Money(win.thresholds[k]).String()
		}
	}
	b := o.until("/v1/tasks", o.w.token(partnerUID, "partner"), fmt.Sprintf("task-%d", n), map[string]any{
		"type": "trading", "title": fmt.Sprint("task ", n), "targets": map[string]bool{"directPartners": true}, "product": product, "tiers": tiers,
		"start": win.from.Format(time.RFC3339), "end": win.to.Format(time.RFC3339),
	})
	var created struct{ Task struct{ ID int64 } }
	if b == nil {
		return
	}
	if err := json.Unmarshal(b, &created); err != nil {
		o.w.wrong("a task: %s, %v", b, err)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tasks[created.Task.ID] = win
}

// rewards are those that must have been paid: as many for each sub-partner as thresholds were reached by what they and their referees traded.
func (o *owner) rewards(b *book) map[string]bool {
	want := map[string]bool{}
	for id, win := range o.tasks {
		var volume [subPartners]int64
		for _, t := range b.trades {
			if t.futures == win.futures && !t.at.Before(win.from) && t.at.Before(win.to) {
				if t.sub >= 0 {
					volume[t.sub] += t.volume
				} else {
					volume[t.uid-subPartner(0)] += t.volume
				}
			}
		}
		for i, v := range volume {
			for step, threshold := range win.thresholds {
				if v >= threshold {
					want[fmt.Sprintf("%d %d %d", id, subPartner(i), step+1)] = true
				}
			}
		}
	}
	return want
}
