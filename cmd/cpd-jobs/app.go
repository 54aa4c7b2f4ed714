package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/term"

	"cpd-jobs/internal/alarm"
	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/config"
	"cpd-jobs/internal/log"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/trace"
	"cpd-jobs/jobs"
	"cpd-jobs/queue"
	"cpd-jobs/reports/store"
)

// Names of the databases on the embedded server.
const (
	productDatabase = "cpd_jobs"
	sourceDatabase  = "cpd_source"
)

// app is what commands share: settings, read when first needed, and connections, closed at the end.
type app struct {
	environ       []string
	schedulesFile string
	stdout        io.Writer
	stderr        io.Writer
	stopSignals   func()
	// quiet leaves all but errors out of the log: the command says itself what it does.
	quiet bool
	// slots are how many jobs of a queue run at once, where a worker is told so.
	slots map[string]int
	// beats are sent for the jobs of this process's worker.
	beats *alarm.Heartbeats

	cfg     *config.Config
	logger  *slog.Logger
	level   slog.LevelVar // the log's, which changes while it runs: see steerLog
	server  *pg.Server
	dataDir string
	opening sync.Mutex // guards pools: jobs and pages of one process open theirs at once
	pools   []*pgxpool.Pool
}

func newApp(environ []string, schedulesFile string, stdout, stderr io.Writer) *app {
	return &app{environ: environ, schedulesFile: schedulesFile, stdout: stdout, stderr: stderr}
}

// config reads the settings once.
func (a *app) config() (*config.Config, error) {
	if a.cfg != nil {
		return a.cfg, nil
	}
	c, err := config.Load(a.environ)
	if err != nil {
		return nil, err
	}
	a.cfg = &c
	return a.cfg, nil
}

// log is the program's own log, on standard error. Settings that cannot be read make it a plain one.
func (a *app) log() *slog.Logger {
	if a.logger != nil {
		return a.logger
	}
	o := log.Options{Terminal: isTerminal(a.stderr), Version: version()}
	if c, err := a.config(); err == nil {
		a.level.Set(c.Log.Level)
		if a.quiet && c.Log.Level <= slog.LevelInfo {
			a.level.Set(slog.LevelError)
		}
		o.Format, o.Level, o.Environment = c.Log.Format, &a.level, c.Environment
	}
	a.logger = log.New(a.stderr, o)
	return a.logger
}

// dir is where data on this machine lie, which is not always where they were asked to.
func (a *app) dir() (string, error) {
	if a.dataDir != "" {
		return a.dataDir, nil
	}
	c, err := a.config()
	if err != nil {
		return "", err
	}
	if c.Database != "" { // no server of ours needs to enter it
		a.dataDir = c.DataDir
		return a.dataDir, nil
	}
	dir, moved, err := pg.ResolveDir(c.DataDir)
	if err != nil {
		return "", err
	}
	if moved {
		fmt.Fprintf(a.stderr, "data are kept in %s: PostgreSQL's user may not enter %s\n", dir, c.DataDir)
	}
	a.dataDir = dir
	return dir, nil
}

// databaseURL is the product's database: the one that is configured, else one on the embedded server, which is started.
func (a *app) databaseURL(ctx context.Context) (string, error) {
	c, err := a.config()
	if err != nil {
		return "", err
	}
	if c.Database != "" {
		return c.Database.Reveal(), nil
	}
	server, err := a.embedded(ctx)
	if err != nil {
		return "", err
	}
	if _, err := server.EnsureDatabase(ctx, productDatabase); err != nil {
		return "", err
	}
	return server.URL(productDatabase), nil
}

// sourceURL is the CPD service's database: the one that is configured, else the demo's on the embedded server.
func (a *app) sourceURL(ctx context.Context) (string, error) {
	c, err := a.config()
	if err != nil {
		return "", err
	}
	if c.CPDDatabase != "" || c.Database != "" {
		return c.CPDDatabase.Reveal(), nil
	}
	server, err := a.embedded(ctx)
	if err != nil {
		return "", err
	}
	return server.URL(sourceDatabase), nil
}

func (a *app) embedded(ctx context.Context) (*pg.Server, error) {
	if a.server != nil {
		return a.server, nil
	}
	dir, err := a.dir()
	if err != nil {
		return nil, err
	}
	a.server, err = pg.Start(ctx, pg.Options{Dir: dir, Log: a.log()})
	return a.server, err
}

// pool connects to the product's database under a name that its sessions carry.
func (a *app) pool(ctx context.Context, name string, maxConns int32) (*pgxpool.Pool, error) {
	url, err := a.databaseURL(ctx)
	if err != nil {
		return nil, err
	}
	pool, err := pg.Open(ctx, url, pg.PoolOptions{App: name, MaxConns: maxConns})
	if err != nil {
		return nil, err
	}
	a.opening.Lock()
	defer a.opening.Unlock()
	a.pools = append(a.pools, pool)
	return pool, nil
}

// client connects as a person at a terminal who inserts and looks at jobs.
func (a *app) client(ctx context.Context) (*queue.Client, *pgxpool.Pool, error) {
	pool, err := a.pool(ctx, "cpd-jobs cli", 4)
	if err != nil {
		return nil, nil, err
	}
	if err := a.checkSchema(ctx, pool); err != nil {
		return nil, nil, err
	}
	kinds, err := a.kinds(ctx, pool)
	if err != nil {
		return nil, nil, err
	}
	client, err := queue.NewClient(pool, kinds, a.log())
	return client, pool, err
}

// kinds are all kinds of job, working on pool.
func (a *app) kinds(ctx context.Context, pool *pgxpool.Pool) ([]run.Kind, error) {
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	files, err := a.store()
	if err != nil {
		return nil, err
	}
	source, err := a.sourceURL(ctx)
	if err != nil {
		return nil, err
	}
	return jobs.All(jobs.Deps{
		DB: pool, SourceURL: source, Register: c.GIAS.Source.Reveal(), UpliftSource: c.UpliftSource.Reveal(),
		RegisterLogin: registerLogin(c),
		Store:         store.Metered(files), ExportPassphrase: c.ExportPassphrase.Reveal(), Contact: c.Contact,
		Version: version(), Now: clock.System,
	}), nil
}

// store is where exported files are.
func (a *app) store() (store.Store, error) {
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	dir := ""
	if c.ExportStore == "" {
		if dir, err = a.dir(); err != nil {
			return nil, err
		}
	}
	return store.Open(c.ExportStore.Reveal(), filepath.Join(dir, "exports"))
}

// close gives back what was opened; the last process out stops the embedded server.
func (a *app) close() error {
	for _, p := range a.pools {
		p.Close()
	}
	if a.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return a.server.Close(ctx)
}

// traced has what is asked for go on with the trace of whoever called this program, if there is one.
func (a *app) traced(ctx context.Context) context.Context {
	for _, variable := range a.environ {
		if name, value, _ := strings.Cut(variable, "="); name == trace.Variable {
			return trace.With(ctx, trace.Parse(value))
		}
	}
	return ctx
}

// person is who runs this command, for the record.
func person() string {
	name, host := "somebody", "somewhere"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if h, err := os.Hostname(); err == nil {
		host = h
	}
	return "person " + name + "@" + host
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
