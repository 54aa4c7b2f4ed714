package cost

import (
	"context"
	"testing"
	"time"
)

func TestProcessorIsShared(t *testing.T) {
	t.Parallel()
	used, now := time.Hour, time.Date(2026, 11, 22, 6, 10, 0, 0, time.UTC) // much, before anything ran
	p := &Processor{Used: func() time.Duration { return used }, Now: func() time.Time { return now }}
	spend := func(d time.Duration) { used, now = used+d, now.Add(d) }
	long := p.Start()
	spend(10 * time.Second) // alone
	short := p.Start()
	spend(4 * time.Second) // two seconds each
	if got := short(); got != 2*time.Second {
		t.Errorf("the short one's part is %s, want 2s", got)
	}
	spend(time.Second)
	if got := long(); got != 13*time.Second {
		t.Errorf("the long one's part is %s, want 13s", got)
	}
	spend(time.Minute) // of no job
	last := p.Start()
	spend(time.Second)
	if got := last(); got != time.Second {
		t.Errorf("the last one's part is %s, want 1s", got)
	}
	brief := p.Start()
	spend(closely / 2)
	if got := brief(); got != 0 {
		t.Errorf("what cannot be told is given as %s", got)
	}
}

func TestUsedGrows(t *testing.T) {
	t.Parallel()
	before := Used()
	for n := 0; Used()-before < 20*time.Millisecond; n++ {
		if n == 1<<30 {
			t.Fatal("a busy process uses no processor time")
		}
	}
}

func TestMeter(t *testing.T) {
	t.Parallel()
	m := &Meter{}
	ctx := With(context.Background(), m)
	From(ctx).Read(3)
	From(ctx).Read(4)
	From(ctx).Wrote(5)
	From(ctx).Waited(1500 * time.Millisecond)
	want := Cost{CPUSeconds: 0.25, DatabaseSeconds: 1.5, BytesRead: 7, BytesWritten: 5}
	if got := m.Total(250 * time.Millisecond); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := want.Plus(Cost{1, 2, 3, 4}); got != (Cost{1.25, 3.5, 10, 9}) {
		t.Errorf("together %+v", got)
	}
	From(context.Background()).Read(1) // not counted
}
