package main

import (
	"context"
	"errors"
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

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/config"
	"cpd-jobs/internal/log"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
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

// console is what every command has. Each command takes the least of console, app and session that it needs; the
// parser makes the one that it takes.
type console struct {
	environ        []string
	schedulesFile  string // of the flag, else of the environment; "" is the built-in one
	stdout, stderr io.Writer
	stopSignals    func()

	settings    config.Config
	settingsErr error // what is wrong with the settings, where a command can do without them
	log         *slog.Logger
	level       *slog.LevelVar // the log's, which changes while it runs: see steerLog

	closing sync.Mutex // guards the rest: jobs and pages of one process open theirs at once
	pools   []*pgxpool.Pool
	server  *pg.Server // the embedded one, once it is started
}

// newConsole reads the settings. Where they are wrong, the log is a plain one.
func newConsole(environ []string, schedulesFile string, stdout, stderr io.Writer) *console {
	k := &console{environ: environ, schedulesFile: schedulesFile, stdout: stdout, stderr: stderr, level: &slog.LevelVar{}}
	k.settings, k.settingsErr = config.Load(environ)
	o := log.Options{Terminal: isTerminal(stderr), Version: version(), Level: k.level}
	if k.settingsErr == nil {
		k.level.Set(k.settings.Log.Level)
		o.Format, o.Environment = k.settings.Log.Format, k.settings.Environment
	}
	k.log = log.New(stderr, o)
	return k
}

// hush leaves all but errors out of the log: the command says itself what it does.
func (k *console) hush() {
	if l := k.level.Level(); l <= slog.LevelInfo && l >= slog.LevelDebug {
		k.level.Set(slog.LevelError)
	}
}

// dataDir is where data on this machine are, which is not always where the settings say.
func (k *console) dataDir() (string, error) {
	if k.settings.Database != "" { // no server of ours has to enter it
		return k.settings.DataDir, nil
	}
	dir, moved, err := pg.ResolveDir(k.settings.DataDir)
	if moved {
		fmt.Fprintf(k.stderr, "data are kept in %s: PostgreSQL's user may not enter %s\n", dir, k.settings.DataDir)
	}
	return dir, err
}

// close gives back what was opened; the last process out stops the embedded server.
func (k *console) close() error {
	for _, p := range k.pools {
		p.Close()
	}
	if k.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return k.server.Close(ctx)
}

// app is a console with good settings and databases to connect to.
type app struct {
	*console
	dir         string // where data on this machine are
	databaseURL string // the product's database
	sourceURL   string // the CPD service's database, "" where none is configured
}

// newApp starts the embedded server where no database is configured.
func newApp(ctx context.Context, k *console) (*app, error) {
	if k.settingsErr != nil {
		return nil, k.settingsErr
	}
	dir, err := k.dataDir()
	if err != nil {
		return nil, err
	}
	a := &app{console: k, dir: dir, databaseURL: k.settings.Database.Reveal(), sourceURL: k.settings.CPDDatabase.Reveal()}
	if a.databaseURL != "" {
		return a, nil
	}
	if k.server, err = pg.Start(ctx, pg.Options{Dir: dir, Log: k.log}); err != nil {
		return nil, err
	}
	if _, err := k.server.EnsureDatabase(ctx, productDatabase); err != nil {
		return nil, err
	}
	a.databaseURL = k.server.URL(productDatabase)
	if a.sourceURL == "" {
		a.sourceURL = k.server.URL(sourceDatabase)
	}
	return a, nil
}

// open connects to the product's database under a name that its sessions carry.
func (a *app) open(ctx context.Context, name string, maxConns int32) (*pgxpool.Pool, error) {
	pool, err := pg.Open(ctx, a.databaseURL, pg.PoolOptions{App: name, MaxConns: maxConns})
	if err != nil {
		return nil, err
	}
	a.closing.Lock()
	defer a.closing.Unlock()
	a.pools = append(a.pools, pool)
	return pool, nil
}

// session is an app that is connected to a database whose tables are those of this program.
type session struct {
	*app
	pool   *pgxpool.Pool
	files  store.Store // of exports
	kinds  []run.Kind
	client *queue.Client
}

// newSession connects as a person at a terminal who inserts jobs and looks at them.
func newSession(ctx context.Context, k *console) (*session, error) {
	a, err := newApp(ctx, k)
	if err != nil {
		return nil, err
	}
	pool, err := a.open(ctx, "cpd-jobs cli", 4)
	if err != nil {
		return nil, err
	}
	return a.session(ctx, pool)
}

// session makes a session of a pool, once the schema is right.
func (a *app) session(ctx context.Context, pool *pgxpool.Pool) (*session, error) {
	if err := a.checkSchema(ctx, pool); err != nil {
		return nil, err
	}
	files, err := a.store()
	if err != nil {
		return nil, err
	}
	allow, err := a.allowed()
	if err != nil {
		return nil, err
	}
	s := &session{app: a, pool: pool, files: files, kinds: a.kinds(pool, files, &allow)}
	s.client, err = queue.NewClient(pool, s.kinds, a.log)
	return s, err
}

// store is where exported files are.
func (a *app) store() (store.Store, error) {
	return store.Open(a.settings.ExportStore.Reveal(), filepath.Join(a.dir, "exports"))
}

// exportFolder is the folder of exported files, "" where they are in a bucket.
func (k *console) exportFolder(dataDir string) string {
	switch at := k.settings.ExportStore.Reveal(); {
	case at == "":
		return filepath.Join(dataDir, "exports")
	case strings.HasPrefix(at, "file://"):
		return strings.TrimPrefix(at, "file://")
	case strings.Contains(at, "://"):
		return ""
	default:
		return at
	}
}

// allowed is where jobs may be told to read from: hosts and folders of the settings, and files at a terminal's word as
// long as SOURCE_ALLOW does not say which.
func (a *app) allowed() (source.Allowed, error) {
	g := a.settings
	entries := []string{source.HostOf(g.GIAS.Source.Reveal()), source.HostOf(g.UpliftSource.Reveal()), filepath.Join(a.dir, "demo")}
	allow, err := source.NewAllowed(append(entries, g.SourceAllow...)...)
	allow.AnyPath = len(g.SourceAllow) == 0
	return allow, err
}

// kinds are all kinds of job, working on pool and reading from where allow says; nil: from anywhere.
func (a *app) kinds(pool *pgxpool.Pool, files store.Store, allow *source.Allowed) []run.Kind {
	return jobs.All(jobs.Deps{
		DB: pool, Allow: allow, SourceURL: a.sourceURL, Register: a.settings.GIAS.Source.Reveal(), UpliftSource: a.settings.UpliftSource.Reveal(),
		RegisterLogin: a.registerLogin(),
		Store:         store.Metered(files), ExportPassphrase: a.settings.ExportPassphrase.Reveal(), Contact: a.settings.Contact,
		Version: version(), Now: clock.System,
	})
}

func (k *console) registerLogin() source.Credentials {
	g := k.settings.GIAS
	return source.Credentials{Source: g.Source.Reveal(), User: g.User, Password: g.Password.Reveal(), ExtractID: g.ExtractID}
}

// traced continues the trace of the program that called this one, if there is one.
func (k *console) traced(ctx context.Context) context.Context {
	for _, variable := range k.environ {
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

// explain prints an error as one line for a person and returns the exit status.
func (k *console) explain(err error) int {
	var silent *exitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &silent):
		return silent.code
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(k.stderr, "cpd-jobs: interrupted; nothing is half done, the same command goes on from here")
		return 1
	}
	fmt.Fprintf(k.stderr, "cpd-jobs: %s\n", err)
	if errors.Is(err, errUsage) {
		return 2
	}
	return run.ExitStatus(err)
}

// exitStatus ends the program with a status after everything has been said.
type exitStatus struct{ code int }

func (e *exitStatus) Error() string { return fmt.Sprintf("exit status %d", e.code) }
