package profile

import (
	"fmt"
	"testing"
)

func TestProfile(t *testing.T) {
	t.Parallel()
	var c Collector
	for _, v := range []string{"b", "b", "", "ab", "é", "b", "ab"} {
		if v == "" {
			c.Add(nil)
			continue
		}
		c.Add([]byte(v))
	}
	p := c.Profile("part", "column")
	if p.Rows != 7 || p.Filled != 6 || p.Distinct != 3 || *p.Shortest != 1 || *p.Longest != 2 || *p.Smallest != "ab" || *p.Largest != "é" {
		t.Errorf("got %+v", p)
	}
	if len(p.Frequent) != 3 || p.Frequent[0] != (Frequent{"b", 3}) || p.Frequent[1] != (Frequent{"ab", 2}) {
		t.Errorf("got %v", p.Frequent)
	}
	if top, share := p.Top(); top != "b" || share != 0.5 {
		t.Errorf("got %s, %g", top, share)
	}
}

func TestNumbersAreComparedBySize(t *testing.T) {
	t.Parallel()
	c := Collector{Number: true}
	for _, v := range []string{"9", "10", "100"} {
		c.Add([]byte(v))
	}
	if p := c.Profile("", ""); *p.Smallest != "9" || *p.Largest != "100" {
		t.Errorf("got %s to %s", *p.Smallest, *p.Largest)
	}
}

// TestMoreValuesThanAreKept: every row another value, but for one in ten, which begins to come late.
func TestMoreValuesThanAreKept(t *testing.T) {
	t.Parallel()
	const rows = 50_000
	var c Collector
	for i := range rows {
		if i > rows/2 && i%10 == 0 {
			c.Add([]byte("School"))
			continue
		}
		c.Add(fmt.Appendf(nil, "name %d", i))
	}
	p := c.Profile("", "")
	if want := 47_501.0; float64(p.Distinct) < want*0.98 || float64(p.Distinct) > want*1.02 {
		t.Errorf("got %d different values, want %g", p.Distinct, want)
	}
	if p.Frequent[0].Value != "School" || p.Frequent[0].Rows < 2400 || len(p.Frequent) > 5 {
		t.Errorf("got %v, want School about 2,500 times", p.Frequent)
	}
}

func TestPersonalColumnsKeepNoValue(t *testing.T) {
	t.Parallel()
	c := Collector{Personal: true}
	c.Add([]byte("a@example.com"))
	if p := c.Profile("", ""); p.Smallest != nil || p.Largest != nil || len(p.Frequent) > 0 || p.Distinct != 1 || *p.Longest != 13 {
		t.Errorf("got %+v", p)
	}
}

func BenchmarkCollector(b *testing.B) {
	values := make([][]byte, 50_000)
	for i := range values {
		values[i] = fmt.Appendf(nil, "name %d", i)
	}
	for b.Loop() {
		var c Collector
		for _, v := range values {
			c.Add(v)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(values)), "ns/value")
}
