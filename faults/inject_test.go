package faults_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// fault is something that goes wrong for a while. inject returns when it is over.
type fault struct {
	name   string
	inject func(w *world, rng *rand.Rand)
}

var faults = []fault{
	{"database_killed", databaseKilled},
	{"database_restarted", func(w *world, rng *rand.Rand) { w.pg.Stop(); hold(rng, 0, 2); w.pg.Start() }},
	{"database_hangs", databaseHangs},
	{"database_slow", func(w *world, rng *rand.Rand) {
		for _, r := range w.replicas {
			r.network.Delay(time.Duration(5+rng.IntN(60)) * time.Millisecond)
		}
		hold(rng, 3, 5)
		for _, r := range w.replicas {
			r.network.Heal()
		}
	}},
	{"out_of_connections", outOfConnections},
	{"disk_full", diskFull},
	{"network_reset", networkReset},
	{"network_cut", networkCut},
	{"replica_killed", func(w *world, rng *rand.Rand) { w.killed(rng, w.any(rng)) }},
	{"replicas_killed", func(w *world, rng *rand.Rand) { w.killed(rng, w.replicas...) }},
	{"replica_drained", replicaDrained},
	{"model_slow", func(w *world, rng *rand.Rand) { w.mood(rng, "slow") }},
	{"model_cut", func(w *world, rng *rand.Rand) { w.mood(rng, "cut") }},
	{"model_wrong", func(w *world, rng *rand.Rand) { w.mood(rng, "wrong") }},
	{"model_failing", func(w *world, rng *rand.Rand) { w.mood(rng, "failing") }},
	{"model_hanging", func(w *world, rng *rand.Rand) { w.mood(rng, "hanging"); w.model.drop() }},
	{"model_absent", func(w *world, rng *rand.Rand) {
		w.model.network.Refuse()
		hold(rng, 2, 4)
		w.model.network.Heal()
	}},
	{"sinks_down", sinksDown},
	{"clock_jumps", clockJumps},
}

// schedule injects every fault once, and then any until the end, sometimes two at a time, and counts them.
func (w *world) schedule(until time.Time) map[string]int {
	rng := rand.New(rand.NewPCG(w.seed, 2))
	counts, leftOut := map[string]int{}, map[string]int{}
	first := rng.Perm(len(faults))
	if *only != "" {
		first = first[:3]
	}
	for n := 0; n < len(first) || time.Now().Before(until); n++ {
		f := faults[rng.IntN(len(faults))]
		if n < len(first) {
			f = faults[first[n]]
		}
		if *only != "" {
			f = named(*only)
		}
		if f.name == "disk_full" && w.diskFull == "" || f.name == "network_cut" && !w.replicas[0].network.CanCut() {
			leftOut[f.name]++
			continue
		}
		begun := time.Now()
		var beside sync.WaitGroup
		if n >= len(first) && rng.IntN(3) == 0 { // the model is wrong at the same time
			mood := []string{"slow", "cut", "wrong", "failing"}[rng.IntN(4)]
			seed := rng.Uint64()
			beside.Go(func() { w.mood(rand.New(rand.NewPCG(seed, 1)), mood) })
		}
		f.inject(w, rng)
		counts[f.name]++
		beside.Wait()
		over := time.Now()
		for _, r := range w.replicas {
			r.awaitReady(true, 40*time.Second)
		}
		again := time.Now()
		w.verify(f.name)
		w.t.Logf("%-20s %5.1f s, ready after %4.1f s, verified in %4.1f s", f.name, over.Sub(begun).Seconds(), again.Sub(over).Seconds(), time.Since(again).Seconds())
	}
	for name := range leftOut {
		w.t.Logf("LEFT OUT, this machine cannot do it: %s", name)
	}
	return counts
}

func named(name string) fault {
	for _, f := range faults {
		if f.name == name {
			return f
		}
	}
	panic("no fault is named " + name)
}

// hold waits for a random time, in seconds.
func hold(rng *rand.Rand, least, most float64) {
	time.Sleep(time.Duration((least + rng.Float64()*(most-least)) * float64(time.Second)))
}

func (w *world) any(rng *rand.Rand) *replica { return w.replicas[rng.IntN(len(w.replicas))] }

func databaseKilled(w *world, rng *rand.Rand) {
	w.pg.Kill()
	if rng.IntN(2) == 0 {
		for _, r := range w.replicas {
			r.awaitReady(false, 10*time.Second)
		}
	} else {
		hold(rng, 0, 0.5)
	}
	w.pg.Start()
}

// databaseHangs stops the database's processes: connections stand, and nothing comes.
func databaseHangs(w *world, rng *rand.Rand) {
	w.pg.Hang()
	for _, r := range w.replicas {
		r.awaitReady(false, 10*time.Second)
	}
	hold(rng, 0, 2)
	w.pg.Wake()
}

