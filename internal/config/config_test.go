package config

import (
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cpd-jobs/internal/run"
)

func TestNothingSetIsSafe(t *testing.T) {
	t.Parallel()
	got, err := Load([]string{"HOME=/home/ann", "LOG_LEVEL= ", "PORT="})
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	want := Config{
		DataDir:     ".data",
		Listen:      "127.0.0.1:8080",
		Log:         Log{Format: "auto", Level: slog.LevelInfo},
		Environment: "local",
		Runbooks:    "docs/runbooks",
		SecurityTxt: "https://vdp.cabinetoffice.gov.uk/.well-known/security.txt",
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Config{})); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
	if got.SignIn() || got.Heartbeat("register") != "" {
		t.Errorf("sign-in %t, heartbeat %q; want neither", got.SignIn(), got.Heartbeat("register"))
	}
}

func TestEverySettingIsRead(t *testing.T) {
	t.Parallel()
	got, err := Load([]string{
		"DATABASE_URL=postgres://jobs:pw@db.example.org/jobs",
		"CPD_DATABASE_URL=host=replica.example.org user=jobs password=pw dbname=cpd",
		"GIAS_SOURCE=soap+https://register.example.org/extract",
		"GIAS_API_USER=ann", "GIAS_API_PASSWORD=pw", "GIAS_EXTRACT_ID=13904",
		"UPLIFT_SOURCE=uplifts/2021.csv", "SOURCE_ALLOW=https://files.example.org,/srv/registers,10.0.0.0/8",
		"EXPORT_STORE_URL=s3://key:pw@s3.example.org/exports",
		"CPD_JOBS_DATA_DIR=/srv/cpd-jobs", "CPD_JOBS_SCHEDULES=my.yml",
		"LISTEN_ADDRESS=::1", "PORT=0", "PUBLIC_URL=https://reports.example.org/",
		"OIDC_ISSUER=https://login.example.org", "OIDC_CLIENT_ID=reports", "OIDC_CLIENT_SECRET=pw",
		"LOG_FORMAT=JSON", "LOG_LEVEL=debug",
		"WEBHOOK_URL=https://chat.example.org/hook/abc", "RUNBOOKS_URL=https://runbooks.example.org", "SECURITY_TXT_URL=https://www.example.org/security.txt",
		"TRUSTED_PROXIES=10.0.0.0/8, 192.0.2.1",
		"HEARTBEAT_URL_REGISTER_NIGHTLY=https://push.example.org/?key=abc",
		"HEARTBEAT_URL_REGISTRE=https://push.example.org/?key=def",
	})
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	want := Config{
		Database:    "postgres://jobs:pw@db.example.org/jobs",
		CPDDatabase: "host=replica.example.org user=jobs password=pw dbname=cpd",
		GIAS: GIAS{
			Source: "soap+https://register.example.org/extract", User: "ann", Password: "pw", ExtractID: "13904",
		},
		UpliftSource:   "uplifts/2021.csv",
		SourceAllow:    []string{"https://files.example.org", "/srv/registers", "10.0.0.0/8"},
		ExportStore:    "s3://key:pw@s3.example.org/exports",
		DataDir:        "/srv/cpd-jobs",
		Schedules:      "my.yml",
		Listen:         "[::1]:0",
		PublicURL:      "https://reports.example.org",
		OIDC:           OIDC{Issuer: "https://login.example.org", ClientID: "reports", ClientSecret: "pw"},
		Log:            Log{Format: "json", Level: slog.LevelDebug},
		Webhook:        "https://chat.example.org/hook/abc",
		Runbooks:       "https://runbooks.example.org",
		SecurityTxt:    "https://www.example.org/security.txt",
		Environment:    "local",
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32")},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Config{}), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if beat := got.Heartbeat("register-nightly").Reveal(); beat != "https://push.example.org/?key=abc" {
		t.Errorf("heartbeat of register-nightly = %q", beat)
	}
	strays := got.HeartbeatsWithout([]string{"register-nightly", "uplifts"})
	if diff := cmp.Diff([]string{"HEARTBEAT_URL_REGISTRE"}, strays); diff != "" {
		t.Errorf("heartbeats without a schedule (-want +got):\n%s", diff)
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Load([]string{
		"DATABASE_URL=postgres://jobs:hunter2@db:port/jobs",
		"CPD_DATABASE_URL=postgres://jobs:hunter2@db/cpd?sslmode=maybe",
		"GIAS_SOURCE=soap+http://register.example.org/extract",
		"GIAS_API_USER=ann",
		"UPLIFT_SOURCE=ftp://files.example.org/2021.csv",
		"EXPORT_STORE_URL=https://files.example.org/exports",
		"LISTEN_ADDRESS=127.0.0.1:9000",
		"PORT=http",
		"PUBLIC_URL=http://reports.example.org",
		"OIDC_CLIENT_SECRET=hunter2",
		"LOG_FORMAT=xml",
		"LOG_LEVEL=loud",
		"WEBHOOK_URL=hunter2",
		"HEARTBEAT_URL_B=hunter2",
		"HEARTBEAT_URL_A=hunter2",
	})
	if class := run.ClassOf(err); class != run.ClassInvalid {
		t.Errorf("class = %q, want %q", class, run.ClassInvalid)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a secret is in the error:\n%v", err)
	}
	want := []string{
		`DATABASE_URL is no PostgreSQL connection string; write postgres://USER:PASSWORD@HOST:5432/DATABASE, with special characters in the password as %XX`,
		`CPD_DATABASE_URL is no PostgreSQL connection string (sslmode is invalid); write postgres://USER:PASSWORD@HOST:5432/DATABASE, with special characters in the password as %XX`,
		`GIAS_SOURCE is not encrypted; use soap+https, plain soap+http leads to this machine only`,
		`GIAS_API_PASSWORD is needed because GIAS_SOURCE is the register's SOAP service; set it`,
		`GIAS_EXTRACT_ID is needed because GIAS_SOURCE is the register's SOAP service; set it`,
		`UPLIFT_SOURCE has the scheme ftp; use a path or one of https`,
		`EXPORT_STORE_URL has the scheme https; use a path or one of file, s3`,
		`LISTEN_ADDRESS is "127.0.0.1:9000"; use an address such as 127.0.0.1 or 0.0.0.0; the port goes into PORT`,
		`PORT is "http"; use a number from 1 to 65535, or 0 for any free port`,
		`PUBLIC_URL is not encrypted; use https, plain http leads to this machine only`,
		`OIDC_ISSUER is needed because sign-in is configured; set it`,
		`OIDC_CLIENT_ID is needed because sign-in is configured; set it`,
		`LOG_FORMAT is "xml"; use one of auto, text, json`,
		`LOG_LEVEL is "loud"; use one of debug, info, warn, error`,
		`WEBHOOK_URL is no web address; write https://HOST/...`,
		`HEARTBEAT_URL_A is no web address; write https://HOST/...`,
		`HEARTBEAT_URL_B is no web address; write https://HOST/...`,
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	tests := []struct {
		source  string
		problem string // part of it; "" if the source is fine
	}{
		{"register.csv.gz", ""},
		{"/srv/register", ""},
		{"https://files.example.org/register.zip", ""},
		{"http://127.0.0.1:9000/register.zip", ""},
		{"http://localhost/register.zip", ""},
		{"http://files.example.org/register.zip", "not encrypted; use https"},
		{"https:///register.zip", "names no host"},
		{"https://files.example.org:x/", "no proper URL"},
		{"gopher://files.example.org/", "has the scheme gopher"},
	}
	for _, test := range tests {
		t.Run(test.source, func(t *testing.T) {
			t.Parallel()
			_, err := Load([]string{"GIAS_SOURCE=" + test.source})
			if test.problem == "" && err != nil {
				t.Errorf("Load: %v", err)
			}
			if test.problem != "" && (err == nil || !strings.Contains(err.Error(), test.problem)) {
				t.Errorf("got %v, want a problem that says %q", err, test.problem)
			}
		})
	}
}

func FuzzNoPasswordInProblems(f *testing.F) {
	f.Add("postgres://jobs:", "@db:1x/jobs")
	f.Add("host=db password=", " port=x")
	f.Add("postgres://", ":@[::1/jobs")
	const password = "correcthorse"
	f.Fuzz(func(t *testing.T, before, after string) {
		if strings.ContainsRune(before+after, 0) {
			t.Skip("no environment holds NUL")
		}
		_, err := Load([]string{"DATABASE_URL=" + before + password + after})
		var failure *run.Failure
		if err != nil && (!errors.As(err, &failure) || strings.Contains(err.Error(), ":"+password+"@")) {
			t.Errorf("problem = %v", err)
		}
	})
}
