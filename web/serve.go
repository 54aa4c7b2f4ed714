package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"cpd-jobs/internal/run"
)

// stopWithin is how long running requests may take once the program is told to stop: Cloud Foundry kills it ten
// seconds after asking, and the jobs beside us need their part of that.
const stopWithin = 5 * time.Second

// Listen takes addr (host:port) for [Serve]. An address that is not this machine's own is refused while no sign-in
// exists: run.ClassInvalid. With port 0 the listener knows the port that was free.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	if err := checkLoopback(ctx, addr); err != nil {
		return nil, err
	}
	return ListenAnywhere(ctx, addr)
}

// ListenAnywhere is Listen for pages on which people must sign in: any address of this machine will do.
func ListenAnywhere(ctx context.Context, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, run.Invalid("stop what uses it or set PORT to another", "listen on %s: the port is taken", addr)
	case err != nil:
		return nil, run.Invalid("set LISTEN_ADDRESS and PORT to an address of this machine that this user may take", "listen on %s: %w", addr, err)
	}
	return l, nil
}

// checkLoopback refuses every address by which another machine could reach the pages.
func checkLoopback(ctx context.Context, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return run.Invalid("LISTEN_ADDRESS is a host and PORT a number, such as 127.0.0.1 and 8080", "listen on %q: no such address", addr)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return run.Invalid("PORT is a number from 0 to 65535", "listen on %q: no such port", addr)
	}
	const hint = "set LISTEN_ADDRESS to 127.0.0.1, or leave it unset"
	if host == "" {
		return run.Invalid(hint, "listen on %s: no sign-in is configured, so the pages answer on this machine only", addr)
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return run.Invalid(hint, "listen on %s: %w", addr, err)
	}
	for _, ip := range ips {
		if !ip.Unmap().IsLoopback() {
			return run.Invalid(hint, "listen on %s: no sign-in is configured, so the pages answer on this machine only", addr)
		}
	}
	return nil
}

// Serve answers on l until ctx ends, then lets running requests finish and closes l. It returns nil after a clean stop.
func Serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	// What streams until its visitor leaves must hear of the end, or the server would wait for it.
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	stopping, end := context.WithCancel(base)
	base = context.WithValue(base, stoppingKey{}, stopping.Done())
	server := &http.Server{
		Handler:  h,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		// A client that sends or reads a little at a time would otherwise hold a connection for ever. There is no limit
		// on writing as a whole: a large download over a slow line is legitimate.
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return base },
	}
	server.RegisterOnShutdown(end)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve pages on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	err := server.Shutdown(grace)
	if err != nil {
		log.Warn("pages stopped with requests unfinished", "error", err)
		err = server.Close()
	}
	<-ended
	return err
}
