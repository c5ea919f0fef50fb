package delivery

import (
	"context"
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/SherClockHolmes/webpush-go"

	"partnerhub/domain"
	"partnerhub/domain/webhook"
)

const (
	maxPushAttempts = 6                 // some twenty minutes: a push that comes late is no use
	pushLives       = 12 * time.Hour    // how long a push service keeps it for a browser that is away
	maxPushBody     = 3 << 10           // of the 4,096 bytes that a push may have, encryption and all
	pushRecord      = uint32(4096 - 86) // room for what some services count too
)

// Keys are the deployment's, by which push services know it (VAPID). Browsers subscribe for the public one.
type Keys struct {
	Public, private string
	Subject         string // whom a push service may write to: a mail address or an https URL
}

// NewKeys derives the pair from a secret of 32 bytes, so that all replicas have the same and none is stored.
func NewKeys(secret []byte, subject string) (Keys, error) {
	if len(secret) != sha256.Size {
		return Keys{}, fmt.Errorf("a secret of %d bytes, want %d", len(secret), sha256.Size)
	}
	for {
		// One in four thousand million secrets is no number of the curve's; the next hash is.
		if key, err := ecdh.P256().NewPrivateKey(secret); err == nil {
			return Keys{
				Public:  base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()),
				private: base64.RawURLEncoding.EncodeToString(key.Bytes()),
				Subject: subject,
			}, nil
		}
		next := sha256.Sum256(secret)
		secret = next[:]
	}
}

// CheckSubscription returns CodeInvalid on the field at fault of what a browser's pushManager.subscribe() gave.
func CheckSubscription(endpoint, p256dh, auth string, private bool) error {
	if err := CheckURL(endpoint, private); err != nil {
		return domain.Invalid("endpoint", "%s", domain.AsError(err).Message)
	}
	point, err := base64.RawURLEncoding.DecodeString(p256dh)
	if err == nil {
		_, err = ecdh.P256().NewPublicKey(point)
	}
	if err != nil {
		return domain.Invalid("p256dh", "is not a point of P-256 in base64url")
	}
	if b, err := base64.RawURLEncoding.DecodeString(auth); err != nil || len(b) != 16 {
		return domain.Invalid("auth", "want 16 bytes in base64url")
	}
	return nil
}

// pushBody is what a browser is sent of a notice: what its event says, without the data where that is too much.
func pushBody(event []byte) []byte {
	var e struct {
		Data map[string]json.RawMessage `json:"data"`
	}
	if json.Unmarshal(event, &e) != nil {
		return nil
	}
	b, err := json.Marshal(e.Data)
	if err == nil && len(b) > maxPushBody {
		delete(e.Data, "data")
		b, err = json.Marshal(e.Data)
	}
	if err != nil {
		return nil
	}
	return b
}

// sendPush encrypts a notice for its browser, which alone can read it, and hands it to the browser's push service.
func sendPush(ctx context.Context, client *http.Client, keys Keys, d webhook.Delivery) (answer, error) {
	return exchange(webpush.SendNotificationWithContext(ctx, pushBody(d.Body), &webpush.Subscription{
		Endpoint: d.URL, Keys: webpush.Keys{Auth: d.Auth, P256dh: d.P256dh},
	}, &webpush.Options{
		HTTPClient: client, Subscriber: keys.Subject, VAPIDPublicKey: keys.Public, VAPIDPrivateKey: keys.private,
		TTL: int(pushLives.Seconds()), Urgency: webpush.UrgencyNormal,
	}))
}
