package delivery

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"partnerhub/domain/webhook"
)

// Queue is the outbox. A claim is a lease: what is not finished within it comes due again.
type Queue interface {
	ClaimDeliveries(ctx context.Context, limit, perTarget int, busy []string, lease time.Duration) ([]webhook.Delivery, error)
	FinishDelivery(ctx context.Context, d webhook.Delivery, o webhook.Outcome) error
	SweepDeliveries(ctx context.Context) (int64, error)
}

const (
	lookEvery  = 500 * time.Millisecond // how long a delivery may wait at first
	sweepEvery = time.Hour
	lease      = 4 * timeout
	atOnce     = 64 // of a replica
	perTarget  = 8  // of these to one target, so that a slow one does not hold the others up
)

// Worker delivers. Any number of them, on any replicas, share a queue.
type Worker struct {
	Queue  Queue
	Client *http.Client // NewClient
	Keys   Keys
	Mail   *Mailer // nil: what is to go by mail fails
	Logger *slog.Logger

	// Lease is how long an attempt may take, noting it included; a minute when 0. Retry says when to try again; webhook.Next when nil.
	Lease time.Duration
	Retry func(now time.Time, attempt int, retryAfter time.Duration) time.Time

	mu      sync.Mutex
	sending map[string]int // by target
	all     sync.WaitGroup
	wake    chan struct{}
}

// Run delivers until ctx ends, and waits for what is being sent then: no longer than an attempt may take.
func (w *Worker) Run(ctx context.Context) {
	w.sending, w.wake = map[string]int{}, make(chan struct{}, 1)
	if w.Lease <= 0 {
		w.Lease = lease
	}
	if w.Retry == nil {
		w.Retry = webhook.Next
	}
	defer w.all.Wait()
	look, sweep := time.NewTicker(lookEvery), time.NewTicker(sweepEvery)
	defer look.Stop()
	defer sweep.Stop()
	for {
		if err := w.claim(ctx); err != nil && ctx.Err() == nil {
			w.Logger.WarnContext(ctx, "looking for deliveries, will try again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		case <-w.wake: // a place is free
		case <-sweep.C:
			if _, err := w.Queue.SweepDeliveries(ctx); err != nil && ctx.Err() == nil {
				w.Logger.WarnContext(ctx, "sweeping deliveries", "error", err)
			}
		}
	}
}

// claim takes what there is room for and sends each on its own.
func (w *Worker) claim(ctx context.Context) error {
	w.mu.Lock()
	free := atOnce
	var busy []string
	for target, n := range w.sending {
		free -= n
		if n >= perTarget {
			busy = append(busy, target)
		}
	}
	w.mu.Unlock()
	if free <= 0 {
		return nil
	}
	list, err := w.Queue.ClaimDeliveries(ctx, free, perTarget, busy, w.Lease)
	if err != nil {
		return err
	}
	for _, d := range list {
		w.mu.Lock()
		w.sending[d.Target]++
		w.mu.Unlock()
		w.all.Go(func() {
			// What is on the wire when the service stops is heard to its end, and noted.
			w.deliver(context.WithoutCancel(ctx), d)
			w.mu.Lock()
			if w.sending[d.Target]--; w.sending[d.Target] == 0 {
				delete(w.sending, d.Target)
			}
			w.mu.Unlock()
			select {
			case w.wake <- struct{}{}:
			default:
			}
		})
	}
	return nil
}

// deliver is one attempt.
func (w *Worker) deliver(ctx context.Context, d webhook.Delivery) {
	ctx, cancel := context.WithTimeout(ctx, 2*timeout)
	defer cancel()
	var a answer
	var err error
	switch d.Channel {
	case webhook.ToPush:
		a, err = sendPush(ctx, w.Client, w.Keys, d)
	case webhook.ToMail:
		a, err = w.Mail.send(ctx, d)
	default:
		a, err = sendWebhook(ctx, w.Client, d, time.Now())
	}
	o := w.outcome(d, a, err)
	if err := w.Queue.FinishDelivery(ctx, d, o); err != nil {
		w.Logger.WarnContext(ctx, "noting a delivery, it will go again", "message", d.Message, "error", err)
	}
	if o.State == webhook.Dead {
		w.Logger.WarnContext(ctx, "a delivery is dead", "channel", d.Channel, "target", d.Target, "message", d.Message, "attempts", d.Attempt, "reason", o.Err)
	}
}
