package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// steerLog has the log say everything from SIGUSR1 on, and from SIGUSR2 on what LOG_LEVEL asks for again, until the
// returned function is called. Nothing has to restart for it, which might be what makes a fault go away.
func (a *console) steerLog(ctx context.Context) (stop func()) {
	log, configured := a.log, a.level.Level()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2)
	ctx, cancel := context.WithCancel(ctx)
	var listening sync.WaitGroup
	listening.Go(func() {
		for {
			select {
			case s := <-signals:
				a.level.Set(configured)
				if s == syscall.SIGUSR1 {
					a.level.Set(slog.LevelDebug)
				}
				log.Log(ctx, max(slog.LevelInfo, a.level.Level()), "log level changed", "level", a.level.Level().String())
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		signal.Stop(signals)
		cancel()
		listening.Wait()
	}
}
