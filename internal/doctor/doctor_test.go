package doctor

import (
	"testing"
	"time"
)

func TestLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what      string
		got, want State
	}{
		{"clocks together", bySkew(200 * time.Millisecond), OK},
		{"behind by a little", bySkew(-3 * time.Second), Warning},
		{"ahead by a minute", bySkew(time.Minute), Problem},
		{"much space", byFreeSpace(50 << 30), OK},
		{"little space", byFreeSpace(1 << 30), Warning},
		{"no space", byFreeSpace(100 << 20), Problem},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.what, c.got, c.want)
		}
	}
}
