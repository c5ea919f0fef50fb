package faults_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"partnerhub/agent/modeltest"
	"partnerhub/store/storetest"
)

// invented is a figure that no tool returns: nobody may be shown it.
const invented = "918,273.64"

// model is the scripted model, which answers well or as it is told to.
type model struct {
	network *storetest.Proxy // to it
	url     string

	mu    sync.Mutex
	rng   *rand.Rand
	mood  string // "" : well; slow, cut, wrong, failing, hanging
	calls int
}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{rng: rand.New(rand.NewPCG(seed, 20))}
	server := modeltest.New(t, modeltest.Endless(modeltest.Reply(m.answer)))
	address := strings.TrimSuffix(strings.TrimPrefix(server.URL, "http://"), "/v1")
	m.network = storetest.NewProxy(t, "tcp", address)
	m.url = "http://" + m.network.Addr() + "/v1"
	return m
}

func (m *model) be(mood string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mood = mood
}

// drop ends the requests that hang, as a restart of the endpoint does.
func (m *model) drop() {
	m.network.Refuse()
	m.network.Heal()
}

func (m *model) answer(r modeltest.Request) modeltest.Step {
	m.mu.Lock()
	m.calls++
	n, mood, dice := m.calls, m.mood, m.rng.IntN(5)
	m.mu.Unlock()
	switch mood {
	case "hanging":
		if dice < 2 {
			return modeltest.Hang()
		}
		return modeltest.Stream(modeltest.Chunk("Here is "), modeltest.Stall())
	case "cut":
		if dice < 2 {
			return modeltest.Drop()
		}
		return modeltest.Stream(modeltest.Chunk("Your figures are on the ca"), modeltest.Cut())
	case "failing":
		return []modeltest.Step{modeltest.Status(http.StatusInternalServerError, "overloaded"), modeltest.RateLimited("1"), modeltest.RateLimited(""),
			modeltest.Status(http.StatusUnauthorized, "no such key"), modeltest.Body(http.StatusBadGateway, "text/html", "<html>bad gateway")}[dice]
	case "wrong":
		return []modeltest.Step{
			modeltest.Stream(modeltest.Data("{this is not JSON")),
			modeltest.Text("You earned ", invented, " USDT."),
			modeltest.Calls(modeltest.Call{ID: fmt.Sprint("w", n), Name: "send_money", Args: `{"to":1}`}),
			modeltest.Calls(modeltest.Call{ID: fmt.Sprint("w", n), Name: "query_metrics", Args: `{"metrics":["commission"],"period":`}),
			modeltest.Text(""),
		}[dice]
	}
	step := m.good(r, n)
	if mood == "slow" {
		return modeltest.Reply(func(modeltest.Request) modeltest.Step {
			time.Sleep(time.Duration(300+200*dice) * time.Millisecond)
			return step
		})
	}
	return step
}

// good is what a model that knows its trade answers.
func (m *model) good(r modeltest.Request, n int) modeltest.Step {
	messages := r.Chat.Messages
	last := messages[len(messages)-1]
	if last.Role == "tool" {
		return modeltest.Text("It is ", "on the ", "card.")
	}
	call := func(name, args string) modeltest.Step {
		return modeltest.Calls(modeltest.Call{ID: fmt.Sprint("c", n), Name: name, Args: args})
	}
	switch text := last.Content; {
	case text == askTask:
		return call("propose_task", fmt.Sprintf(`{"type":"trading","targets":{"uids":[%d]},"start":%q,"end":%q,"product":"futures","tiers":[{"threshold":"50000","reward":"30"}]}`,
			subPartner(0), time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly), time.Now().UTC().AddDate(0, 0, 9).Format(time.DateOnly)))
	case text == askPerson:
		return call("hand_off", `{"category":"finance","summary":"Commission of yesterday is missing."}`)
	case strings.Contains(text, "top 5"):
		return call("leaderboard", `{"metric":"volume","by":"referee","period":"this_week","limit":5}`)
	case strings.Contains(text, "commission"):
		return call("query_metrics", `{"metrics":["commission"],"period":"this_week"}`)
	}
	return modeltest.Text("Hello! ", "Ask me about your figures.")
}
