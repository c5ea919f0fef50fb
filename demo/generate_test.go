package demo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"partnerhub/domain"
)

var friday = time.Date(2026, 11, 20, 14, 30, 0, 0, time.UTC)

// line is an event with the fields of all types.
type line struct {
	ID   string    `json:"id"`
	Type string    `json:"type"`
	Time time.Time `json:"time"`
	UID  int64     `json:"uid"`

	ReferralCode      string       `json:"referralCode"`
	Country           string       `json:"country"`
	MasterUID         int64        `json:"masterUid"`
	Level             string       `json:"level"`
	SpotLevel         int          `json:"spotLevel"`
	FuturesLevel      int          `json:"futuresLevel"`
	SpotRate          domain.Rate  `json:"-"`
	FuturesRate       domain.Rate  `json:"-"`
	SpotRateText      string       `json:"spotRate"`
	FuturesRateText   string       `json:"futuresRate"`
	BDUID             int64        `json:"bdUid"`
	Code              string       `json:"code"`
	SpotRebateRate    domain.Rate  `json:"-"`
	FuturesRebateRate domain.Rate  `json:"-"`
	SpotRebateText    string       `json:"spotRebateRate"`
	FuturesRebateText string       `json:"futuresRebateRate"`
	Note              string       `json:"note"`
	Default           bool         `json:"default"`
	Amount            string       `json:"amount"`
	Asset             string       `json:"asset"`
	Method            string       `json:"method"`
	AmountUSDT        domain.Money `json:"amountUsdt"`
	TradeID           string       `json:"tradeId"`
	Product           string       `json:"product"`
	Symbol            string       `json:"symbol"`
	Side              string       `json:"side"`
	Volume            domain.Money `json:"volume"`
	FeeGross          domain.Money `json:"feeGross"`
	FeePaid           domain.Money `json:"feePaid"`
	Eligible          *bool        `json:"eligible"`
	Reason            string       `json:"reason"`

	main int64 // the main account: uid, or the master of a sub-account
}

// fields of each type in SPEC 3: required ones, then optional ones. Texts are quoted, numbers not.
var fields = map[string][2]string{
	"account.registered":    {"", "referralCode country masterUid#"},
	"kyc.completed":         {"level", ""},
	"vip.changed":           {"spotLevel# futuresLevel#", ""},
	"partner.enrolled":      {"spotRate futuresRate", "bdUid#"},
	"partner.rates":         {"spotRate futuresRate", "bdUid#"},
	"referral_code.created": {"code", "spotRebateRate futuresRebateRate note default!"},
	"referral_code.changed": {"code", "spotRebateRate futuresRebateRate note default!"},
	"deposit.completed":     {"amount asset method amountUsdt", ""},
	"withdrawal.completed":  {"amount asset method amountUsdt", ""},
	"trade.executed":        {"tradeId product symbol side volume feeGross feePaid", "eligible! reason"},
	"trade.reversed":        {"tradeId reason", ""},
}

type stream struct {
	truth *Truth
	lines []line
	raw   []byte
}

// generate writes a program and reads it back strictly.
func generate(t *testing.T, cfg Config) *stream {
	t.Helper()
	var b bytes.Buffer
	truth, err := Generate(cfg, &b)
	if err != nil {
		t.Fatal(err)
	}
	s := &stream{truth: truth, raw: b.Bytes()}
	masters := map[int64]int64{}
	for n, text := range bytes.Split(bytes.TrimSuffix(s.raw, []byte("\n")), []byte("\n")) {
		var l line
		if err := read(text, &l); err != nil {
			t.Fatalf("line %d: %v: %s", n+1, err, text)
		}
		if l.MasterUID != 0 {
			masters[l.UID] = l.MasterUID
		}
		l.main = l.UID
		if m := masters[l.UID]; m != 0 {
			l.main = m
		}
		s.lines = append(s.lines, l)
	}
	return s
}

