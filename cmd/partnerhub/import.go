package main

import (
	"encoding/csv"
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"partnerhub/domain"
	"partnerhub/importer/binance"
	"partnerhub/importer/bingx"
	"partnerhub/store"
)

// importCmd is `partnerhub import`.
type importCmd struct {
	BingX   importBingXCmd   `cmd:"" name:"bingx" help:"Import invitees, daily commission, deposits and partner data by BingX's agent API."`
	Binance importBinanceCmd `cmd:"" help:"Import the CSV of the commission history that a Binance affiliate exports."`
}

// theOperator is who the command line is.
var theOperator = domain.Caller{Role: domain.RoleOperator}

// exchangeZone is --exchange-zone.
type exchangeZone struct {
	Zone string `name:"exchange-zone" default:"UTC" placeholder:"ZONE" help:"Zone by which the exchange cuts its days, an IANA name."`
}

func (z exchangeZone) load() (*time.Location, error) {
	zone, err := time.LoadLocation(z.Zone)
	if err != nil || z.Zone == "" || z.Zone == "Local" {
		return nil, usagef("--exchange-zone %q: not an IANA time zone such as Asia/Singapore", z.Zone)
	}
	return zone, nil
}

// days are --since and --until: [since, until).
type days struct {
	Since string `placeholder:"DATE" help:"First day; unset: 30 days ago."`
	Until string `placeholder:"DATE" help:"Day after the last; unset: today."`
}

func (d days) read(now time.Time) (since, until time.Time, err error) {
	y, m, day := now.UTC().Date()
	until = time.Date(y, m, day, 0, 0, 0, 0, time.UTC)
	since = until.AddDate(0, 0, -30)
	for _, x := range []struct {
		flag, text string
		into       *time.Time
	}{{"since", d.Since, &since}, {"until", d.Until, &until}} {
		if x.text == "" {
			continue
		}
		if *x.into, err = time.Parse(time.DateOnly, x.text); err != nil {
			return since, until, usagef("--%s %q: want a date as 2026-11-01", x.flag, x.text)
		}
	}
	if !since.Before(until) {
		return since, until, usagef("--since wants a date before --until")
	}
	return since, until, nil
}

type importBingXCmd struct {
	Partner int64  `required:"" placeholder:"UID" help:"The partner whose API key it is."`
	Key     string `name:"api-key" env:"BINGX_API_KEY" required:"" placeholder:"KEY" help:"API key with the permission to read."`
	Secret  string `name:"api-secret" env:"BINGX_API_SECRET" required:"" placeholder:"TEXT" help:"Its secret."`
	BaseURL string `name:"base-url" env:"BINGX_BASE_URL" default:"https://open-api.bingx.com" placeholder:"URL" help:"Where the API is."`
	Dates   string `default:"days" enum:"days,ms" help:"How dates are sent: ${enum}; days are YYYYMMDD."`
	JSON    bool   `name:"json" help:"End with the counts as a JSON object."`
	days
	exchangeZone
}

func (cmd *importBingXCmd) Run(ctx ctxArg, a *app) error {
	zone, err := cmd.load()
	if err != nil {
		return err
	}
	since, until, err := cmd.read(time.Now().In(zone))
	if err != nil {
		return err
	}
	client, err := bingx.NewClient(cmd.BaseURL, cmd.Key, cmd.Secret)
	if err != nil {
		return usagef("import: --%v", err)
	}
	s, _, err := a.store(ctx)
	if err != nil {
		return err
	}
	n, err := bingx.Import(ctx, s, theOperator, client, bingx.Options{Partner: cmd.Partner, Since: since, Until: until, Zone: zone, Millis: cmd.Dates == "ms", Progress: func(list string, rows, of int64) {
		fmt.Fprintf(a.stderr, "%s: %d of %d\n", list, rows, of)
	}})
	if err != nil {
		return err
	}
	if cmd.JSON {
		return a.print(n)
	}
	_, err = fmt.Fprintf(a.stdout, "read %d invitees, %d days of commission, %d deposits, %d partners\n", n.Invitees, n.Commissions, n.Deposits, n.Partners)
	return err
}

