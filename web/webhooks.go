package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"partnerhub/delivery"
	"partnerhub/domain"
	"partnerhub/domain/webhook"
	"partnerhub/store"
)

type webhookInput struct {
	Body struct {
		URL   string         `json:"url" maxLength:"2048" doc:"https, on the public internet"`
		Types []webhook.Type `json:"types,omitempty" maxItems:"20" doc:"of the events that it wants; none: all"`
	}
}

// webhookSecret is shown once.
type webhookSecret struct {
	webhook.Endpoint
	Secret string `json:"secret" doc:"signs what is sent (Standard Webhooks); it is not shown again"`
}

type rotated struct {
	Secret string `json:"secret" doc:"the old one signs beside it for 24 hours"`
}

type idInput struct {
	ID string `path:"id" maxLength:"64"`
}

// DeliveriesInput is exported for huma, which fills in no embedded struct that is not.
type DeliveriesInput struct {
	State  string `query:"state" enum:"failing,pending,done,dead" doc:"failing: dead, or to be tried again; none: all"`
	Cursor string `query:"cursor" maxLength:"80" doc:"nextCursor of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type endpointDeliveries struct {
	ID string `path:"id" maxLength:"64"`
	DeliveriesInput
}

type deliveryPage struct{ Body page[webhook.Record] }

// registerWebhooks adds the exchange's endpoints, by API key, and the operator's view of what does not arrive.
func (s *server) registerWebhooks(api huma.API) {
	byKey := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary + ", by an API key of scope " + store.ScopeWebhooks, DefaultStatus: status,
			MaxBodyBytes: 8 << 10, Security: []map[string][]string{{"key": {}}}, Middlewares: huma.Middlewares{keyed(s, store.ScopeWebhooks)}}
	}
	type secretOutput struct{ Body webhookSecret }
	huma.Register(api, byKey("create-webhook", http.MethodPost, "/v1/webhooks", "Register an endpoint for events", http.StatusCreated), func(ctx context.Context, in *webhookInput) (*secretOutput, error) {
		if err := delivery.CheckURL(in.Body.URL, s.PrivateWebhooks); err != nil {
			return nil, problemOf(err)
		}
		e, secret, err := s.Store.CreateWebhook(ctx, in.Body.URL, in.Body.Types, keyOf(ctx))
		if err != nil {
			return nil, problemOf(err)
		}
		return &secretOutput{webhookSecret{e, secret}}, nil
	})
	type listOutput struct{ Body page[webhook.Endpoint] }
	huma.Register(api, byKey("list-webhooks", http.MethodGet, "/v1/webhooks", "The registered endpoints, the latest first", 0), func(ctx context.Context, _ *struct{}) (*listOutput, error) {
		items, err := s.Store.Webhooks(ctx)
		if err != nil {
			return nil, problemOf(err)
		}
		return &listOutput{page[webhook.Endpoint]{Items: append([]webhook.Endpoint{}, items...)}}, nil
	})
	huma.Register(api, byKey("delete-webhook", http.MethodDelete, "/v1/webhooks/{id}", "End an endpoint, and what waits for it", http.StatusNoContent), func(ctx context.Context, in *idInput) (*struct{}, error) {
		if err := s.Store.DeleteWebhook(ctx, in.ID); err != nil {
			return nil, problemOf(err)
		}
		return nil, nil
	})
	type rotateOutput struct{ Body rotated }
	huma.Register(api, byKey("rotate-webhook", http.MethodPost, "/v1/webhooks/{id}/rotate", "Give an endpoint a new secret", 0), func(ctx context.Context, in *idInput) (*rotateOutput, error) {
		secret, err := s.Store.RotateWebhook(ctx, in.ID)
		if err != nil {
			return nil, problemOf(err)
		}
		return &rotateOutput{rotated{secret}}, nil
	})
	huma.Register(api, byKey("list-webhook-deliveries", http.MethodGet, "/v1/webhooks/{id}/deliveries", "What was sent to an endpoint, the latest first", 0), func(ctx context.Context, in *endpointDeliveries) (*deliveryPage, error) {
		return s.deliveries(ctx, in.ID, in.DeliveriesInput)
	})
	type resendInput struct {
		ID       string `path:"id" maxLength:"64"`
		Delivery string `path:"delivery" maxLength:"64"`
	}
	huma.Register(api, byKey("resend-webhook-delivery", http.MethodPost, "/v1/webhooks/{id}/deliveries/{delivery}/resend", "Send a delivery again", http.StatusAccepted), func(ctx context.Context, in *resendInput) (*struct{}, error) {
		if err := s.Store.Resend(ctx, in.Delivery, in.ID); err != nil {
			return nil, problemOf(err)
		}
		return nil, nil
	})

	byOperator := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, DefaultStatus: status,
			Security: []map[string][]string{{"token": {}}, {"cookie": {}}}, Middlewares: huma.Middlewares{s.authenticate(api)}}
	}
	huma.Register(api, byOperator("list-deliveries", http.MethodGet, "/v1/operator/deliveries", "What the outbox sent or could not send, the latest first", 0), func(ctx context.Context, in *DeliveriesInput) (*deliveryPage, error) {
		if err := caller(ctx).Require(domain.RoleOperator); err != nil {
			return nil, problemOf(err)
		}
		return s.deliveries(ctx, "", *in)
	})
	huma.Register(api, byOperator("resend-delivery", http.MethodPost, "/v1/operator/deliveries/{id}/resend", "Send a delivery again", http.StatusAccepted), func(ctx context.Context, in *idInput) (*struct{}, error) {
		if err := caller(ctx).Require(domain.RoleOperator); err != nil {
			return nil, problemOf(err)
		}
		if err := s.Store.Resend(ctx, in.ID, ""); err != nil {
			return nil, problemOf(err)
		}
		return nil, nil
	})
}

func (s *server) deliveries(ctx context.Context, target string, in DeliveriesInput) (*deliveryPage, error) {
	items, next, err := s.Store.Deliveries(ctx, store.DeliveryQuery{Target: target, State: in.State, Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, problemOf(err)
	}
	return &deliveryPage{page[webhook.Record]{append([]webhook.Record{}, items...), next}}, nil
}
