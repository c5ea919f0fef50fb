package demo

import "partnerhub/domain/referral"

// A country of the program. An hour of the day is the local one, by a fixed offset: daylight saving does not
// matter for a season's shape.
type country struct {
	code      string  // ISO 3166-1 alpha-2; empty: the exchange does not know it
	offset    int     // minutes east of UTC
	share     float64 // of all sign-ups
	p2p, fiat float64 // shares of deposits; the rest is crypto
	currency  string
	usdt      float64 // one unit of the currency in USDT
}

var countries = []country{
	{"VN", 420, 0.17, 0.55, 0.05, "USD", 1},
	{"ID", 420, 0.12, 0.45, 0.15, "USD", 1},
	{"TR", 180, 0.11, 0.35, 0.25, "TRY", 0.0236},
	{"IN", 330, 0.10, 0.50, 0.10, "INR", 0.0113},
	{"NG", 60, 0.09, 0.60, 0.05, "USD", 1},
	{"BR", -180, 0.08, 0.20, 0.45, "BRL", 0.185},
	{"DE", 60, 0.06, 0.05, 0.55, "EUR", 1.09},
	{"UA", 120, 0.06, 0.40, 0.20, "EUR", 1.09},
	{"PH", 480, 0.05, 0.40, 0.20, "USD", 1},
	{"AE", 240, 0.04, 0.15, 0.45, "AED", 0.2723},
	{"AR", -180, 0.04, 0.50, 0.10, "USD", 1},
	{"ES", 60, 0.03, 0.05, 0.55, "EUR", 1.09},
	{"KR", 540, 0.03, 0.10, 0.30, "USD", 1},
	{"", 0, 0.02, 0.20, 0.10, "USD", 1},
}

// hourOfDay is how much is traded in each local hour, and dayOfWeek on each local weekday from Sunday on.
var (
	hourOfDay = [24]float64{
		0.75, 0.50, 0.32, 0.22, 0.18, 0.22, 0.38, 0.62, 0.95, 1.20, 1.30, 1.20,
		1.10, 1.15, 1.25, 1.30, 1.25, 1.15, 1.15, 1.35, 1.65, 1.80, 1.60, 1.15,
	}
	dayOfWeek = [7]float64{0.62, 1.05, 1.10, 1.12, 1.10, 1.02, 0.68}
)

var symbols = []struct {
	name  string
	share float64
}{
	{"BTC-USDT", 0.34}, {"ETH-USDT", 0.24}, {"SOL-USDT", 0.13}, {"XRP-USDT", 0.07}, {"DOGE-USDT", 0.06},
	{"BNB-USDT", 0.05}, {"TON-USDT", 0.04}, {"ADA-USDT", 0.02}, {"LINK-USDT", 0.02}, {"AVAX-USDT", 0.02}, {"PEPE-USDT", 0.01},
}

var sides = [2]string{"buy", "sell"}

// The products, as indexes of the tables below. A futures position is levered, so that its volume is larger.
const (
	spot = iota
	margin
	futures
	products
)

var productNames = [products]referral.Product{referral.Spot, referral.Margin, referral.Futures}

var volumeOf = [products]float64{0.55, 0.9, 1.6}

// Fee rates in millionths of the volume by VIP level, the last for all above: maker, taker.
var feeRates = [products][][2]int64{
	spot:    {{1000, 1000}, {800, 900}, {650, 800}, {500, 650}, {400, 550}, {300, 450}},
	margin:  {{1000, 1000}, {800, 900}, {650, 800}, {500, 650}, {400, 550}, {300, 450}},
	futures: {{200, 500}, {180, 450}, {160, 400}, {140, 350}, {120, 320}, {100, 300}},
}

// Crypto deposits: what is deposited, how often, and its price.
var assets = []struct {
	name        string
	share, usdt float64
}{{"USDT", 0.74, 1}, {"BTC", 0.10, 97_250}, {"ETH", 0.08, 3_420}, {"USDC", 0.05, 1}, {"SOL", 0.03, 212}}

var (
	ineligibleReasons = []string{"zero-fee pair", "bonus funds", "special fee rate"}
	reversalReasons   = []string{"duplicate execution", "wash trading", "index price error", "account takeover"}
)

// Words that codes begin with, one a partner; a number follows when they are used up.
var codeWords = []string{
	"NOVA", "MINH", "ATLAS", "LUMEN", "KOI", "NORTH", "TIGER", "ORBIT", "CEDAR", "PIXEL", "DELTA", "SIERRA",
	"MANGO", "COBALT", "RIVER", "FALCON", "EMBER", "QUARTZ", "SOLAR", "TIDE", "VECTOR", "ZENITH", "LOTUS", "PRISM",
}

// The codes of a partner: the first is the default one. Rebates are shares of the partner's lowest own rate.
type codePlan struct {
	suffix  string
	rebate  float64
	note    string
	opened  float64 // when, as a fraction of the partner's time
	share   float64 // of the sign-ups while it is open
	promote string  // a later note, when the rebate is raised; empty: stays
}

var mainCodes = []codePlan{
	{"", 0.10, "Default link", 0, 0.34, ""},
	{"VIP", 0.40, "High-volume desk", 0.001, 0.14, ""},
	{"YT", 0.20, "YouTube channel", 0.002, 0.24, "YouTube channel, raised for the autumn series"},
	{"TG", 0.25, "Telegram group", 0.05, 0.18, ""},
	{"X", 0.15, "X profile link", 0.15, 0.10, ""},
	{"CUP", 0.30, "Trading cup campaign", 0.70, 0.30, ""},
}

var otherCodes = []codePlan{
	{"", 0.10, "Default link", 0, 0.55, ""},
	{"TG", 0.25, "Telegram group", 0.02, 0.25, "Telegram group, better terms"},
	{"YT", 0.20, "YouTube channel", 0.10, 0.20, ""},
	{"VIP", 0.35, "High-volume desk", 0.30, 0.10, ""},
}
