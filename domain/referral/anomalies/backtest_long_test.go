//go:build long

package anomalies

import (
	"testing"
	"time"

	"partnerhub/demo"
)

func TestLongBacktestOverPlantedIncidents(t *testing.T) {
	backtest(t, 400,
		demo.Config{Seed: 11, Partners: 30, Referees: 1600, Days: 200, Now: now},
		demo.Config{Seed: 12, Partners: 30, Referees: 1600, Days: 200, Now: now.Add(7 * time.Hour)},
		demo.Config{Seed: 13, Now: now},
		demo.Config{Seed: 14, Partners: 40, Referees: 3000, Days: 150, Trades: 350_000, Now: now.Add(-9 * time.Hour)})
}
