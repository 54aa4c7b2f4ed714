package chaos

import (
	"syscall"
	"testing"
	"time"
)

// TestChaosZoneLost stops all processes of one availability zone at one moment, as a network or power that is gone does
// to those who are left: no process says good-bye. The other zone's worker goes on with what they did; and when the
// zone comes back, it has no second effect.
func TestChaosZoneLost(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.schedule(everySecond)
	lost := []*worker{l.worker(), l.worker()}
	tickets := []int64{}
	for range 4 {
		ticket := l.probe(3*time.Second, 2)
		tickets = append(tickets, ticket.ID)
		l.running(ticket.ID)
	}
	other := l.worker() // of the other zone
	for _, w := range lost {
		w.signal(syscall.SIGSTOP)
	}
	began := time.Now()
	l.eventually(takeoverWithin, "the other zone's worker has every job", func() bool {
		for _, id := range tickets {
			if job := l.job(id); !job.Finished() || job.State == "discarded" && job.TakenOverBy == 0 {
				return false
			}
		}
		return true
	})
	took(t, "zone-lost-until-taken-over", began, takeoverWithin)
	for _, id := range tickets {
		if job := l.completed(id, time.Minute); l.effects(job.RunID) != 2 {
			t.Errorf("job %d of the lost zone left %d rows, want 2", id, l.effects(job.RunID))
		}
	}
	l.everyTickOnce() // those from before the loss was noticed, too
	for _, w := range lost {
		w.signal(syscall.SIGCONT)
	}
	for _, w := range lost {
		l.eventually(30*time.Second, "the zone is back", func() bool { return w.alive() && w.id() != "" })
	}
	other.stop()
	l.completed(l.probe(0, 1).ID, 30*time.Second)
	l.everyTickOnce()
}
