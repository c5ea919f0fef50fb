package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"partnerhub/delivery"
	"partnerhub/domain"
)

type subscribeInput struct {
	Body struct {
		Endpoint string `json:"endpoint" maxLength:"2048"`
		Keys     struct {
			P256dh string `json:"p256dh" maxLength:"100"`
			Auth   string `json:"auth" maxLength:"30"`
		} `json:"keys"`
		ExpirationTime any `json:"expirationTime,omitempty"` // browsers send it along
	}
}

type unsubscribeInput struct {
	Body struct {
		Endpoint string `json:"endpoint" maxLength:"2048"`
	}
}

type pushKey struct {
	PublicKey string `json:"publicKey" doc:"applicationServerKey of pushManager.subscribe()"`
}

type subscription struct {
	ID string `json:"id"`
}

// registerPush adds Web Push: notices that reach a browser while the app is closed.
func (s *server) registerPush(api huma.API) {
	mine := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, DefaultStatus: status, MaxBodyBytes: 8 << 10,
			Security: []map[string][]string{{"token": {}}, {"cookie": {}}}, Middlewares: huma.Middlewares{s.authenticate(api)}}
	}
	type keyOutput struct{ Body pushKey }
	huma.Register(api, mine("get-push-key", http.MethodGet, "/v1/push/key", "The public key that browsers subscribe for", 0), func(context.Context, *struct{}) (*keyOutput, error) {
		if s.PushKey == "" {
			return nil, problemOf(domain.Errorf(domain.CodeUnavailable, "", "pushes are not set up"))
		}
		return &keyOutput{pushKey{s.PushKey}}, nil
	})
	type subscriptionOutput struct{ Body subscription }
	huma.Register(api, mine("subscribe-push", http.MethodPost, "/v1/push/subscriptions", "Push the caller's notices to a browser", http.StatusCreated), func(ctx context.Context, in *subscribeInput) (*subscriptionOutput, error) {
		b := in.Body
		if err := delivery.CheckSubscription(b.Endpoint, b.Keys.P256dh, b.Keys.Auth, s.PrivateWebhooks); err != nil {
			return nil, problemOf(err)
		}
		id, err := s.Store.Subscribe(ctx, caller(ctx), b.Endpoint, b.Keys.P256dh, b.Keys.Auth)
		if err != nil {
			return nil, problemOf(err)
		}
		return &subscriptionOutput{subscription{id}}, nil
	})
	huma.Register(api, mine("unsubscribe-push", http.MethodPost, "/v1/push/unsubscribe", "Push no more to a browser", http.StatusNoContent), func(ctx context.Context, in *unsubscribeInput) (*struct{}, error) {
		if err := s.Store.Unsubscribe(ctx, caller(ctx), in.Body.Endpoint); err != nil {
			return nil, problemOf(err)
		}
		return nil, nil
	})
}
