package web

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"partnerhub/domain"
	"partnerhub/store"
)

// TestAccess sends every route as everybody, for data of their own and of others, and wants exactly those let in whom the table
// names. A route without a row fails, and so does a row without a route.
func TestAccess(t *testing.T) {
	w := newAccessWorld(t)
	known := map[string]bool{}
	err := chi.Walk(w.routes, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		known[method+" "+route] = true
		if accessTable[method+" "+route] == nil {
			t.Errorf("%s %s: nobody says who may call it", method, route)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range slices.Sorted(maps.Keys(accessTable)) {
		if !known[route] {
			t.Errorf("%s: there is no such route", route)
			continue
		}
		method, _, _ := strings.Cut(route, " ")
		for _, x := range accessTable[route] {
			w.probe(method, x)
		}
	}
	w.refusesOtherSites()
	w.keepsSilent()
}

// Who calls. The sub-partner is the partner's direct referee, the stranger a partner of another tree.
const (
	nobody     = "nobody"
	aPartner   = "partner"
	subPartner = "sub-partner"
	stranger   = "stranger"
	aBD        = "bd"
	otherBD    = "other bd"
	editor     = "content"
	operator   = "operator"
	eventsKey  = "key of events"
	ledgerKey  = "key of ledger"
	hooksKey   = "key of webhooks"
	revokedKey = "revoked key"

	// Tokens that say partner 1 or the operator, and are not the exchange's.
	unsigned     = "an unsigned token"
	otherSecret  = "a token of another secret"
	expired      = "an expired token"
	otherHub     = "a token for another audience"
	changedToken = "a token whose role was changed"
)

var (
	partners   = []string{aPartner, subPartner, stranger}
	desk       = []string{aBD, otherBD, operator}
	editors    = []string{editor, operator}
	people     = slices.Concat(partners, desk, []string{editor})
	keys       = []string{eventsKey, ledgerKey, hooksKey, revokedKey}
	forgers    = []string{unsigned, otherSecret, expired, otherHub, changedToken}
	everybody  = slices.Concat([]string{nobody}, people, keys, forgers)
	uidOf      = map[string]int64{aPartner: 1, subPartner: 2, stranger: 5, aBD: 70, otherBD: 71, editor: 80, operator: 90}
	roleOf     = map[string]domain.Role{aPartner: domain.RolePartner, subPartner: domain.RolePartner, stranger: domain.RolePartner, aBD: domain.RoleBD, otherBD: domain.RoleBD, editor: domain.RoleContent, operator: domain.RoleOperator}
	scopeOfKey = map[string]string{eventsKey: store.ScopeEvents, ledgerKey: store.ScopeLedger, hooksKey: store.ScopeWebhooks}
)

// access is a request, and for whom it is. Whoever is not named is refused: with 401 when the route does not know them at all,
// with 403 when it knows them and they may not. A {name} stands for something that accessWorld.made makes.
type access struct {
	path, body string
	may        []string
	status     int      // of those who may; 0: any success
	hidden     []string // to whom it does not exist, 404: it is another's
	invalid    []string // who names another's in an argument, 422
	shows      bool     // the answer holds what is the caller's own
	shared     bool     // the answer holds something of another partner's rightly
}

// mine is what a partner reads of their own.
func mine(path string) []access { return []access{{path: path, may: partners}} }

// ownOf is the partner's own, which is nobody else's.
func ownOf(path, body string) []access {
	return []access{{path: path, body: body, may: []string{aPartner}, hidden: []string{subPartner, stranger}}}
}

// deskOf is a ticket that is the BD's: the other BD does not see it.
func deskOf(path, body string) []access {
	return []access{{path: path, body: body, may: []string{aBD, operator}, hidden: []string{otherBD}}}
}

// forRoles is what roles may do.
func forRoles(who []string, path, body string) []access {
	return []access{{path: path, body: body, may: who}}
}

const (
	draftOfTask = `{"type":"trading","title":"{marker}","targets":{"uids":[{target}]},"start":"{today}","end":"{nextWeek}","product":"spot","tiers":[{"threshold":"1000","reward":"10"}]}`
	anArticle   = `{"files":[{"name":"payouts.md","text":"---\ntitle: Payouts\nslug: payouts\nkind: rule\n---\n## When?\nAt ten.\n"}]}`
	aBrowser    = `{"endpoint":"https://push.example.com/x","keys":{"p256dh":"{point}","auth":"MDEyMzQ1Njc4OWFiY2RlZg"}}`
	aProgram    = `{"name":"spot_evaluation","title":"Bonus","doc":"d","unit":"month","eligibility":[],"tiers":[{"name":"A","reward":"10","needs":[{"metric":"volume","atLeast":"10"}]}]}`
)

// accessTable has every route.
var accessTable = map[string][]access{
	"GET /healthz":                   forRoles(everybody, "/healthz", ""),
	"GET /readyz":                    forRoles(everybody, "/readyz", ""),
	"GET /v1/openapi.json":           forRoles(everybody, "/v1/openapi.json", ""),
	"GET /v1/openapi.yaml":           forRoles(everybody, "/v1/openapi.yaml", ""),
	"GET /v1/openapi-3.0.json":       forRoles(everybody, "/v1/openapi-3.0.json", ""),
	"GET /v1/openapi-3.0.yaml":       forRoles(everybody, "/v1/openapi-3.0.yaml", ""),
	"GET /v1/schemas/{schema}":       forRoles(everybody, "/v1/schemas/Note.json", ""),
	"GET /v1/session":                forRoles(people, "/v1/session", ""),
	"POST /v1/session":               forRoles(people, "/v1/session", ""),
	"DELETE /v1/session":             forRoles(everybody, "/v1/session", ""),
	"GET /v1/welcome":                forRoles(people, "/v1/welcome", ""),
	"GET /v1/notices":                {{path: "/v1/notices", may: people, shows: true, shared: true}},
	"POST /v1/notices/read":          forRoles(people, "/v1/notices/read", `{"through":"1"}`),
	"GET /v1/notices/ws":             {{path: "/v1/notices/ws", may: people, status: http.StatusUpgradeRequired}},
	"GET /v1/push/key":               forRoles(people, "/v1/push/key", ""),
	"POST /v1/push/subscriptions":    forRoles(people, "/v1/push/subscriptions", aBrowser),
	"POST /v1/push/unsubscribe":      forRoles(people, "/v1/push/unsubscribe", `{"endpoint":"https://push.example.com/x"}`),
	"GET /v1/overview":               mine("/v1/overview?period=this_month"),
	"GET /v1/cohorts":                mine("/v1/cohorts?months=3"),
	"GET /v1/metrics/query":          mine("/v1/metrics/query?metrics=commission&period=this_month"),
	"GET /v1/rates":                  mine("/v1/rates"),
	"GET /v1/rewards":                mine("/v1/rewards"),
	"GET /v1/programs":               mine("/v1/programs"),
	"GET /v1/campaigns":              mine("/v1/campaigns"),
	"POST /v1/campaigns/{slug}/join": mine("/v1/campaigns/cup/join"),
	"GET /v1/fund":                   mine("/v1/fund"),
	"GET /v1/fund/entries":           {{path: "/v1/fund/entries", may: partners, shows: true}},
	"GET /v1/referees":               {{path: "/v1/referees", may: partners, shows: true}},
	"GET /v1/referees/{uid}": {
		{path: "/v1/referees/2", may: []string{aPartner}, hidden: []string{subPartner, stranger}}, // oneself is no referee
		{path: "/v1/referees/3", may: []string{aPartner, subPartner}, hidden: []string{stranger}},
		{path: "/v1/referees/6", may: []string{stranger}, hidden: []string{aPartner, subPartner}},
	},
	"PUT /v1/referees/{uid}/note": {
		{path: "/v1/referees/3/note", body: `{"note":"{marker}"}`, may: []string{aPartner, subPartner}, hidden: []string{stranger}},
		{path: "/v1/referees/6/note", body: `{"note":"{marker}"}`, may: []string{stranger}, hidden: []string{aPartner, subPartner}},
	},
	"GET /v1/codes":          {{path: "/v1/codes", may: partners, shows: true}},
	"POST /v1/codes":         forRoles(partners, "/v1/codes", `{"spotRebateRate":"0.1","futuresRebateRate":"0"}`),
	"PATCH /v1/codes/{code}": ownOf("/v1/codes/ONE", `{"spotRebateRate":"0.2"}`),

	"GET /v1/exports/referees.csv": {{path: "/v1/exports/referees.csv", may: partners, shows: true}},
	"GET /v1/exports/codes.csv":    {{path: "/v1/exports/codes.csv", may: partners, shows: true}},
	"GET /v1/exports/rewards.csv":  mine("/v1/exports/rewards.csv"),
	"GET /v1/exports/metrics.csv":  mine("/v1/exports/metrics.csv?metrics=commission&period=this_month"),

	"GET /v1/exports":           {{path: "/v1/exports", may: partners}},
	"POST /v1/exports":          forRoles(partners, "/v1/exports", `{"list":"codes"}`),
	"GET /v1/exports/{id}":      ownOf("/v1/exports/{export}", ""),
	"DELETE /v1/exports/{id}":   ownOf("/v1/exports/{export}", ""),
	"GET /v1/exports/{id}/file": {{path: "/v1/exports/{export}/file", may: []string{aPartner}, status: http.StatusConflict, hidden: []string{subPartner, stranger}}}, // it is being made

	"GET /v1/tasks":                   {{path: "/v1/tasks", may: partners, shows: true}, {path: "/v1/tasks?side=assigned", may: partners, shared: true}},
	"POST /v1/tasks":                  {{path: "/v1/tasks", body: draftOfTask, may: partners}, {path: "/v1/tasks", body: strings.Replace(draftOfTask, "{target}", "6", 1), may: []string{stranger}, invalid: []string{aPartner, subPartner}}},
	"POST /v1/tasks/preview":          {{path: "/v1/tasks/preview", body: draftOfTask, may: partners}},
	"POST /v1/tasks/simulate":         {{path: "/v1/tasks/simulate", body: `{"days":30,` + draftOfTask[1:], may: partners}},
	"GET /v1/tasks/{id}":              {{path: "/v1/tasks/{task}", may: []string{aPartner, subPartner}, hidden: []string{stranger}, shared: true}},
	"POST /v1/tasks/{id}/cancel":      ownOf("/v1/tasks/{task}/cancel", ""),
	"POST /v1/tasks/{id}/extend":      ownOf("/v1/tasks/{task}/extend", `{"end":"{nextMonth}"}`),
	"POST /v1/tasks/{id}/top-up":      ownOf("/v1/tasks/{task}/top-up", `{"tiers":[{"threshold":"1000","reward":"10"},{"threshold":"2000","reward":"30"}]}`),
	"POST /v1/tasks/{id}/nudge":       ownOf("/v1/tasks/{task}/nudge", ""),
	"GET /v1/proposals":               {{path: "/v1/proposals", may: partners, shows: true}},
	"GET /v1/proposals/{id}":          ownOf("/v1/proposals/{proposal}", ""),
	"POST /v1/proposals/{id}/approve": ownOf("/v1/proposals/{proposal}/approve", `{"digest":"{digest}"}`),
	"POST /v1/proposals/{id}/decline": ownOf("/v1/proposals/{proposal}/decline", ""),

	"GET /v1/chat/ws": {{path: "/v1/chat/ws", may: slices.Concat(partners, desk), status: http.StatusUpgradeRequired}},
	"POST /v1/chat/sse": {
		{path: "/v1/chat/sse", body: `{"messages":[{"id":"{new}","role":"user","content":"X{new}"}]}`, may: partners},
		{path: "/v1/chat/sse", body: `{"threadId":"{conversation}","messages":[{"id":"{new}","role":"user","content":"X{new}"}]}`, may: partners}, // by another it is a conversation of their own, of the same id
	},
	"GET /v1/conversations":             {{path: "/v1/conversations", may: partners, shows: true}},
	"GET /v1/conversations/{id}/events": ownOf("/v1/conversations/{conversation}/events", ""),
	"PATCH /v1/conversations/{id}":      ownOf("/v1/conversations/{conversation}", `{"title":"New"}`),
	"DELETE /v1/conversations/{id}":     ownOf("/v1/conversations/{conversation}", ""),
	"PUT /v1/feedback":                  ownOf("/v1/feedback", `{"runId":"{run}","vote":"up"}`),
	"DELETE /v1/feedback":               {{path: "/v1/feedback?runId={run}", may: partners}}, // another's vote stays: see TestVotesOverHTTP
	"GET /v1/feedback":                  {{path: "/v1/feedback?threadId={conversation}", may: partners}},
	"POST /mcp":                         {{path: "/mcp", body: `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, may: partners}},
	"GET /v1/handoff":                   {{path: "/v1/handoff", may: partners}},
	"POST /v1/handoff/{id}/cancel":      ownOf("/v1/handoff/{ticketOfPartner}/cancel", ""),

	"GET /v1/desk":                   forRoles(desk, "/v1/desk", ""),
	"GET /v1/tickets":                forRoles(desk, "/v1/tickets", ""),
	"GET /v1/tickets/{id}":           deskOf("/v1/tickets/{claimed}", ""),
	"GET /v1/tickets/{id}/events":    deskOf("/v1/tickets/{claimed}/events", ""),
	"POST /v1/tickets/{id}/claim":    {{path: "/v1/tickets/{ticket}/claim", body: `{}`, may: []string{aBD, operator}, hidden: []string{otherBD}}},
	"POST /v1/tickets/{id}/reply":    deskOf("/v1/tickets/{claimed}/reply", `{"text":"Hello"}`),
	"POST /v1/tickets/{id}/note":     deskOf("/v1/tickets/{claimed}/note", `{"text":"Hm"}`),
	"POST /v1/tickets/{id}/waiting":  deskOf("/v1/tickets/{claimed}/waiting", `{}`),
	"POST /v1/tickets/{id}/resolve":  deskOf("/v1/tickets/{claimed}/resolve", `{}`),
	"POST /v1/tickets/{id}/reopen":   deskOf("/v1/tickets/{resolved}/reopen", `{}`),
	"POST /v1/tickets/{id}/reassign": deskOf("/v1/tickets/{claimed}/reassign", `{"bd":0}`),

	"GET /v1/library/sections/{slug}/{anchor}":  forRoles(people, "/v1/library/sections/gift/how-do-i-send-a-gift", ""),
	"GET /v1/library/articles":                  forRoles(editors, "/v1/library/articles", ""),
	"GET /v1/library/articles/{slug}":           forRoles(editors, "/v1/library/articles/gift", ""),
	"DELETE /v1/library/articles/{slug}":        forRoles(editors, "/v1/library/articles/gift", ""),
	"GET /v1/library/drafts":                    forRoles(editors, "/v1/library/drafts", ""),
	"POST /v1/library/drafts":                   forRoles(editors, "/v1/library/drafts", anArticle),
	"DELETE /v1/library/drafts/{slug}":          forRoles(editors, "/v1/library/drafts/gift", ""),
	"GET /v1/library/gaps":                      forRoles(editors, "/v1/library/gaps", ""),
	"POST /v1/library/preview":                  forRoles(editors, "/v1/library/preview", `{"question":"how do I send a gift","drafts":false}`),
	"POST /v1/library/uploads":                  forRoles(editors, "/v1/library/uploads?checkOnly=true", ""),
	"POST /v1/library/publish":                  {{path: "/v1/library/publish", body: `{"version":7}`, may: editors, status: http.StatusConflict}}, // 7 is not the one that is served
	"GET /v1/library/versions":                  forRoles(editors, "/v1/library/versions", ""),
	"POST /v1/library/versions/{version}/serve": forRoles(editors, "/v1/library/versions/1/serve", ""),

	"GET /v1/reviews":               forRoles(editors, "/v1/reviews", ""),
	"POST /v1/reviews/{id}/case":    forRoles([]string{operator}, "/v1/reviews/{review}/case", `{}`),
	"POST /v1/reviews/{id}/dismiss": forRoles([]string{operator}, "/v1/reviews/{review}/dismiss", ""),
	"GET /v1/ingest/waiting":        forRoles([]string{operator}, "/v1/ingest/waiting", ""),
	"GET /v1/ingest/rejected":       forRoles([]string{operator}, "/v1/ingest/rejected", ""),
	"GET /v1/ingest/void":           forRoles([]string{operator}, "/v1/ingest/void", ""),

	"GET /v1/ingest/rejected/causes": forRoles([]string{operator}, "/v1/ingest/rejected/causes", ""),
	"POST /v1/ingest/replays":        forRoles([]string{operator}, "/v1/ingest/replays", `{"ids":[{refused}]}`),
	"GET /v1/operator/health":        forRoles([]string{operator}, "/v1/operator/health", ""),
	"GET /v1/operator/actions":       forRoles([]string{operator}, "/v1/operator/actions", ""),

	"GET /v1/operator/figures":                  forRoles([]string{operator}, "/v1/operator/figures", ""),
	"GET /v1/operator/evaluations":              forRoles([]string{operator}, "/v1/operator/evaluations", ""),
	"GET /v1/operator/evaluations/{id}":         forRoles([]string{operator}, "/v1/operator/evaluations/1", ""),
	"GET /v1/operator/evaluations/{id}/compare": forRoles([]string{operator}, "/v1/operator/evaluations/1/compare?with=2", ""),
	"GET /v1/operator/programs":                 forRoles([]string{operator}, "/v1/operator/programs", ""),
	"PUT /v1/operator/programs/{name}":          forRoles([]string{operator}, "/v1/operator/programs/spot_evaluation", aProgram),
	"GET /v1/operator/partners/{uid}/rates":     forRoles([]string{operator}, "/v1/operator/partners/1/rates", ""),
	"POST /v1/operator/partners/{uid}/rates":    forRoles([]string{operator}, "/v1/operator/partners/1/rates", `{"spotRate":"0.6","futuresRate":"0.5"}`),
	"GET /v1/operator/accounts/{uid}/vip":       forRoles([]string{operator}, "/v1/operator/accounts/3/vip", ""),
	"POST /v1/operator/accounts/{uid}/vip":      forRoles([]string{operator}, "/v1/operator/accounts/3/vip", `{"spotLevel":1,"futuresLevel":0}`),
	"GET /v1/operator/codes/{code}/rebates":     forRoles([]string{operator}, "/v1/operator/codes/ONE/rebates", ""),
	"POST /v1/operator/codes/{code}/rebates":    forRoles([]string{operator}, "/v1/operator/codes/ONE/rebates", `{"spotRebateRate":"0.1"}`),
	"GET /v1/operator/rules":                    forRoles([]string{operator}, "/v1/operator/rules", ""),
	"POST /v1/operator/rules":                   forRoles([]string{operator}, "/v1/operator/rules", `{"mode":"differential","levels":3,"spotVipMax":2,"futuresVipMax":1}`),
	"GET /v1/operator/settings":                 forRoles([]string{operator}, "/v1/operator/settings", ""),
	"PUT /v1/operator/settings/{name}":          forRoles([]string{operator}, "/v1/operator/settings/task_grace", `{"value":"24h"}`),
	"GET /v1/operator/deliveries":               forRoles([]string{operator}, "/v1/operator/deliveries", ""),
	"POST /v1/operator/deliveries/{id}/resend":  {{path: "/v1/operator/deliveries/{delivery}/resend", may: []string{operator}, status: http.StatusConflict}}, // it is on its way

	"POST /v1/events":                                     forRoles([]string{eventsKey}, "/v1/events", `{"id":"again","type":"account.registered","time":"2026-11-01T00:00:00Z","uid":999}`),
	"POST /v1/fund/top-ups":                               forRoles([]string{ledgerKey}, "/v1/fund/top-ups", `{"uid":1,"amount":"1","reference":"r"}`),
	"GET /v1/webhooks":                                    forRoles([]string{hooksKey}, "/v1/webhooks", ""),
	"POST /v1/webhooks":                                   forRoles([]string{hooksKey}, "/v1/webhooks", `{"url":"https://example.invalid/{new}"}`),
	"DELETE /v1/webhooks/{id}":                            forRoles([]string{hooksKey}, "/v1/webhooks/{webhook}", ""),
	"POST /v1/webhooks/{id}/rotate":                       forRoles([]string{hooksKey}, "/v1/webhooks/{webhook}/rotate", ""),
	"GET /v1/webhooks/{id}/deliveries":                    forRoles([]string{hooksKey}, "/v1/webhooks/{webhook}/deliveries", ""),
	"POST /v1/webhooks/{id}/deliveries/{delivery}/resend": {{path: "/v1/webhooks/{webhook}/deliveries/{delivery}/resend", may: []string{hooksKey}, status: http.StatusConflict}},
}