// read checks that a line has exactly the fields of its type, in their JSON types.
func read(text []byte, l *line) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return err
	}
	if err := json.Unmarshal(text, l); err != nil {
		return err
	}
	spec, ok := fields[l.Type]
	if !ok {
		return fmt.Errorf("type %q", l.Type)
	}
	left := maps.Clone(raw)
	for i, list := range []string{"id type time uid# " + spec[0], spec[1]} {
		for _, name := range strings.Fields(list) {
			plain := strings.TrimRight(name, "#!")
			v, there := raw[plain]
			if !there {
				if i == 0 {
					return fmt.Errorf("%s is missing", plain)
				}
				continue
			}
			delete(left, plain)
			if isText := v[0] == '"'; isText == (plain != name) {
				return fmt.Errorf("%s is %s", plain, v)
			}
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("extra fields %v", slices.Collect(maps.Keys(left)))
	}
	for _, name := range []string{"amount", "amountUsdt", "volume", "feeGross", "feePaid"} {
		if v, there := raw[name]; there {
			m, err := domain.ParseMoney(strings.Trim(string(v), `"`))
			if err != nil || `"`+m.String()+`"` != string(v) {
				return fmt.Errorf("%s is %s", name, v)
			}
		}
	}
	for _, r := range []struct {
		text string
		rate *domain.Rate
	}{{l.SpotRateText, &l.SpotRate}, {l.FuturesRateText, &l.FuturesRate}, {l.SpotRebateText, &l.SpotRebateRate}, {l.FuturesRebateText, &l.FuturesRebateRate}} {
		if r.text != "" {
			var err error
			if *r.rate, err = domain.ParseRate(r.text); err != nil || r.rate.String() != r.text {
				return fmt.Errorf("rate %q", r.text)
			}
		}
	}
	return nil
}

func TestSameConfigSameBytes(t *testing.T) {
	cfg := Config{Seed: 7, Partners: 9, Referees: 80, Days: 40, Now: friday}
	a, b := generate(t, cfg), generate(t, cfg)
	if !bytes.Equal(a.raw, b.raw) {
		t.Error("the same config gave other bytes")
	}
	x, _ := json.Marshal(a.truth)
	y, _ := json.Marshal(b.truth)
	if !bytes.Equal(x, y) {
		t.Error("the same config gave another truth")
	}
	cfg.Seed = 8
	if c := generate(t, cfg); bytes.Equal(a.raw, c.raw) {
		t.Error("another seed gave the same bytes")
	}
}

// The stream is one that ingest can take as it comes: in order, nothing before what it refers to, nothing after Now.
func TestStreamIsConsistent(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, cfg := range []Config{
		{Now: friday},
		{Seed: 1, Partners: 2, Referees: 10, Days: 1, Now: friday},
		{Seed: 2, Partners: 5, Referees: 30, Days: 20, Now: friday},
		{Seed: 3, Partners: 6, Referees: 40, Days: 60, Now: friday, Zone: berlin}, // over the end of daylight saving
		{Seed: 4, Partners: 7, Referees: 900, Days: 9, Now: friday.Truncate(24 * time.Hour)},
		{Seed: 5, Partners: 60, Referees: 700, Days: 45, Now: friday.Add(-14*time.Hour - 29*time.Minute), Zone: time.FixedZone("", 19800)},
	} {
		t.Run(fmt.Sprintf("%d partners %d days", cfg.Partners, cfg.Days), func(t *testing.T) { consistent(t, generate(t, cfg)) })
	}
}

func consistent(t *testing.T, s *stream) {
	type account struct{ partner, basic, advanced, deposited bool }
	accounts, codes := map[int64]*account{}, map[string]int64{}
	trades, reversed := map[string]*line{}, map[string]bool{}
	defaults, codeCount := map[int64]int{}, map[int64]int{}
	lastID, lastTrade, last := "", int64(0), s.truth.From
	for i := range s.lines {
		l := &s.lines[i]
		fail := func(what string) { t.Helper(); t.Fatalf("line %d: %s: %+v", i+1, what, *l) }
		if l.ID <= lastID {
			fail("ids do not increase")
		}
		if l.Time.Before(last) {
			fail("out of order")
		}
		if !l.Time.Before(s.truth.Now) {
			fail("not before now")
		}
		lastID, last = l.ID, l.Time
		a := accounts[l.UID]
		if (a == nil) != (l.Type == "account.registered") {
			fail("account unknown, or taken")
		}
		switch l.Type {
		case "account.registered":
			accounts[l.UID] = &account{}
			if l.UID < 10_000 || l.UID > 99_999_999 {
				fail("uid")
			}
			if l.ReferralCode != "" && (codes[l.ReferralCode] == 0 || codes[l.ReferralCode] == l.UID) {
				fail("code unknown, or its own")
			}
			if m := l.MasterUID; m != 0 && (accounts[m] == nil || l.ReferralCode != "") {
				fail("master unknown, or a referred sub-account")
			}
		case "kyc.completed":
			if l.Level == "basic" && a.basic || l.Level == "advanced" && (!a.basic || a.advanced) {
				fail("kyc order")
			}
			a.basic, a.advanced = true, l.Level == "advanced"
		case "partner.enrolled":
			if a.partner {
				fail("enrolled twice")
			}
			a.partner = true
		case "partner.rates":
			if !a.partner {
				fail("no partner")
			}
		case "referral_code.created":
			if codes[l.Code] != 0 {
				fail("code taken")
			}
			codes[l.Code] = l.UID
			codeCount[l.UID]++
			if l.Default {
				defaults[l.UID]++
			}
		case "referral_code.changed":
			if codes[l.Code] != l.UID {
				fail("someone else's code")
			}
		case "deposit.completed":
			if !a.basic || l.AmountUSDT == 0 || !slices.Contains([]string{"crypto", "p2p", "fiat"}, l.Method) {
				fail("deposit")
			}
			a.deposited = true
		case "withdrawal.completed":
			if !a.deposited || l.AmountUSDT == 0 {
				fail("withdrawal without a deposit")
			}
		case "trade.executed":
			id, err := strconv.ParseInt(l.TradeID, 10, 64)
			if err != nil || id <= lastTrade {
				fail("trade ids do not increase")
			}
			lastTrade = id
			trades[l.TradeID] = l
			if !accounts[l.main].deposited || l.Volume == 0 || l.FeePaid > l.FeeGross || (l.Eligible != nil) != (l.Reason != "") {
				fail("trade")
			}
			if l.Eligible != nil && *l.Eligible {
				fail("eligible is only said when false")
			}
		case "trade.reversed":
			if of := trades[l.TradeID]; of == nil || of.UID != l.UID || reversed[l.TradeID] || l.Reason == "" {
				fail("reversal")
			}
			reversed[l.TradeID] = true
		}
	}
	for uid, n := range codeCount {
		if defaults[uid] != 1 || n > 20 {
			t.Errorf("account %d has %d codes, %d default ones", uid, n, defaults[uid])
		}
	}
	if len(s.lines) != s.truth.Events || len(trades) != s.truth.Trades {
		t.Errorf("truth has %d events, %d trades; the stream %d, %d", s.truth.Events, s.truth.Trades, len(s.lines), len(trades))
	}
}

