package bingx

import (
	"context"
	"strconv"
	"strings"
	"time"

	"partnerhub/domain"
	"partnerhub/store"
)

// Exchange is by what name imported figures are kept.
const Exchange = "bingx"

// Limits of theirs: how far back a list goes, how long a window may be, how many rows a page has, and from how many rows on a list
// of invitees wants the last uid instead of a page.
const (
	windowDays     = 30
	commissionBack = 365
	depositBack    = 90
	partnerBack    = 89 // "the last three months"
	pageSize       = 100
	partnerPage    = 200
	pagedMost      = 10_000
)

// finalAfter is from how many days on a day's figures do not change any more, as far as an import looks at them again.
const finalAfter = 2

// Options say what is imported.
type Options struct {
	Partner      int64     // whose key it is; the exchange's answers must name the same uid
	Since, Until time.Time // dates in the exchange's zone, midnight UTC; half-open. Today is never imported: its figures are not whole
	Zone         *time.Location
	Millis       bool                              // send dates as milliseconds instead of YYYYMMDD
	Progress     func(list string, rows, of int64) // after each page; nil: not at all
}

// Counts are the rows that were read of each list.
type Counts struct {
	Invitees    int64 `json:"invitees"`
	Commissions int64 `json:"commissions"`
	Deposits    int64 `json:"deposits"`
	Partners    int64 `json:"partners"`
}

// importer is an import that is under way.
type importer struct {
	Options
	client *Client
	store  *store.Store
	caller domain.Caller
	today  time.Time
}

// Import reads the four lists and keeps them, page by page: after a failure the same import goes on where it stopped, and windows whose figures
// are final are not read again. Errors: CodeForbidden to all but operators; CodeInvalid on the options; CodeConflict on "partner" when the
// key is another's; CodeUnavailable when the exchange refuses, does not answer, or a list ends before its own total.
func Import(ctx context.Context, s *store.Store, caller domain.Caller, client *Client, o Options) (n Counts, err error) {
	y, m, d := client.now().In(o.Zone).Date()
	i := &importer{Options: o, client: client, store: s, caller: caller, today: time.Date(y, m, d, 0, 0, 0, 0, time.UTC)}
	if i.Until.After(i.today) {
		i.Until = i.today
	}
	switch {
	case o.Partner <= 0:
		return n, domain.Invalid("partner", "want a uid")
	case !i.Since.Before(i.Until):
		return n, domain.Invalid("since", "want a date before until, and before today")
	case i.Since.Before(i.today.AddDate(0, 0, -commissionBack)):
		return n, domain.Invalid("since", "is more than %d days back, which is as far as they tell", commissionBack)
	}
	if n.Invitees, err = i.invitees(ctx); err != nil {
		return n, err
	}
	if n.Commissions, err = i.commissions(ctx); err != nil {
		return n, err
	}
	if n.Deposits, err = i.deposits(ctx); err != nil {
		return n, err
	}
	n.Partners, err = i.partners(ctx)
	return n, err
}

// page is what one request came to.
type page struct {
	store.ImportPage
	rows, total int64
	agent       id
	last        id // uid of the last row
}

// fetch reads a page: by its number, or after a uid.
type fetch func(ctx context.Context, number int64, after id) (page, error)

