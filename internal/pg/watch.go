package pg

import (
	"context"
	"time"
)

// watchInterval is how late a dead server may be noticed. A check reads two small files.
const watchInterval = time.Second

// Watch starts the server again whenever its main process has died, as by kill -9, until ctx ends. Pools connect again
// by themselves: the address stays. Several members may watch; one of them starts the server, the others join it.
func (s *Server) Watch(ctx context.Context) {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if pid, err := s.data.postmaster(); err == nil && pid != 0 && s.data.runsHere(pid) {
			continue
		}
		again, err := Start(ctx, s.options)
		if err == nil {
			s.log.Warn("PostgreSQL had died and runs again", "dir", s.data.dir)
			_ = again.Close(context.WithoutCancel(ctx)) // this share stays a member, so the server runs on
		} else if ctx.Err() == nil {
			s.log.Warn("PostgreSQL has died and could not be started again; trying again", "dir", s.data.dir, "error", err)
		}
	}
}