// tree is who is below whom, by the stream.
func (s *stream) tree() (parent map[int64]int64, partners map[int64]bool) {
	owner := map[string]int64{}
	parent, partners = map[int64]int64{}, map[int64]bool{}
	for _, l := range s.lines {
		switch l.Type {
		case "account.registered":
			if l.MasterUID == 0 {
				parent[l.UID] = owner[l.ReferralCode]
			}
		case "partner.enrolled":
			partners[l.UID] = true
		case "referral_code.created":
			owner[l.Code] = l.UID
		}
	}
	return parent, partners
}

func below(parent map[int64]int64, uid, top int64) (level int) {
	for level = 1; level <= 3; level++ {
		if uid = parent[uid]; uid == top {
			return level
		}
	}
	return 0
}

func TestCountsAsAskedFor(t *testing.T) {
	for _, cfg := range []Config{
		{Partners: DefaultPartners, Referees: DefaultReferees, Days: DefaultDays, MainReferees: 228, Trades: DefaultReferees * DefaultDays},
		{Seed: 1, Partners: 40, Referees: 6000, Days: 30, MainReferees: 2500, Trades: 200_000},
		{Seed: 2, Partners: 6, Referees: 500, Days: 30, MainReferees: 504, Trades: 50_000}, // all below the main partner
	} {
		cfg.Now = friday
		s := generate(t, cfg)
		parent, partners := s.tree()
		if len(partners) != cfg.Partners || len(parent)-len(partners) != cfg.Referees {
			t.Errorf("%d partners and %d referees, want %d and %d", len(partners), len(parent)-len(partners), cfg.Partners, cfg.Referees)
		}
		main, tree := s.truth.People.Partner.UID, 0
		for uid := range parent {
			if below(parent, uid, main) > 0 {
				tree++
			}
		}
		if tree != cfg.MainReferees {
			t.Errorf("the main partner has %d referees, want %d", tree, cfg.MainReferees)
		}
		if d := float64(s.truth.Trades)/float64(cfg.Trades) - 1; d < -0.02 || d > 0.02 {
			t.Errorf("%d trades, want about %d", s.truth.Trades, cfg.Trades)
		}
	}
}