type importBinanceCmd struct {
	File    string `arg:"" help:"The exported CSV; - for standard input. It should hold whole days."`
	Partner int64  `required:"" placeholder:"UID" help:"The partner whose export it is."`
	JSON    bool   `name:"json" help:"End with the counts as a JSON object."`
	exchangeZone
}

func (cmd *importBinanceCmd) Run(ctx ctxArg, a *app) error {
	zone, err := cmd.load()
	if err != nil {
		return err
	}
	in, err := openInput(a, cmd.File)
	if err != nil {
		return err
	}
	defer in.Close()
	s, _, err := a.store(ctx)
	if err != nil {
		return err
	}
	n, err := binance.Import(ctx, s, theOperator, cmd.Partner, in, zone)
	if err != nil {
		return err
	}
	if cmd.JSON {
		return a.print(n)
	}
	_, err = fmt.Fprintf(a.stdout, "%d rows: %d days of %d referees\n", n.Rows, n.Days, n.Referees)
	return err
}

// reconcileCmd is `partnerhub reconcile`.
type reconcileCmd struct {
	Partner   int64  `required:"" placeholder:"UID" help:"Whose figures."`
	Exchange  string `required:"" enum:"bingx,binance" help:"Whose figures ours are held against: ${enum}."`
	Tolerance string `default:"0.01" placeholder:"USDT" help:"Differences of at most this are none."`
	All       bool   `help:"Show the days that agree too."`
	CSV       bool   `name:"csv" help:"Print CSV."`
	JSON      bool   `name:"json" help:"Print a JSON object a row, and the totals."`
	days
}

// reconcileColumns are the report's, in this order.
var reconcileColumns = []string{"day", "uid", "our_commission", "their_commission", "commission_difference", "our_volume", "their_volume", "volume_difference", "kind"}

func (cmd *reconcileCmd) Run(ctx ctxArg, a *app) error {
	since, until, err := cmd.read(time.Now())
	if err != nil {
		return err
	}
	tolerance, err := domain.ParseMoney(cmd.Tolerance)
	if err != nil {
		return usagef("reconcile: --tolerance %q: %v", cmd.Tolerance, err)
	}
	if cmd.CSV && cmd.JSON {
		return usagef("reconcile: want one of --csv and --json")
	}
	s, _, err := a.store(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	lines := csv.NewWriter(a.stdout)
	write := func(cells []string) error {
		if cmd.CSV {
			return lines.Write(cells)
		}
		for _, c := range cells {
			if _, err := fmt.Fprint(table, c, "\t"); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintln(table)
		return err
	}
	if !cmd.JSON {
		if err := write(reconcileColumns); err != nil {
			return err
		}
	}
	sum, err := s.Reconcile(ctx, theOperator, store.ReconcileQuery{Partner: cmd.Partner, Exchange: cmd.Exchange, Since: since, Until: until, Tolerance: tolerance, All: cmd.All}, func(r store.ReconcileRow) error {
		if cmd.JSON {
			return a.print(r)
		}
		return write([]string{r.Day, strconv.FormatInt(r.UID, 10), r.OurCommission.String(), r.TheirCommission.String(), r.Commission.String(), r.OurVolume.String(), r.TheirVolume.String(), r.Volume.String(), r.Kind})
	})
	if err != nil {
		return err
	}
	lines.Flush()
	if err := lines.Error(); err != nil {
		return err
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if cmd.JSON {
		return a.print(sum)
	}
	out := a.stdout
	if cmd.CSV { // the file holds rows alone
		out = a.stderr
	}
	_, err = fmt.Fprintf(out, "%d of %d days differ; commission %s, theirs %s; volume %s, theirs %s%s; %d of their referees are not ours\n", sum.Differ, sum.Days, sum.OurCommission, sum.TheirCommission,
		sum.OurVolume, sum.TheirVolume, map[bool]string{false: " (not told: not compared)"}[sum.VolumeTold], sum.MissingReferees)
	return err
}
