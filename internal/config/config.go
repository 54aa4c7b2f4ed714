// Package config reads the program's settings: once, from the environment, every problem reported together. It knows
// what a setting may look like, not whether what it names can be reached; connecting is left to those who use it.
package config

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"

	"cpd-jobs/internal/run"
)

// Config is every setting of the program. Settings that are absent have a safe default.
type Config struct {
	// Database is the product's own; empty means the embedded server under DataDir.
	Database Address
	// CPDDatabase is the CPD service's database, a read replica in production; empty means cpd_sync cannot run.
	CPDDatabase Address
	GIAS        GIAS
	// SourceAllow are hosts, folders and networks, beside the configured ones, that jobs may be told to read from.
	SourceAllow []string
	// UpliftSource is the file, or https address, of the uplift files.
	UpliftSource Address
	// ExportStore is a folder or a bucket; empty means a folder under DataDir. Never empty on Cloud Foundry, whose
	// disks do not outlive the process.
	ExportStore Address
	// ExportPassphrase opens the files of reports with personal data; empty means that such files are not made.
	ExportPassphrase Secret
	// Contact is who answers questions about reports: an e-mail address or a web page.
	Contact string
	// DataDir is all that the program keeps on this machine.
	DataDir string
	// Schedules is a schedules file in place of the built-in one.
	Schedules string
	// Listen is the host and port of the pages.
	Listen string
	// PublicURL is where people find the pages, without a slash at the end; empty means http at Listen.
	PublicURL string
	OIDC      OIDC
	Log       Log
	// Webhook hears of failures, stale reports and recoveries.
	Webhook Secret
	// SecurityTxt is where people who found a weakness read what to do.
	SecurityTxt string
	// GoogleAnalytics is the measurement ID that pages are counted under, for people who agree; empty means that none are.
	GoogleAnalytics string
	// Runbooks is where the run books are, for messages to the webhook: an address, or the folder in the sources.
	Runbooks string
	// TrustedProxies are networks of proxies whose word on where a request comes from is taken.
	TrustedProxies []netip.Prefix
	// CloudFoundry is true where the platform is Cloud Foundry.
	CloudFoundry bool
	// Environment names the deployment in logs: the Cloud Foundry space, or "local".
	Environment string

	heartbeats map[string]Secret
}

// GIAS is where the school register comes from.
type GIAS struct {
	Source    Address
	User      string
	Password  Secret
	ExtractID string
}

// OIDC is how people sign in; its zero value means that there is no sign-in.
type OIDC struct {
	Issuer       string
	ClientID     string
	ClientSecret Secret
}

// Log is what the program says of itself, and how.
type Log struct {
	Format string // auto, text or json
	Level  slog.Level
}

// Load reads environ, which has the form of [os.Environ]. Its error is of class [run.ClassInvalid] and has one line for
// each problem, which begins with the variable's name.
func Load(environ []string) (Config, error) {
	r := newReader(environ)
	c := Config{
		Database:         r.database("DATABASE_URL"),
		CPDDatabase:      r.database("CPD_DATABASE_URL"),
		GIAS:             r.gias(),
		UpliftSource:     r.source("UPLIFT_SOURCE", "https"),
		SourceAllow:      r.allowed("SOURCE_ALLOW"),
		ExportStore:      r.source("EXPORT_STORE_URL", "file", "s3"),
		ExportPassphrase: r.passphrase("EXPORT_PASSPHRASE"),
		Contact:          r.contact("CONTACT"),
		DataDir:          r.text("CPD_JOBS_DATA_DIR"),
		Schedules:        r.text("CPD_JOBS_SCHEDULES"),
		Listen:           net.JoinHostPort(r.host("LISTEN_ADDRESS"), r.port("PORT")),
		PublicURL:        strings.TrimRight(r.webAddress("PUBLIC_URL"), "/"),
		OIDC:             r.oidc(),
		Log:              Log{Format: r.oneOf("LOG_FORMAT", "auto", "text", "json"), Level: r.level("LOG_LEVEL")},
		Webhook:          Secret(r.webAddress("WEBHOOK_URL")),
		SecurityTxt:      r.webAddress("SECURITY_TXT_URL"),
		GoogleAnalytics:  r.measurementID("GOOGLE_ANALYTICS_ID"),
		Runbooks:         r.text("RUNBOOKS_URL"),
		TrustedProxies:   r.networks("TRUSTED_PROXIES"),
		CloudFoundry:     r.platform != nil,
		Environment:      r.environment(),
		heartbeats:       r.heartbeats(),
	}
	r.checkPlatform(c)
	return c, errors.Join(r.problems...)
}

// Heartbeat is the address to call after each success of a schedule, "" if there is none.
func (c Config) Heartbeat(schedule string) Secret {
	return c.heartbeats[heartbeatVariable(schedule)]
}

// HeartbeatsWithout lists the heartbeat variables that belong to none of the schedules: most likely misspelt.
func (c Config) HeartbeatsWithout(schedules []string) []string {
	known := map[string]bool{}
	for _, s := range schedules {
		known[heartbeatVariable(s)] = true
	}
	var strays []string
	for name := range c.heartbeats {
		if !known[name] {
			strays = append(strays, name)
		}
	}
	return strays
}

// SignIn says whether people must sign in.
func (c Config) SignIn() bool { return c.OIDC.Issuer != "" }

func (r *reader) gias() GIAS {
	g := GIAS{
		Source:    r.source("GIAS_SOURCE", "https", "soap+https", "soap+http"),
		User:      r.text("GIAS_API_USER"),
		Password:  Secret(r.text("GIAS_API_PASSWORD")),
		ExtractID: r.text("GIAS_EXTRACT_ID"),
	}
	if strings.HasPrefix(string(g.Source), "soap+") {
		r.require("GIAS_SOURCE is the register's SOAP service", "GIAS_API_USER", "GIAS_API_PASSWORD", "GIAS_EXTRACT_ID")
	}
	return g
}

func (r *reader) oidc() OIDC {
	o := OIDC{
		Issuer:       r.webAddress("OIDC_ISSUER"),
		ClientID:     r.text("OIDC_CLIENT_ID"),
		ClientSecret: Secret(r.text("OIDC_CLIENT_SECRET")),
	}
	if o != (OIDC{}) {
		r.require("sign-in is configured", "OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "PUBLIC_URL")
	}
	return o
}

// checkPlatform refuses to keep data on a disk that the platform throws away.
func (r *reader) checkPlatform(c Config) {
	if !c.CloudFoundry {
		return
	}
	if c.Database == "" && !r.blamed["DATABASE_URL"] {
		r.problem("DATABASE_URL", "bind a PostgreSQL service or set it", "is needed on Cloud Foundry, whose disks are not kept")
	}
	if c.ExportStore == "" && !r.blamed["EXPORT_STORE_URL"] {
		r.problem("EXPORT_STORE_URL", "bind a bucket or set it", "is needed on Cloud Foundry, whose disks are not kept")
	}
}

// problem notes what is wrong with a variable. Values stay out of it: they may be secret.
func (r *reader) problem(name, hint, format string, args ...any) {
	r.blamed[name] = true
	r.problems = append(r.problems, run.Invalid(hint, name+" "+format, args...))
}
