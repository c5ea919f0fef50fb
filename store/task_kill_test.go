package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/task"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

// The environment of the process that TestKilledTasks starts and kills.
const killedTasks = "PARTNERHUB_TEST_KILLED_TASKS"

// taskTrades are the events of these tests: 60 batches of trades that carry everybody over thresholds at different times.
func taskTrades() [][]referral.Event {
	rng := rand.New(rand.NewPCG(5, 5))
	var out [][]referral.Event
	n := 0
	for range 60 {
		var batch []referral.Event
		for range 20 {
			n++
			batch = append(batch, traded(n, []int64{301, 302, 401, 201}[rng.IntN(4)], taskDay.Add(2*time.Hour+time.Duration(n)*time.Second), referral.Futures, domain.Money(1+rng.Int64N(40))*domain.USDT))
		}
		out = append(out, batch)
	}
	return out
}

// TestKilledTasksProcess is that process: it lands the batches from the first, and advances the tasks beside them. Alone it does nothing.
func TestKilledTasksProcess(t *testing.T) {
	url := os.Getenv(killedTasks)
	if url == "" {
		return
	}
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			_, _ = s.AdvanceTasks(context.Background(), taskDay)
		}
	}()
	for _, batch := range taskTrades() {
		land(t, s, batch...)
	}
}

// TestKilledTasks kills the process at random points, and sends all again until it goes through: what is paid is what the thresholds say, to
// the micro-USDT, once.
func TestKilledTasks(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	land(t, s, worldEvents()...)
	deposit(t, s, 100, 10_000*domain.USDT)
	var ids []int64
	for _, product := range []task.Product{task.Both, task.Futures} {
		spec := tradingSpec()
		spec.Product = product
		spec.Tiers = []task.Tier{{Threshold: 500 * domain.USDT, Reward: 10 * domain.USDT}, {Threshold: 3000 * domain.USDT, Reward: 30 * domain.USDT}, {Threshold: 7000 * domain.USDT, Reward: 50 * domain.USDT}, {Threshold: 1_000_000 * domain.USDT, Reward: 100 * domain.USDT}}
		id, err := s.CreateTask(t.Context(), domain.Partner(100), spec, "", taskDay)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	rng := rand.New(rand.NewPCG(1, 9))
	killed := 0
	for range 6 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledTasksProcess$", "-test.count=1")
		cmd.Env = append(os.Environ(), killedTasks+"="+url)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(20+rng.IntN(400))*time.Millisecond, func() { _ = cmd.Process.Signal(syscall.SIGKILL) })
		err := cmd.Wait()
		timer.Stop()
		if err != nil {
			killed++
		}
	}
	if killed == 0 {
		t.Error("nothing was killed")
	}
	want := map[int64]int64{}
	for _, batch := range taskTrades() {
		land(t, s, batch...)
		for _, e := range batch {
			owner := map[int64]int64{301: 201, 302: 201, 401: 202, 201: 201}[e.UID]
			want[owner] += int64(e.Body.(referral.Trade).Volume)
		}
	}
	// The server may still be at work on what a killed process asked for last: its lock lets no other pay.
	for begun := time.Now(); ; {
		advance(t, s, taskDay)
		var left int
		if err := pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM task_delta) + (SELECT count(*) FROM task_participant WHERE open AND reached > paid)`).Scan(&left); err != nil {
			t.Fatal(err)
		}
		if left == 0 {
			break
		}
		if time.Since(begun) > 30*time.Second {
			t.Fatal(left, "are never done")
		}
	}
	for _, id := range ids {
		for uid, value := range want {
			d, err := s.Task(t.Context(), domain.Partner(100), id, taskDay)
			if err != nil {
				t.Fatal(err)
			}
			p := participant(t, s, id, uid, taskDay)
			if p.Progress.Value != value || p.Rewards != d.Task.Reached(value) || p.Paid != d.Task.Paying(p.Rewards) {
				t.Errorf("task %d, %d: %+v, want %s", id, uid, p, domain.Money(value))
			}
		}
	}
	verified(t, s)
	books(t, pool)
	t.Log(fmt.Sprint(killed, " kills, ", want))
}
