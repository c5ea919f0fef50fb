package classify

import (
	"fmt"
	"testing"
)

// little is a set that a person can check: three labels and what belongs to none.
var little = []Example{
	{"how much money is in my account", "balance"}, {"show me the balance", "balance"}, {"what is my account balance", "balance"},
	{"how much do I have left", "balance"}, {"tell me what is on the account", "balance"}, {"balance please", "balance"},
	{"send money to my sister", "transfer"}, {"transfer 50 to Bob", "transfer"}, {"I want to pay my landlord", "transfer"},
	{"make a payment to the shop", "transfer"}, {"wire some funds abroad", "transfer"}, {"move cash to another bank", "transfer"},
	{"my card was stolen", "card"}, {"block the card at once", "card"}, {"I lost my credit card", "card"},
	{"please freeze my cards", "card"}, {"somebody took my debit card", "card"}, {"cancel that card", "card"},
}

func TestPredict(t *testing.T) {
	m := Train(little)
	for text, want := range map[string]string{
		"what's the balance of my account?":      "balance",
		"how much money do i have":               "balance",
		"pay 20 to my brother":                   "transfer",
		"trasnfer money to Alice":                "transfer", // a slip of the fingers
		"my creditcard is lost":                  "card",
		"freezing a stolen card":                 "card",
		"zyxgh qwrtp":                            OOS,
		"":                                       OOS,
		"\x00\xff":                               OOS,
		"мой баланс":                             OOS,
		"CARD STOLEN!!!":                         "card",
		"Could you block the cards, they're new": "card",
	} {
		if got, c := m.Predict(text); got != want {
			t.Errorf("%q: got %s at %.2f, want %s", text, got, c, want)
		}
	}
}

// What the examples call oos is told from the rest, also in words that they do not use.
func TestTaughtOOS(t *testing.T) {
	m := Train(append([]Example{
		{"tell me a joke", OOS}, {"what is the weather like", OOS}, {"who won the football game", OOS},
		{"sing a song", OOS}, {"what is the capital of France", OOS}, {"recommend a film", OOS},
	}, little...))
	for _, text := range []string{"what is the weather in Paris", "tell me a story", "who won the game"} {
		if got, c := m.Predict(text); got != OOS {
			t.Errorf("%q: got %s at %.2f", text, got, c)
		}
	}
	if got, c := m.Predict("what is my account balance"); got != "balance" {
		t.Errorf("got %s at %.2f", got, c)
	}
}

// The same examples give the same model, to the last bit.
func TestDeterministic(t *testing.T) {
	a, b := Train(little), Train(little)
	for _, e := range little {
		if x, y := fmt.Sprint(a.Rank(e.Text)), fmt.Sprint(b.Rank(e.Text)); x != y {
			t.Fatalf("%q: %s, then %s", e.Text, x, y)
		}
	}
}

func TestFewExamples(t *testing.T) {
	if got, _ := Train(nil).Predict("anything"); got != OOS {
		t.Errorf("without examples: %s", got)
	}
	if got, _ := Train([]Example{{"hello there", "hi"}}).Predict("hello there"); got != "hi" {
		t.Errorf("with one example: %s", got)
	}
	if got, _ := Train([]Example{{"", "empty"}, {"", "void"}}).Predict("x"); got != OOS {
		t.Errorf("with empty examples: %s", got)
	}
}

// A confidence is a probability, and all labels share one.
func FuzzRank(f *testing.F) {
	m := Train(little)
	f.Add("how much money")
	f.Add("n't ' ’s \xff")
	f.Fuzz(func(t *testing.T, text string) {
		sum := 0.0
		for _, s := range m.Rank(text) {
			if !(s.Confidence >= 0 && s.Confidence <= 1) {
				t.Fatalf("%q: %v", text, s)
			}
			sum += s.Confidence
		}
		if sum > 1.0001 {
			t.Fatalf("%q: all confidences sum to %f", text, sum)
		}
	})
}

func BenchmarkPredict(b *testing.B) {
	m := Train(little)
	for b.Loop() {
		m.Predict("how much money do I have on my account today")
	}
}
