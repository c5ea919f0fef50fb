package tools

import (
	"bytes"
	"encoding/json"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// figures are values by the names of their metrics.
func figures(metrics []string, values []int64) object {
	o := make(object, len(metrics))
	for i, name := range metrics {
		o[i] = member{name, figure(name, values[i])}
	}
	return o
}

// figure is a value as it is written: money as a decimal string, a count as a number.
func figure(metric string, value int64) any {
	if m, _ := referral.MetricByName(metric); m.Unit == referral.USDT {
		return domain.Money(value)
	}
	return value
}

// interval is a period as results show it: RFC 3339 in the reporting zone.
type interval struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// span says which time a result is about, and as of when.
type span struct {
	interval
	AsOf string `json:"asOf"`
	Zone string `json:"zone"`
}

func (d Deps) interval(p domain.Period) interval {
	return interval{From: d.instant(p.From), To: d.instant(p.To)}
}

func (d Deps) span(p domain.Period, now time.Time) span {
	return span{interval: d.interval(p), AsOf: d.instant(now), Zone: d.Zone.String()}
}

func (d Deps) instant(t time.Time) string { return t.In(d.Zone).Format(time.RFC3339) }
