// Package delivery brings what the outbox holds to where it is wanted: webhooks to the exchange's endpoints, pushes to browsers.
package delivery

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"partnerhub/domain/webhook"
)

// answer is how a receiver answered.
type answer struct {
	status     int
	retryAfter time.Duration
}

// sendWebhook posts a delivery, signed as Standard Webhooks has it: by each secret of the endpoint, over the time of this attempt.
func sendWebhook(ctx context.Context, client *http.Client, d webhook.Delivery, now time.Time) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		return answer{}, err
	}
	var signatures []string
	for _, secret := range d.Secrets {
		signer, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			return answer{}, err
		}
		signature, err := signer.Sign(d.Message, now, d.Body)
		if err != nil {
			return answer{}, err
		}
		signatures = append(signatures, signature)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "PartnerHub-Webhooks/1")
	req.Header.Set(standardwebhooks.HeaderWebhookID, d.Message)
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	return exchange(client.Do(req))
}

// exchange reads an answer, which matters by its status alone.
func exchange(res *http.Response, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer))
	a := answer{status: res.StatusCode}
	if text := res.Header.Get("Retry-After"); text != "" {
		if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
			a.retryAfter = time.Duration(min(seconds, 24*3600)) * time.Second
		} else if at, err := http.ParseTime(text); err == nil {
			a.retryAfter = time.Until(at)
		}
	}
	return a, nil
}

// outcome is what an attempt comes to.
func (w *Worker) outcome(d webhook.Delivery, a answer, err error) webhook.Outcome {
	o := webhook.Outcome{State: webhook.Pending, Status: a.status}
	switch {
	case err != nil:
		o.Err = reason(err)
	case a.status >= 200 && a.status < 300:
		o.State = webhook.Done
		return o
	case a.status == http.StatusGone || d.Channel == webhook.ToPush && a.status == http.StatusNotFound:
		o.State, o.Gone, o.Err = webhook.Dead, true, fmt.Sprintf("it answered %d: it wants no more", a.status)
		return o
	case a.status >= 300 && a.status < 400:
		o.Err = fmt.Sprintf("it answered %d: redirects are not followed", a.status)
	default:
		o.Err = fmt.Sprintf("it answered %d", a.status)
	}
	most := webhook.MaxAttempts
	if d.Channel == webhook.ToPush {
		most = maxPushAttempts
	}
	if d.Attempt >= most {
		o.State = webhook.Dead
		return o
	}
	o.Next = w.Retry(time.Now(), d.Attempt, a.retryAfter)
	return o
}