// outOfConnections takes all that the database has, and ends the program's, so that it cannot connect again.
func outOfConnections(w *world, rng *rand.Rand) {
	var taken []*pgx.Conn
	take := func() {
		for {
			conn, err := pgx.Connect(w.t.Context(), w.pg.URL())
			if err != nil {
				return
			}
			taken = append(taken, conn)
		}
	}
	take()
	if _, err := taken[0].Exec(w.t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'partnerhub'`); err != nil {
		w.wrong("%v", err)
	}
	for until := time.Now().Add(3 * time.Second); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		take()
	}
	for _, conn := range taken {
		_ = conn.Close(w.t.Context())
	}
}

// diskFull fills the database's file system to the last byte for a while. The database may go down by that, as it does when its log finds no room.
func diskFull(w *world, rng *rand.Rand) {
	path := filepath.Join(w.diskFull, "ballast")
	ballast, err := os.Create(path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer os.Remove(path)
	defer ballast.Close()
	piece := make([]byte, 1<<20)
	log := rng.IntN(2) == 0
	for until := time.Now().Add(time.Duration(3+rng.IntN(3)) * time.Second); time.Now().Before(until); {
		if _, err := ballast.Write(piece); err != nil { // what the database frees is taken, too
			if log && len(piece) <= 4096 { // it has some of its log made ahead, which would last for minutes
				_, _ = w.admin.Exec(w.t.Context(), `SELECT pg_switch_wal()`)
			}
			if len(piece) > 4096 {
				piece = piece[:len(piece)/2]
			} else {
				time.Sleep(5 * time.Millisecond)
			}
		}
	}
	if err := os.Remove(path); err != nil {
		w.wrong("%v", err)
	}
	ballast.Close()
	w.pg.Start() // unless it came back by itself
}

// networkReset breaks one replica's connections, and refuses new ones for a while.
func networkReset(w *world, rng *rand.Rand) {
	r := w.any(rng)
	r.network.Refuse()
	r.awaitReady(false, 10*time.Second)
	hold(rng, 0, 1)
	r.network.Heal()
}

// networkCut loses what one replica and the database send each other, unnoticed by both, and for the connections of that time for ever.
func networkCut(w *world, rng *rand.Rand) {
	r := w.any(rng)
	r.network.Cut()
	r.awaitReady(false, 10*time.Second)
	hold(rng, 0, 3)
	r.network.Heal()
}

func (w *world) killed(rng *rand.Rand, victims ...*replica) {
	for _, r := range victims {
		w.goes(r, true)
		r.signal(syscall.SIGKILL)
		r.await()
	}
	hold(rng, 0, 2)
	for _, r := range victims {
		w.goes(r, false)
		r.start()
	}
}

// replicaDrained ends a replica by the signal of an orchestrator, while answers are being written slowly.
func replicaDrained(w *world, rng *rand.Rand) {
	r := w.any(rng)
	w.model.be("slow")
	hold(rng, 0.5, 1.5)
	w.goes(r, true)
	begun := time.Now()
	r.signal(syscall.SIGTERM)
	status := r.await()
	if took := time.Since(begun); status != 0 || took > 30*time.Second {
		w.wrong("replica %s ended with status %d, %s after SIGTERM\n%s", r.name, status, took.Round(time.Millisecond), r.lastLog())
	}
	w.model.be("")
	w.goes(r, false)
	r.start()
}

func (w *world) goes(r *replica, away bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.going[r] = away
}

func (w *world) mood(rng *rand.Rand, mood string) {
	w.model.be(mood)
	hold(rng, 2, 4)
	w.model.be("")
}

// sinksDown takes the endpoint and the mailbox away for hours, which pass quickly for what waits.
func sinksDown(w *world, rng *rand.Rand) {
	w.sinks.fail(rng.IntN(2) == 0)
	for range 4 {
		hold(rng, 0.7, 1)
		if err := w.pass(time.Hour); err != nil {
			w.wrong("%v", err)
		}
	}
	w.sinks.heal()
}

// clockJumps has a worker beside the replicas whose clock jumps back and forth.
func clockJumps(w *world, rng *rand.Rand) {
	for range 6 {
		now := time.Now().Add([]time.Duration{-26 * time.Hour, -2 * time.Hour, -time.Second, time.Minute, time.Hour, 7 * time.Hour}[rng.IntN(6)])
		if _, err := w.wrongly.AdvanceTasks(w.t.Context(), now); err != nil {
			w.wrong("advancing tasks at %s: %v", now, err)
		}
		if _, err := w.wrongly.Settle(w.t.Context(), now); err != nil {
			w.wrong("settling at %s: %v", now, err)
		}
		if err := w.wrongly.ExpireProposals(w.t.Context(), now.Add(-8*time.Hour)); err != nil { // later ones would take from people what they approve
			w.wrong("expiring proposals at %s: %v", now, err)
		}
		if _, err := w.wrongly.Watch(w.t.Context(), now); err != nil {
			w.wrong("watching at %s: %v", now, err)
		}
		hold(rng, 0.1, 0.4)
	}
}
