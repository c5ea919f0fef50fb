package store_test

import (
	"encoding/json"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/evaluation"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

func TestEvaluations(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := store.NewReviews(storetest.New(t))
	now := time.Now().UTC().Truncate(time.Second)
	keep := func(passed int) int64 {
		t.Helper()
		id, err := s.KeepEvaluation(ctx, evaluation.Run{StartedAt: now, EndedAt: now, Model: "m", Prompts: "p", Repeats: 2, Report: json.RawMessage(`{}`)},
			[]evaluation.Result{{Name: "a", Passed: passed, Detail: json.RawMessage(`{"case":"a"}`)}, {Name: "b", Passed: 2, Detail: json.RawMessage(`{}`)}})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	a, b := keep(2), keep(1)
	list, next, err := s.Evaluations(ctx, "", 1)
	if err != nil || len(list) != 1 || list[0].ID != b || next == "" {
		t.Fatalf("%+v %q %v", list, next, err)
	}
	if list, next, err = s.Evaluations(ctx, next, 1); err != nil || len(list) != 1 || list[0].ID != a || next != "" {
		t.Fatalf("%+v %q %v", list, next, err)
	}
	c, err := s.CompareEvaluations(ctx, a, b)
	if err != nil || c.Counts[evaluation.Worse] != 1 || c.Counts[evaluation.Same] != 1 || *c.Cases[0].B != 0.5 {
		t.Errorf("%+v %v", c, err)
	}
	if _, err := s.CompareEvaluations(ctx, a, 999); code(err) != domain.CodeNotFound {
		t.Error(err)
	}
	if _, _, err := s.Evaluations(ctx, "x", 1); code(err) != domain.CodeInvalid {
		t.Error(err)
	}
	for _, table := range []string{"event", "setting", "x; DROP TABLE run", ""} {
		if _, err := s.Canonical(ctx, ann, []string{table}); table != "event" && code(err) != domain.CodeInvalid {
			t.Errorf("%q: %v", table, err)
		}
	}
}