// What a person who opens the demo wants to see of the main partner's program.
func TestDefaultProgramIsRich(t *testing.T) {
	s := generate(t, Config{Now: friday})
	parent, partners := s.tree()
	main := s.truth.People.Partner.UID
	levels, subs, viaOther := map[int]int{}, 0, 0
	for uid := range parent {
		level := below(parent, uid, main)
		levels[level]++
		if partners[uid] && level == 1 {
			subs++
		}
		if partners[uid] && level == 2 && !partners[parent[uid]] {
			viaOther++
		}
	}
	if levels[1]+levels[2]+levels[3] < 150 || levels[1] < 80 || levels[3] == 0 || subs < 3 || viaOther == 0 || parent[main] == 0 {
		t.Errorf("levels %v, %d sub-partners, %d below a referee who is none, upline %d", levels, subs, viaOther, parent[main])
	}
	if parent[s.truth.People.SubPartner.UID] != main {
		t.Error("the sub-partner to sign in as is not one of the main partner's")
	}
	seen := map[string]int{}
	codes, lastMinutes := map[string]bool{}, 0
	for _, l := range s.lines {
		seen[l.Type]++
		seen["method "+l.Method]++
		seen["product "+l.Product]++
		seen["country "+l.Country]++
		seen["level "+l.Level]++
		if l.Eligible != nil {
			seen["ineligible"]++
		}
		if l.Type == "trade.executed" && l.UID != l.main {
			seen["sub-account's trade"]++
		}
		if l.Type == "trade.executed" && l.FeePaid < l.FeeGross {
			seen["deduction"]++
		}
		if l.Type == "referral_code.created" && l.UID == main {
			codes[l.Code] = true
		}
		if s.truth.Now.Sub(l.Time) < 10*time.Minute && below(parent, l.main, main) > 0 {
			lastMinutes++
		}
	}
	for typ := range fields {
		if seen[typ] == 0 {
			t.Errorf("no %s", typ)
		}
	}
	for _, what := range []string{"method p2p", "method fiat", "method crypto", "product margin", "product futures", "sub-account's trade", "deduction"} {
		if seen[what] < 20 {
			t.Errorf("%d × %s", seen[what], what)
		}
	}
	if p := float64(seen["ineligible"]) / float64(s.truth.Trades); p < 0.02 || p > 0.05 {
		t.Errorf("%.3f of the trades are ineligible", p)
	}
	if seen["level advanced"] >= seen["level basic"] || seen["level basic"] >= len(parent) {
		t.Error("nobody drops out of the verification")
	}
	n := 0
	for what := range seen {
		if c, ok := strings.CutPrefix(what, "country "); ok && c != "" {
			n++
		}
	}
	if n < 12 || len(codes) < 5 || lastMinutes == 0 {
		t.Errorf("%d countries, %d codes, %d events in the last minutes", n, len(codes), lastMinutes)
	}
	if s.truth.Events < 60_000 || s.truth.Events > 100_000 {
		t.Errorf("%d events", s.truth.Events)
	}
}

func TestActivityHasSeasonAndHeavyTail(t *testing.T) {
	s := generate(t, Config{Seed: 3, Now: friday})
	country, volume := map[int64]string{}, map[int64]float64{}
	var weekday [7]int
	hours := map[string]*[24]int{"VN": {}, "BR": {}}
	var total float64
	for _, l := range s.lines {
		switch l.Type {
		case "account.registered":
			country[l.UID] = l.Country
		case "trade.executed":
			volume[l.main] += float64(l.Volume)
			total += float64(l.Volume)
			weekday[l.Time.Weekday()]++
			if h := hours[country[l.main]]; h != nil {
				h[l.Time.Hour()]++
			}
		}
	}
	weekend := (weekday[0] + weekday[6]) / 2
	if work := (weekday[2] + weekday[3] + weekday[4]) / 3; weekend*100 > work*80 || weekend*100 < work*40 {
		t.Errorf("a weekend day has %d trades, a weekday %d", weekend, work)
	}
	for code, offset := range map[string]int{"VN": 7, "BR": -3} {
		local := func(h int) int { return hours[code][(h-offset+24)%24] }
		if night, evening := local(3)+local(4)+local(5), local(20)+local(21)+local(22); evening < 4*night {
			t.Errorf("%s: %d trades at night, %d in the evening, by local time", code, night, evening)
		}
	}
	v := slices.Sorted(maps.Values(volume))
	var top float64
	for _, x := range v[len(v)*9/10:] {
		top += x
	}
	if top < total/2 || top > total*0.9 {
		t.Errorf("the top tenth of the traders makes %.2f of the volume", top/total)
	}
}

func TestBadConfigNamesTheField(t *testing.T) {
	for field, cfg := range map[string]Config{
		"partners":     {Partners: 1, Now: friday},
		"referees":     {Referees: -5, Now: friday},
		"days":         {Days: MaxDays + 1, Now: friday},
		"trades":       {Trades: -1, Now: friday},
		"mainReferees": {MainReferees: 5000, Now: friday},
		"now":          {},
	} {
		_, err := Generate(cfg, io.Discard)
		if e := (*domain.Error)(nil); !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestWriteErrorIsReturned(t *testing.T) {
	if _, err := Generate(Config{Now: friday}, full{}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkGenerate(b *testing.B) {
	lines := 0
	for range b.N {
		truth, err := Generate(Config{Partners: 50, Referees: 20_000, Days: 30, MainReferees: 10_000, Now: friday}, io.Discard)
		if err != nil {
			b.Fatal(err)
		}
		lines += truth.Events
	}
	b.ReportMetric(float64(lines)/b.Elapsed().Seconds(), "lines/s")
}