// windows imports a list window by window.
func (i *importer) windows(ctx context.Context, name string, since time.Time, most int, read func(since, until time.Time) fetch) (rows int64, err error) {
	for from := since; from.Before(i.Until); from = from.AddDate(0, 0, most) {
		until := from.AddDate(0, 0, most)
		if until.After(i.Until) {
			until = i.Until
		}
		n, err := i.window(ctx, store.ImportWindow{Partner: i.Partner, Exchange: Exchange, List: name, Since: from, Until: until}, until.After(i.today.AddDate(0, 0, -finalAfter)), read(from, until))
		rows += n
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// window imports one window of a list, from where an earlier import of it stopped. One that is complete is read again only while its
// figures may change.
func (i *importer) window(ctx context.Context, w store.ImportWindow, mayChange bool, read fetch) (rows int64, err error) {
	if err := i.store.ResumeImport(ctx, i.caller, &w); err != nil {
		return 0, err
	}
	if w.Done && !mayChange {
		return 0, nil
	}
	if w.Done {
		w.Next, w.Seen, w.Done = "", 0, false
	}
	for !w.Done {
		number, after := position(w.Next)
		p, err := read(ctx, number, after)
		if err != nil {
			return rows, err
		}
		if p.agent != 0 && int64(p.agent) != i.Partner {
			return rows, domain.Errorf(domain.CodeConflict, "partner", "the API key is that of %d", p.agent)
		}
		short := p.rows == 0 && w.Seen < p.total || after != 0 && p.rows > 0 && p.last == after
		w.Seen += p.rows
		rows += p.rows
		w.Done = w.Seen >= p.total
		switch {
		case short:
			// Nothing is known of what is missing, so the window begins anew next time.
			seen := w.Seen
			w.Next, w.Seen, w.Done = "", 0, false
			if err := i.store.SaveImport(ctx, i.caller, w, store.ImportPage{}); err != nil {
				return rows, err
			}
			return rows, domain.Errorf(domain.CodeUnavailable, "bingx", "the list of %s ended after %d of %d rows", w.List, seen, p.total)
		case w.Done:
			w.Next = ""
		case w.List == "invitees" && p.total > pagedMost:
			w.Next = "after " + strconv.FormatInt(int64(p.last), 10)
		default:
			w.Next = "page " + strconv.FormatInt(number+1, 10)
		}
		if err := i.store.SaveImport(ctx, i.caller, w, p.ImportPage); err != nil {
			return rows, err
		}
		if i.Progress != nil {
			i.Progress(w.List, w.Seen, p.total)
		}
	}
	return rows, nil
}

// position reads where a window goes on. After a uid, the page is always the first.
func position(next string) (number int64, after id) {
	kind, text, _ := strings.Cut(next, " ")
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return 1, 0
	case kind == "after":
		return 1, id(n)
	default:
		return n, 0
	}
}

// invitees has no window: they may be as old as the partner.
func (i *importer) invitees(ctx context.Context) (int64, error) {
	since := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	w := store.ImportWindow{Partner: i.Partner, Exchange: Exchange, List: "invitees", Since: since, Until: i.today}
	return i.window(ctx, w, true, func(ctx context.Context, number int64, after id) (p page, err error) {
		params := paged(number, pageSize)
		if after != 0 {
			params["lastUid"] = strconv.FormatInt(int64(after), 10)
		}
		return ask(ctx, i.client, "/openApi/agent/v1/account/inviteAccountList", params, func(x invitee, p *page) {
			registered, direct, verified, deposited, traded := time.UnixMilli(int64(x.Registered)).UTC(), bool(x.Direct), bool(x.KYC), bool(x.Deposit), bool(x.Trade)
			p.Referees = append(p.Referees, store.ImportedReferee{UID: int64(x.UID), RegisteredAt: &registered, Code: x.Code, Direct: &direct, Verified: &verified, Deposited: &deposited, Traded: &traded})
			p.last = x.UID
		})
	})
}

func (i *importer) commissions(ctx context.Context) (int64, error) {
	return i.windows(ctx, "commissions", i.Since, windowDays, func(since, until time.Time) fetch {
		return func(ctx context.Context, number int64, _ id) (page, error) {
			return ask(ctx, i.client, "/openApi/agent/v2/reward/commissionDataList", i.dated(paged(number, pageSize), since, until), func(x commission, p *page) {
				// Whether the end is part of what they tell is not documented: a row of the day after the window is left to the next one.
				day := x.Time.day(i.Zone)
				if day.Before(since) || !day.Before(until) {
					return
				}
				futuresCommission, futuresVolume := x.SwapCommission+x.StdCommission, x.SwapVolume+x.StdVolume
				for _, f := range []store.ImportedDay{
					{Product: "spot", Commission: domain.Money(x.SpotCommission), Volume: domain.Money(x.SpotVolume)},
					{Product: "futures", Commission: domain.Money(futuresCommission), Volume: domain.Money(futuresVolume)},
					{Product: "other", Commission: domain.Money(x.Commission - x.SpotCommission - futuresCommission), Volume: domain.Money(x.Volume - x.SpotVolume - futuresVolume)},
				} {
					f.Day, f.Referee = day, int64(x.UID)
					p.Days = append(p.Days, f)
				}
			})
		}
	})
}

func (i *importer) deposits(ctx context.Context) (int64, error) {
	since := i.Since
	if first := i.today.AddDate(0, 0, -depositBack); since.Before(first) {
		since = first
	}
	return i.windows(ctx, "deposits", since, windowDays, func(since, until time.Time) fetch {
		return func(ctx context.Context, number int64, _ id) (page, error) {
			params := i.dated(paged(number, pageSize), since, until)
			params["uid"], params["bizType"] = strconv.FormatInt(i.Partner, 10), "1"
			return ask(ctx, i.client, "/openApi/agent/v1/asset/depositDetailList", params, func(x deposit, p *page) {
				p.Deposits = append(p.Deposits, store.ImportedDeposit{Referee: int64(x.UID), At: time.UnixMilli(int64(x.Time)).UTC(), Asset: x.Asset, Kind: x.Kind, Amount: string(x.Amount)})
			})
		}
	})
}

func (i *importer) partners(ctx context.Context) (int64, error) {
	since := i.Since
	if first := i.today.AddDate(0, 0, -partnerBack); since.Before(first) {
		since = first
	}
	return i.windows(ctx, "partners", since, windowDays, func(since, until time.Time) fetch {
		return func(ctx context.Context, number int64, _ id) (page, error) {
			return ask(ctx, i.client, "/openApi/agent/v1/asset/partnerData", i.dated(paged(number, partnerPage), since, until), func(x partner, p *page) {
				p.Partners = append(p.Partners, store.ImportedPartner{UID: int64(x.UID), Direct: x.Type == 1, NewReferrals: int64(x.NewReferees), FirstTraders: int64(x.FirstTrade), Deposits: domain.Money(x.Deposits), Volume: domain.Money(x.TradingVolume)})
			})
		}
	})
}

// ask reads a page of a list.
func ask[T any](ctx context.Context, c *Client, path string, params map[string]string, take func(T, *page)) (p page, err error) {
	var data list[T]
	if err := c.get(ctx, path, params, &data); err != nil {
		return p, err
	}
	p.rows, p.total, p.agent = int64(len(data.List)), data.Total, data.Agent
	for _, x := range data.List {
		take(x, &p)
	}
	return p, nil
}

func paged(number int64, size int) map[string]string {
	return map[string]string{"pageIndex": strconv.FormatInt(number, 10), "pageSize": strconv.Itoa(size)}
}

// dated adds a window to parameters.
func (i *importer) dated(params map[string]string, since, until time.Time) map[string]string {
	write := func(day time.Time) string {
		if i.Millis {
			y, m, d := day.Date()
			return strconv.FormatInt(time.Date(y, m, d, 0, 0, 0, 0, i.Zone).UnixMilli(), 10)
		}
		return day.Format("20060102")
	}
	params["startTime"], params["endTime"] = write(since), write(until)
	return params
}
