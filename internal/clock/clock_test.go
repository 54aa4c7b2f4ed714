package clock_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"cpd-jobs/internal/clock"
)

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began, stopped := time.Now(), errors.New("stopped")
		if err := clock.Wait(t.Context(), time.Minute); err != nil || time.Since(began) != time.Minute {
			t.Errorf("waited %s, %v, want a minute", time.Since(began), err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(stopped) })
		began = time.Now()
		if err := clock.Wait(ctx, time.Hour); !errors.Is(err, stopped) || time.Since(began) != time.Second {
			t.Errorf("waited %s, %v, want to be stopped after a second", time.Since(began), err)
		}
	})
}
